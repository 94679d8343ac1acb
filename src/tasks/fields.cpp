#include "tasks/fields.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace polis {
namespace {

struct Pointing {
  SkyPosition position;
  std::string detector, object;
  bool known = false;
};

Pointing pointing_of(const Exposure& exposure) {
  Pointing p{{exposure.tracking_ra_deg, exposure.tracking_dec_deg},
             detector_name(exposure),
             exposure.object,
             false};
  if (exposure.wcs.valid) {
    p.position = exposure.wcs.to_sky({0.5 * exposure.width - 0.5, 0.5 * exposure.height - 0.5});
  }
  p.known = std::isfinite(p.position.ra_deg) && std::isfinite(p.position.dec_deg);
  return p;
}

double reach_arcsec(const Exposure& exposure, double share) {
  constexpr double kUsualField = 1800.0;  // [arcsec]
  const double side = std::min(exposure.width, exposure.height) * exposure.pixel_scale_arcsec;
  return share * (side > 0.0 ? side : kUsualField);
}

std::string name_of_field(const Pointing& p) {
  if (!p.known) return p.object.empty() ? "unknown" : p.object;
  char text[40];
  std::snprintf(text, sizeof text, "ra%06.2f%+06.2f", p.position.ra_deg, p.position.dec_deg);
  return text;
}

bool belongs(const Pointing& p, const Pointing& centre, double reach, bool per_detector) {
  if (per_detector && p.detector != centre.detector) return false;
  if (!p.known || !centre.known) return p.known == centre.known && p.object == centre.object;
  return separation_arcsec(p.position, centre.position) < reach;
}

}  // namespace

std::vector<SkyField> group_fields(const std::vector<NightExposure>& exposures, double share,
                                   bool per_detector) {
  std::vector<SkyField> fields;
  std::vector<Pointing> centres;
  for (std::size_t i = 0; i < exposures.size(); ++i) {
    const Exposure& exposure = exposures[i].exposure;
    if (exposure.type != ImageType::science) continue;
    const Pointing p = pointing_of(exposure);
    const double reach = reach_arcsec(exposure, share);
    std::size_t k = 0;
    while (k < fields.size() && !belongs(p, centres[k], reach, per_detector)) ++k;
    if (k == fields.size()) {
      fields.push_back({name_of_field(p), {}});
      if (per_detector) fields.back().name += " " + p.detector;
      centres.push_back(p);
    }
    fields[k].members.push_back(i);
  }
  return fields;
}

}  // namespace polis
