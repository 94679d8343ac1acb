#pragma once

#include "sky/exposure.h"
#include "sky/identify.h"
#include "sky/table.h"

namespace polis {

struct CrossMatchOptions {
  IdentifySettings identify;
  double error_floor_px = 0.03;  ///< of positions, beyond their errors
  double changed_sigma =
      5.0;  ///< magnitude difference in units of its error that counts as a change
  double least_change_mag =
      0.05;               ///< smaller differences are never a change: flats and colours differ
  double new_snr = 10.0;  ///< of a source that the reference should hold
  /// A reference star is missed when noise of so many sigma, and so many sigma of its magnitude's
  /// error, would still leave it above the S/N of the limiting magnitude (5): at S/N 10 or so.
  double missing_sigma = 5.0;
  double border_px = 15.0;  ///< reference stars nearer to the border are not missed
};

/// Compares a calibrated catalog with the reference: table `matches` (docs/formats/matches.md), one
/// row per source, in the catalog's order, then the reference stars that are missing. Without WCS
/// all sources are `unmatched`; without a zero point nothing is new, changed or missing.
TableSet cross_match(const TableSet& catalog, const Exposure& exposure, const TableSet& reference,
                     const CrossMatchOptions& options);

}  // namespace polis
