#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "sky/exposure.h"
#include "sky/wcs.h"

namespace polis {

/// A place on the sky with its error, and how bright it is.
struct SkySource {
  SkyPosition position;
  double error_arcsec = 0.0;  ///< 1 sigma per axis
  double magnitude = kUnknown;
  double magnitude_error = 0.0;
};

struct IdentifySettings {
  double most_sigma = 5.0;  ///< pairs farther apart, in units of both errors together, are none
  double error_floor_arcsec = 0.0;  ///< added in quadrature: what the errors leave out
  double share_in_reference = 0.9;  ///< prior chance that the reference holds a source
  double least_probability = 0.5;   ///< of an accepted pair
};

/// What one source was identified with.
struct Identification {
  std::ptrdiff_t reference = -1;  ///< index, or -1
  double separation_arcsec = kUnknown;
  double sigma = kUnknown;   ///< separation in units of the error per axis
  double probability = 0.0;  ///< that this is the same object, given all candidates near
};

/// Identifies sources with reference objects by likelihood ratio (Sutherland & Saunders 1992, MNRAS
/// 259, 413): the chance of the separation under both errors against that of an unrelated object
/// there, which grows with the density of the reference at that magnitude. Where both magnitudes
/// are known, agreement counts, but an object that changed is still itself. Each reference object
/// goes to one source. Results in the order of `sources`.
std::vector<Identification> identify_sources(std::span<const SkySource> sources,
                                             std::span<const SkySource> reference,
                                             const IdentifySettings& settings);

}  // namespace polis
