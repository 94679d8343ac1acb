#include "formats/wcs_json.h"

#include <string>

#include "base/error.h"

namespace polis {
namespace {

constexpr int kMaxSipOrder = 9;

Json numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(json_number(value));
  return list;
}

std::vector<double> numbers_from(const Json& object, const char* key) {
  const Json& list = json_member(object, key);
  std::vector<double> values;
  bool good = list.is_array();
  for (std::size_t i = 0; good && i < list.size(); ++i) {
    good = list[i].is_number();
    if (good) values.push_back(list[i].get<double>());
  }
  if (!good)
    throw Error(ErrorKind::bad_input, "cannot read a WCS",
                std::string(key) + " is no list of numbers");
  return values;
}

}  // namespace

Json wcs_to_json(const Wcs& wcs) {
  if (!wcs.valid) return nullptr;
  return {{"crval_deg", {wcs.reference.ra_deg, wcs.reference.dec_deg}},
          {"crpix_px", {wcs.reference_pixel.x, wcs.reference_pixel.y}},
          {"cd_deg_per_px", numbers({wcs.cd.begin(), wcs.cd.end()})},
          {"sip_order", wcs.sip_order},
          {"sip_a", numbers(wcs.sip_a)},
          {"sip_b", numbers(wcs.sip_b)},
          {"sip_ap", numbers(wcs.sip_ap)},
          {"sip_bp", numbers(wcs.sip_bp)}};
}

Wcs wcs_from_json(const Json& value) {
  Wcs wcs;
  if (value.is_null()) return wcs;
  json_only(
      value,
      {"crval_deg", "crpix_px", "cd_deg_per_px", "sip_order", "sip_a", "sip_b", "sip_ap", "sip_bp"},
      "a WCS");
  const std::vector<double> crval = numbers_from(value, "crval_deg");
  const std::vector<double> crpix = numbers_from(value, "crpix_px");
  const std::vector<double> cd = numbers_from(value, "cd_deg_per_px");
  wcs.sip_order = json_to_int(value, "sip_order");
  bool good = crval.size() == 2 && crpix.size() == 2 && cd.size() == 4 && wcs.sip_order >= 0 &&
              wcs.sip_order <= kMaxSipOrder;
  if (good) {
    wcs.valid = true;
    wcs.reference = {crval[0], crval[1]};
    wcs.reference_pixel = {crpix[0], crpix[1]};
    for (std::size_t i = 0; i < 4; ++i) wcs.cd[i] = cd[i];
    wcs.sip_a = numbers_from(value, "sip_a");
    wcs.sip_b = numbers_from(value, "sip_b");
    wcs.sip_ap = numbers_from(value, "sip_ap");
    wcs.sip_bp = numbers_from(value, "sip_bp");
    const std::size_t size = wcs.sip_order > 0 ? sip_size(wcs.sip_order) : 0;
    for (const auto* list : {&wcs.sip_a, &wcs.sip_b, &wcs.sip_ap, &wcs.sip_bp}) {
      good = good && (list->size() == size || list->empty());
    }
  }
  if (!good)
    throw Error(ErrorKind::bad_input, "cannot read a WCS", "its lists have the wrong lengths");
  return wcs;
}

}  // namespace polis
