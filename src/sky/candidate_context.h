#pragma once

#include <vector>

#include "sky/candidate_tables.h"
#include "sky/frame.h"

/// What stood where the candidates of a difference are, and how deep the difference is.
namespace polis {

/// For each candidate the nearest source of the reference image's own catalog within `radius_px`;
/// sources whose star_statistic is below `galaxy_statistic` are extended.
std::vector<HostMatch> find_hosts(const std::vector<DifferenceSource>& found_sources,
                                  const Wcs& wcs, const Frame& reference, const Table& sources,
                                  double radius_px, double galaxy_statistic);

/// For each candidate the id of the nearest star of a reference catalogue (table `stars`, moved to
/// `mjd`) within `radius_px`; 0: none.
std::vector<std::int64_t> find_known(const std::vector<DifferenceSource>& found_sources,
                                     const Wcs& wcs, const Table& stars, double mjd,
                                     double radius_px);

/// Magnitude of a point source of S/N `snr` on a difference: its median variance over the area that
/// a Gaussian of `fwhm_px` counts as. NaN without a zero point.
double limiting_mag(const Frame& difference, const CandidateContext& context, double fwhm_px,
                    double snr);

}  // namespace polis
