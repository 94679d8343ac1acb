#include "formats/detector_layout.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/error.h"

namespace polis {
namespace {

constexpr int kMostSide = 1 << 20;  // of a trimmed image [px]

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot lay out the detector", why,
              "check data and overscan in the instrument file");
}

Section section_from(const ValueSources& sources, const HeaderContext& context,
                     const Exposure& exposure, const std::string& what, Section standard) {
  const std::optional<FoundValue> found = find_value(sources, context);
  if (!found) return standard;
  const std::optional<Section> section =
      parse_section(found->text, exposure.raw_width, exposure.raw_height);
  if (!section) {
    refuse(what + " is '" + found->text.substr(0, 60) +
           "', no [x1:x2,y1:y2] that lies in the image of " + std::to_string(exposure.raw_width) +
           " x " + std::to_string(exposure.raw_height));
  }
  return *section;
}

double number_from(const ValueSources& sources, const HeaderContext& context,
                   const std::string& what, double standard, std::vector<std::string>& caveats) {
  const std::optional<FoundValue> found = find_value(sources, context);
  const std::optional<double> number = found ? to_number(found->text) : std::nullopt;
  const double value = number ? convert(*number, found->source->conversions) : kUnknown;
  if (value > 0.0 || (value == 0.0 && standard == 0.0)) return value;
  caveats.push_back("instrument: " + what + " is unknown, taken as " +
                    (standard == 0.0 ? "0" : "1"));
  return standard;
}

/// Where each distinct start of the data sections lands when the gaps between them close.
std::map<int, int> closed_up(const std::vector<Amplifier>& amplifiers, int Section::*start,
                             int Section::*length) {
  std::map<int, int> lengths;
  for (const Amplifier& amplifier : amplifiers) {
    int& longest = lengths[amplifier.data.*start];
    longest = std::max(longest, amplifier.data.*length);
  }
  std::map<int, int> places;
  int at = 0;
  for (const auto& [first, size] : lengths) {
    places[first] = at;
    at += size;
  }
  return places;
}

void place_amplifiers(const std::vector<AmplifierRule>& rules, const HeaderContext& context,
                      Exposure& exposure) {
  const std::map<int, int> columns = closed_up(exposure.amplifiers, &Section::x0, &Section::width);
  const std::map<int, int> rows = closed_up(exposure.amplifiers, &Section::y0, &Section::height);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    Amplifier& amplifier = exposure.amplifiers[i];
    amplifier.origin = {static_cast<double>(columns.at(amplifier.data.x0)),
                        static_cast<double>(rows.at(amplifier.data.y0))};
    if (const auto found = find_value(rules[i].origin, context)) {
      const std::optional<Section> origin = parse_section(found->text, kMostSide, kMostSide);
      if (!origin) refuse("origin of amplifier " + rules[i].name + " is no [x1:x2,y1:y2]");
      amplifier.origin = {static_cast<double>(origin->x0), static_cast<double>(origin->y0)};
    }
    exposure.width =
        std::max(exposure.width, static_cast<int>(amplifier.origin.x) + amplifier.data.width);
    exposure.height =
        std::max(exposure.height, static_cast<int>(amplifier.origin.y) + amplifier.data.height);
  }
}

/// The four numbers of [x1:x2,y1:y2].
std::optional<std::array<int, 4>> section_numbers(std::string_view text) {
  std::array<int, 4> v{};
  std::string clean;
  for (const char c : text) {
    if (c != ' ') clean += c;
  }
  const char* at = clean.data();
  const char* const end = clean.data() + clean.size();
  constexpr std::string_view before = "[:,:";
  for (std::size_t i = 0; i < 4; ++i) {
    if (at == end || *at != before[i]) return std::nullopt;
    const auto [next, error] = std::from_chars(at + 1, end, v.at(i));
    if (error != std::errc()) return std::nullopt;
    at = next;
  }
  if (at + 1 != end || *at != ']') return std::nullopt;
  return v;
}

Section section_between(std::array<int, 4> v) {
  if (v[0] > v[1]) std::swap(v[0], v[1]);
  if (v[2] > v[3]) std::swap(v[2], v[3]);
  return {v[0] - 1, v[2] - 1, v[1] - v[0] + 1, v[3] - v[2] + 1};
}

}  // namespace

void check_cover(const Exposure& exposure) {
  long long covered = 0;
  for (std::size_t i = 0; i < exposure.amplifiers.size(); ++i) {
    const Amplifier& a = exposure.amplifiers[i];
    covered += static_cast<long long>(a.data.width) * a.data.height;
    for (std::size_t j = 0; j < i; ++j) {
      const Amplifier& b = exposure.amplifiers[j];
      const bool apart =
          a.origin.x + a.data.width <= b.origin.x || b.origin.x + b.data.width <= a.origin.x ||
          a.origin.y + a.data.height <= b.origin.y || b.origin.y + b.data.height <= a.origin.y;
      if (!apart) refuse("two amplifiers fill the same pixels");
    }
  }
  if (covered != static_cast<long long>(exposure.width) * exposure.height)
    refuse("the amplifiers leave gaps in the image");
}

std::optional<Section> parse_section(std::string_view text, int width, int height) {
  std::optional<std::array<int, 4>> numbers = section_numbers(text);
  if (!numbers) return std::nullopt;
  std::array<int, 4>& v = *numbers;
  for (std::size_t i = 0; i < 4; ++i) {
    const int side = i < 2 ? width : height;
    if (v.at(i) == 0 || v.at(i) > side || v.at(i) < -side) return std::nullopt;
    if (v.at(i) < 0) v.at(i) += side + 1;
  }
  return section_between(v);
}

std::optional<Section> parse_section(std::string_view text, SectionDirection& direction) {
  const std::optional<std::array<int, 4>> numbers = section_numbers(text);
  if (!numbers || !std::all_of(numbers->begin(), numbers->end(),
                               [](int n) { return n > 0 && n <= kMostSide; })) {
    return std::nullopt;
  }
  direction = {numbers->at(0) > numbers->at(1), numbers->at(2) > numbers->at(3)};
  return section_between(*numbers);
}

void lay_out_detector(const std::vector<AmplifierRule>& rules, const HeaderContext& context,
                      Exposure& exposure) {
  const Section whole{0, 0, exposure.raw_width, exposure.raw_height};
  for (const AmplifierRule& rule : rules) {
    Amplifier amplifier;
    amplifier.data =
        section_from(rule.data, context, exposure, "data of amplifier " + rule.name, whole);
    amplifier.overscan =
        section_from(rule.overscan, context, exposure, "overscan of amplifier " + rule.name, {});
    amplifier.gain_e_per_adu =
        number_from(rule.gain_e_per_adu, context, "gain of amplifier " + rule.name + " [e/ADU]",
                    1.0, exposure.caveats);
    amplifier.read_noise_e =
        number_from(rule.read_noise_e, context, "read noise of amplifier " + rule.name + " [e]",
                    0.0, exposure.caveats);
    exposure.amplifiers.push_back(amplifier);
  }
  place_amplifiers(rules, context, exposure);
  check_cover(exposure);
}

}  // namespace polis
