#include "formats/exposure_json.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "formats/wcs_json.h"

namespace polis {
namespace {

/// One list for both directions: a text member of Exposure and its name.
constexpr std::array<std::pair<const char*, std::string Exposure::*>, 7> kTexts{
    {{"exposure_id", &Exposure::exposure_id},
     {"site", &Exposure::site},
     {"instrument", &Exposure::instrument},
     {"detector", &Exposure::detector},
     {"physical_filter", &Exposure::physical_filter},
     {"object", &Exposure::object},
     {"datetime_begin", &Exposure::datetime_begin}}};

constexpr std::array<std::pair<const char*, double Exposure::*>, 13> kNumbers{
    {{"mjd_begin", &Exposure::mjd_begin},
     {"mjd_mid", &Exposure::mjd_mid},
     {"exposure_time_s", &Exposure::exposure_time_s},
     {"temperature_c", &Exposure::temperature_c},
     {"tracking_ra_deg", &Exposure::tracking_ra_deg},
     {"tracking_dec_deg", &Exposure::tracking_dec_deg},
     {"airmass", &Exposure::airmass},
     {"latitude_deg", &Exposure::latitude_deg},
     {"longitude_deg", &Exposure::longitude_deg},
     {"altitude_m", &Exposure::altitude_m},
     {"pixel_scale_arcsec", &Exposure::pixel_scale_arcsec},
     {"saturation_adu", &Exposure::saturation_adu},
     {"nonlinear_adu", &Exposure::nonlinear_adu}}};

constexpr std::array<std::pair<const char*, int Exposure::*>, 5> kIntegers{
    {{"width", &Exposure::width},
     {"height", &Exposure::height},
     {"raw_width", &Exposure::raw_width},
     {"raw_height", &Exposure::raw_height},
     {"hdu", &Exposure::hdu}}};

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read an exposure", why);
}

Json section_to_json(const Section& s) { return {s.x0, s.y0, s.width, s.height}; }

Section section_from_json(const Json& object, const char* key) {
  const Json& list = json_member(object, key);
  if (!list.is_array() || list.size() != 4)
    refuse(std::string(key) + " is no section [x0, y0, width, height]");
  std::array<int, 4> v{};
  for (std::size_t i = 0; i < 4; ++i) {
    if (!list[i].is_number_integer())
      refuse(std::string(key) + " is no section [x0, y0, width, height]");
    const double wide = list[i].get<double>();
    if (wide < 0.0 || wide > 1e9) refuse(std::string(key) + " lies outside any detector");
    v[i] = list[i].get<int>();
  }
  return {v[0], v[1], v[2], v[3]};
}

Json amplifier_to_json(const Amplifier& a) {
  return {{"data", section_to_json(a.data)},
          {"overscan", section_to_json(a.overscan)},
          {"origin", {a.origin.x, a.origin.y}},
          {"gain_e_per_adu", json_number(a.gain_e_per_adu)},
          {"read_noise_e", json_number(a.read_noise_e)}};
}

Amplifier amplifier_from_json(const Json& value) {
  json_only(value, {"data", "overscan", "origin", "gain_e_per_adu", "read_noise_e"},
            "an amplifier");
  const Json& origin = json_member(value, "origin");
  if (!origin.is_array() || origin.size() != 2 || !origin[0].is_number() ||
      !origin[1].is_number()) {
    refuse("an amplifier's origin is no pair of numbers");
  }
  Amplifier a;
  a.data = section_from_json(value, "data");
  a.overscan = section_from_json(value, "overscan");
  a.origin = {origin[0].get<double>(), origin[1].get<double>()};
  a.gain_e_per_adu = json_to_double(value, "gain_e_per_adu");
  a.read_noise_e = json_to_double(value, "read_noise_e");
  return a;
}

Json parts_to_json(const std::vector<RawPart>& parts) {
  Json list = Json::array();
  for (const RawPart& part : parts)
    list.push_back({{"hdu", part.hdu}, {"flip_x", part.flip_x}, {"flip_y", part.flip_y}});
  return list;
}

std::vector<RawPart> parts_from_json(const Json& list) {
  if (!list.is_array() || list.empty()) refuse("parts is no list of HDUs");
  std::vector<RawPart> parts;
  for (const Json& value : list) {
    json_only(value, {"hdu", "flip_x", "flip_y"}, "a part");
    const Json& x = json_member(value, "flip_x");
    const Json& y = json_member(value, "flip_y");
    if (!x.is_boolean() || !y.is_boolean()) refuse("a part's flips are neither true nor false");
    parts.push_back({json_to_int(value, "hdu"), x.get<bool>(), y.get<bool>()});
  }
  return parts;
}

void check_members(const Json& value) {
  if (!value.is_object()) refuse("it is no JSON object");
  const std::size_t expected =
      kTexts.size() + kNumbers.size() + kIntegers.size() + 7 + (value.contains("parts") ? 1 : 0);
  if (value.size() != expected) {
    refuse("it has " + std::to_string(value.size()) + " members, not " + std::to_string(expected));
  }
}

void read_lists(const Json& value, Exposure& exposure) {
  for (const Json& number : json_member(value, "linearity")) {
    if (!number.is_number()) refuse("linearity is no list of numbers");
    exposure.linearity.push_back(number.get<double>());
  }
  for (const Json& amplifier : json_member(value, "amplifiers"))
    exposure.amplifiers.push_back(amplifier_from_json(amplifier));
  for (const Json& caveat : json_member(value, "caveats")) {
    if (!caveat.is_string()) refuse("a caveat is no text");
    exposure.caveats.push_back(caveat.get<std::string>());
  }
}

}  // namespace

Json exposure_to_json(const Exposure& exposure) {
  Json value = Json::object();
  for (const auto& [name, member] : kTexts) value[name] = exposure.*member;
  for (const auto& [name, member] : kNumbers) value[name] = json_number(exposure.*member);
  for (const auto& [name, member] : kIntegers) value[name] = exposure.*member;
  value["type"] = std::string(name_of(exposure.type));
  value["raw"] = exposure.raw.hex();
  value["linearity"] = exposure.linearity;
  value["amplifiers"] = Json::array();
  for (const Amplifier& amplifier : exposure.amplifiers)
    value["amplifiers"].push_back(amplifier_to_json(amplifier));
  if (!exposure.parts.empty()) value["parts"] = parts_to_json(exposure.parts);
  value["caveats"] = exposure.caveats;
  value["wcs"] = wcs_to_json(exposure.wcs);
  value["extra"] = Json::object();
  for (const auto& [name, text] : exposure.extra) value["extra"][name] = text;
  return value;
}

Exposure exposure_from_json(const Json& value) {
  check_members(value);
  Exposure exposure;
  for (const auto& [name, member] : kTexts) exposure.*member = json_to_text(value, name);
  for (const auto& [name, member] : kNumbers) exposure.*member = json_to_double(value, name);
  for (const auto& [name, member] : kIntegers) exposure.*member = json_to_int(value, name);
  const std::string type = json_to_text(value, "type");
  exposure.type = image_type_from(type);
  if (name_of(exposure.type) != type) refuse("unknown image type \"" + type.substr(0, 40) + "\"");
  exposure.raw = Digest::from_hex(json_to_text(value, "raw"));
  read_lists(value, exposure);
  if (value.contains("parts")) exposure.parts = parts_from_json(value["parts"]);
  exposure.wcs = wcs_from_json(json_member(value, "wcs"));
  exposure.extra = json_to_facts(value, "extra");
  return exposure;
}

}  // namespace polis
