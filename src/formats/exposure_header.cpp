#include "formats/exposure_header.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "formats/instrument_file.h"
#include "formats/observation_time.h"
#include "sky/time.h"

namespace polis {
namespace {

constexpr double kSecondsPerDay = 86400.0;
constexpr std::size_t kMaxValueText = 256;  // longer texts are no names, and slow to match

/// A number of Exposure with the range in which it means something.
struct NumberRule {
  const char* name;
  double Exposure::*member;
  double least, most;
};
constexpr std::array<NumberRule, 11> kNumbers{
    {{"exposure_time_s", &Exposure::exposure_time_s, 0.0, 1e6},
     {"temperature_c", &Exposure::temperature_c, -273.15, 200.0},
     {"tracking_ra_deg", &Exposure::tracking_ra_deg, 0.0, 360.0},
     {"tracking_dec_deg", &Exposure::tracking_dec_deg, -90.0, 90.0},
     {"airmass", &Exposure::airmass, 0.99, 50.0},
     {"latitude_deg", &Exposure::latitude_deg, -90.0, 90.0},
     {"longitude_deg", &Exposure::longitude_deg, -360.0, 360.0},
     {"altitude_m", &Exposure::altitude_m, -500.0, 1e7},
     {"pixel_scale_arcsec", &Exposure::pixel_scale_arcsec, 1e-6, 1e5},
     {"saturation_adu", &Exposure::saturation_adu, 1e-6, 1e12},
     {"nonlinear_adu", &Exposure::nonlinear_adu, 1e-6, 1e12}}};

class Reader {
 public:
  Reader(const Instrument& instrument, const HeaderContext& context, Exposure& exposure,
         std::vector<MemberTrace>& traces)
      : instrument_(instrument), context_(context), exposure_(exposure), traces_(traces) {}

  void read() {
    exposure_.instrument = instrument_.name;
    exposure_.linearity = instrument_.linearity;
    exposure_.exposure_id = text("exposure_id").value_or(context_.file_stem);
    exposure_.site = text("site").value_or("");
    exposure_.object = text("object").value_or("");
    if (const auto detector = text("detector")) exposure_.detector = *detector;
    read_type();
    read_filter();
    for (const NumberRule& rule : kNumbers) read_number(rule);
    if (exposure_.longitude_deg > 180.0) exposure_.longitude_deg -= 360.0;
    if (exposure_.exposure_time_s == 0.0 && exposure_.type != ImageType::bias)
      caveat("exposure time is 0");
    read_time();
    read_extra();
    check_required();
  }

 private:
  void caveat(const std::string& text) { exposure_.caveats.push_back("header: " + text); }

  std::optional<FoundValue> find(const std::string& member) {
    const auto mapped = instrument_.values.find(member);
    MemberTrace trace{member, {}, {}, {}};
    std::optional<FoundValue> found;
    if (mapped != instrument_.values.end()) {
      found = find_value(mapped->second, context_);
      trace.tried = to_text(mapped->second);
    }
    if (found) {
      trace.used = to_text(*found->source);
      trace.text = found->text;
    }
    traces_.push_back(std::move(trace));
    return found;
  }

  std::optional<std::string> text(const std::string& member) {
    std::optional<FoundValue> found = find(member);
    if (!found) return std::nullopt;
    std::string value = found->text.substr(0, kMaxValueText);
    const auto pattern = instrument_.extract.find(member);
    std::smatch match;
    if (pattern != instrument_.extract.end()) {
      if (std::regex_search(value, match, pattern->second.regex) && match.size() > 1)
        return match[1].str();
      caveat(member + " '" + value + "' does not match " + pattern->second.pattern);
    }
    return value;
  }

  void read_type() {
    const std::optional<std::string> raw = text("image_type");
    if (!raw) return;
    exposure_.extra["image_type"] = *raw;
    for (const NamedPattern& pattern : instrument_.image_types) {
      if (!std::regex_search(*raw, pattern.regex)) continue;
      exposure_.type = image_type_from(pattern.name);
      return;
    }
    exposure_.type = image_type_from(*raw);
    if (exposure_.type == ImageType::unknown) caveat("unknown image type '" + *raw + "'");
  }

  void read_filter() {
    const std::optional<std::string> raw = text("physical_filter");
    if (!raw) return;
    exposure_.physical_filter = *raw;
    for (const NamedPattern& pattern : instrument_.filters) {
      if (!std::regex_search(*raw, pattern.regex)) continue;
      exposure_.physical_filter = pattern.name;
      return;
    }
    if (!instrument_.filters.empty()) caveat("unknown filter '" + *raw + "'");
  }

  void read_number(const NumberRule& rule) {
    const std::optional<FoundValue> found = find(rule.name);
    if (!found) return;
    std::optional<double> number = to_number(found->text.substr(0, kMaxValueText));
    // Right ascension written as 12:34:56 is in hours (FITS Standard 4.0, section 8), unless the
    // file says otherwise.
    const bool hours = rule.member == &Exposure::tracking_ra_deg &&
                       found->source->conversions.empty() && is_sexagesimal(found->text);
    double value = number ? convert(*number, found->source->conversions) : kUnknown;
    if (hours) value *= 15.0;
    if (value >= rule.least && value <= rule.most) {
      exposure_.*rule.member = value;
      return;
    }
    caveat(std::string(rule.name) + " is '" + found->text.substr(0, 60) + "', taken as unknown");
  }

  /// Begin and middle of the exposure from the time that the header holds.
  void read_time() {
    std::optional<double> mjd;
    if (const auto found = find("datetime_begin")) {
      mjd = mjd_from_header_date(found->text.substr(0, kMaxValueText));
      if (!mjd) caveat("'" + found->text.substr(0, 60) + "' is no date");
    }
    if (const auto found = find("mjd_begin"); found && !mjd) {
      const std::optional<double> number = to_number(found->text.substr(0, kMaxValueText));
      const double value = number ? convert(*number, found->source->conversions) : kUnknown;
      // Between the years 1900 and 2200.
      if (value > 15000.0 && value < 125000.0)
        mjd = value;
      else
        caveat("mjd_begin is '" + found->text.substr(0, 60) + "', taken as unknown");
    }
    if (!mjd) return;
    const double length =
        std::isfinite(exposure_.exposure_time_s) ? exposure_.exposure_time_s / kSecondsPerDay : 0.0;
    const double before = instrument_.time_mark == TimeMark::begin ? 0.0
                          : instrument_.time_mark == TimeMark::end ? length
                                                                   : length / 2;
    exposure_.mjd_begin = *mjd - before;
    exposure_.mjd_mid = exposure_.mjd_begin + length / 2;
    exposure_.datetime_begin = iso_from_mjd(exposure_.mjd_begin);
  }

  void read_extra() {
    for (const auto& [member, sources] : instrument_.values) {
      if (!member.starts_with("extra.")) continue;
      if (const auto value = text(member)) exposure_.extra[member.substr(6)] = *value;
    }
  }

  bool was_found(std::string_view member) const {
    return std::any_of(traces_.begin(), traces_.end(),
                       [&](const MemberTrace& t) { return t.member == member && !t.used.empty(); });
  }

  /// A value that is there but means nothing is a caveat; one that is not there at all stops the
  /// file.
  void check_required() const {
    for (const std::string& member : instrument_.required) {
      if (was_found(member) || (member == "datetime_begin" && was_found("mjd_begin"))) continue;
      const auto mapped = instrument_.values.find(member);
      const std::string tried = mapped == instrument_.values.end()
                                    ? "no keyword is mapped to it"
                                    : "tried " + to_text(mapped->second);
      throw Error(ErrorKind::bad_input, "no value for " + member, tried,
                  "add the line '" + member + " = KEYWORD' to [keywords] of " + instrument_.file);
    }
  }

  const Instrument& instrument_;
  const HeaderContext& context_;
  Exposure& exposure_;
  std::vector<MemberTrace>& traces_;
};

}  // namespace

void read_exposure_header(const Instrument& instrument, const HeaderContext& context,
                          Exposure& exposure, std::vector<MemberTrace>& traces) {
  Reader(instrument, context, exposure, traces).read();
}

}  // namespace polis
