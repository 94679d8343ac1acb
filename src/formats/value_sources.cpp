#include "formats/value_sources.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <numbers>

namespace polis {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string_view strip(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Airmass at an altitude above the horizon (Pickering 2002).
double airmass_at(double altitude_deg) {
  if (!(altitude_deg > 0.0 && altitude_deg <= 90.0)) return kNan;
  const double bent = altitude_deg + 244.0 / (165.0 + 47.0 * std::pow(altitude_deg, 1.1));
  return 1.0 / std::sin(bent * std::numbers::pi / 180.0);
}

struct Conversion {
  std::string_view name;
  bool takes_argument;
  double (*apply)(double value, double argument);
};

constexpr std::array<Conversion, 14> kConversions{{
    {"times", true, [](double v, double a) { return v * a; }},
    {"plus", true, [](double v, double a) { return v + a; }},
    {"negate", false, [](double v, double) { return -v; }},
    {"inverse", false, [](double v, double) { return v != 0.0 ? 1.0 / v : kNan; }},
    {"kelvin", false, [](double v, double) { return v > 0.0 ? v - 273.15 : kNan; }},
    {"fahrenheit", false, [](double v, double) { return (v - 32.0) / 1.8; }},
    {"milliseconds", false, [](double v, double) { return v / 1000.0; }},
    {"minutes", false, [](double v, double) { return v * 60.0; }},
    {"hours", false, [](double v, double) { return v * 15.0; }},
    {"radians", false, [](double v, double) { return v * 180.0 / std::numbers::pi; }},
    {"degrees", false, [](double v, double) { return v; }},
    {"jd", false, [](double v, double) { return v - 2400000.5; }},
    {"altitude", false, [](double v, double) { return airmass_at(v); }},
    {"zenith_distance", false, [](double v, double) { return airmass_at(90.0 - v); }},
}};

/// "times(2.5)" -> the row of the table and 2.5.
const Conversion* find_conversion(std::string_view text, double& argument) {
  const std::size_t open = text.find('(');
  const std::string_view name = text.substr(0, open);
  const auto found = std::find_if(kConversions.begin(), kConversions.end(),
                                  [&](const Conversion& c) { return c.name == name; });
  if (found == kConversions.end() || found->takes_argument != (open != std::string_view::npos))
    return nullptr;
  if (found->takes_argument) {
    if (!text.ends_with(')')) return nullptr;
    const std::optional<double> number = to_number(text.substr(open + 1, text.size() - open - 2));
    if (!number) return nullptr;
    argument = *number;
  }
  return &*found;
}

/// Cuts at `separator` where it stands outside quotes, brackets and parentheses.
std::vector<std::string_view> cut(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\'') quoted = !quoted;
    if (quoted) continue;
    if (c == '[' || c == '(') ++depth;
    if (c == ']' || c == ')') --depth;
    if (c == separator && depth == 0) {
      parts.push_back(strip(text.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  parts.push_back(strip(text.substr(begin)));
  return parts;
}

bool parse_literal(std::string_view text, ValueSource& source) {
  if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') {
    source.text = text.substr(1, text.size() - 2);
  } else if ((text.front() == '[' && text.back() == ']') || to_number(text)) {
    source.text = text;
  } else {
    return false;
  }
  source.literal = true;
  return true;
}

bool is_keyword(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == ' ' || c == '@';
  });
}

std::optional<std::string> keyword_text(const HeaderContext& context, std::string_view keyword) {
  if (keyword == "@file") return context.file_stem;
  if (keyword == "@hdu") return std::to_string(context.hdu);
  for (const FitsHeader* header : {context.header, context.primary}) {
    if (header == nullptr) continue;
    const std::optional<std::string> text = header->text(keyword);
    if (text && !strip(*text).empty()) return std::string(strip(*text));
  }
  return std::nullopt;
}

std::optional<std::string> source_text(const ValueSource& source, const HeaderContext& context) {
  if (source.literal) return source.text;
  std::optional<std::string> text = keyword_text(context, source.text);
  for (const std::string& more : source.joined) {
    const std::optional<std::string> next = keyword_text(context, more);
    if (!text || !next) return std::nullopt;
    text = *text + "T" + *next;
  }
  return text;
}

}  // namespace

bool parse_sources(std::string_view text, ValueSources& sources, std::string& why) {
  for (const std::string_view part : cut(text, ',')) {
    if (part.empty()) {
      why = "nothing stands between two commas";
      return false;
    }
    ValueSource source;
    if (!parse_literal(part, source)) {
      const std::vector<std::string_view> pieces = cut(part, ':');
      const std::vector<std::string_view> keywords = cut(pieces.front(), '&');
      for (const std::string_view keyword : keywords) {
        if (is_keyword(keyword)) continue;
        why = "'" + std::string(keyword) +
              "' is neither a keyword, a number, a [section] nor a quoted text";
        return false;
      }
      source.text = keywords.front();
      source.joined.assign(keywords.begin() + 1, keywords.end());
      for (std::size_t i = 1; i < pieces.size(); ++i) {
        if (!is_conversion(pieces[i])) {
          why = "no conversion '" + std::string(pieces[i]) + "'; there are: " + conversion_names();
          return false;
        }
        source.conversions.emplace_back(pieces[i]);
      }
    }
    sources.push_back(std::move(source));
  }
  return true;
}

std::string to_text(const ValueSource& source) {
  std::string text = source.text;
  for (const std::string& more : source.joined) text += " & " + more;
  for (const std::string& conversion : source.conversions) text += ":" + conversion;
  return text;
}

std::string to_text(const ValueSources& sources) {
  std::string text;
  for (const ValueSource& source : sources)
    text.append(text.empty() ? "" : ", ").append(to_text(source));
  return text;
}

std::optional<FoundValue> find_value(const ValueSources& sources, const HeaderContext& context) {
  for (const ValueSource& source : sources) {
    if (std::optional<std::string> text = source_text(source, context))
      return FoundValue{std::move(*text), &source};
  }
  return std::nullopt;
}

bool is_sexagesimal(std::string_view text) {
  return strip(text).find_first_of(": ") != std::string_view::npos;
}

std::optional<double> to_number(std::string_view text) {
  std::string clean(strip(text));
  std::replace(clean.begin(), clean.end(), 'D', 'E');
  for (char& c : clean) c = c == ':' ? ' ' : c;
  const bool negative = clean.starts_with('-');
  std::string_view rest = clean;
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  double value = 0.0;
  double weight = 1.0;
  int parts = 0;
  for (rest = strip(rest); !rest.empty(); rest = strip(rest)) {
    double part = 0.0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), part);
    const bool sign_inside = parts > 0 && part < 0.0;
    if (error != std::errc() || !std::isfinite(part) || sign_inside || ++parts > 3)
      return std::nullopt;
    value += part * weight;
    weight /= 60.0;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (!rest.empty() && rest.front() != ' ') return std::nullopt;
  }
  if (parts == 0) return std::nullopt;
  return negative ? -value : value;
}

bool is_conversion(std::string_view name) {
  double argument = 0.0;
  return find_conversion(name, argument) != nullptr;
}

double convert(double value, const std::vector<std::string>& conversions) {
  for (const std::string& name : conversions) {
    double argument = 0.0;
    const Conversion* conversion = find_conversion(name, argument);
    value = conversion != nullptr ? conversion->apply(value, argument) : kNan;
  }
  return value;
}

std::string conversion_names() {
  std::string names;
  for (const Conversion& conversion : kConversions) {
    names.append(names.empty() ? "" : ", ")
        .append(conversion.name)
        .append(conversion.takes_argument ? "(x)" : "");
  }
  return names;
}

}  // namespace polis
