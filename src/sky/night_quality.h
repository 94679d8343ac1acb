#pragma once

#include <string>
#include <vector>

#include "sky/table.h"

namespace polis {

struct NightQualityOptions {
  double default_extinction =
      0.12;  ///< [mag per airmass] where the night's range of airmass does not tell
  double least_airmass_range = 0.15;  ///< below, the extinction is taken as the default
  double clear_mag = 0.03;            ///< a frame dimmed by less is clear
  double photometric_scatter_mag =
      0.02;                        ///< of clear zero points about the extinction line, at most
  double photometric_share = 0.9;  ///< of frames that must be clear
};

/// Looks at all photometric catalogs of a night, by their facts (docs/formats/catalog.md): how each
/// site's sky was. Tables `frames` and `sites` of docs/formats/night_quality.md, both in order of
/// site, filter, time.
TableSet judge_night(const std::vector<Facts>& catalogs, const NightQualityOptions& options);

}  // namespace polis
