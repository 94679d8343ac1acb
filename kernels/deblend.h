#pragma once

#include "kernels/components.h"
#include "kernels/detect.h"
#include "kernels/matched_filter.h"

namespace polis {

/// Cuts components into sources.
///
/// Every pixel climbs to the highest of its neighbours until it stands on a local maximum of `snr`:
/// the pixels that reach the same maximum are a basin. Basins are then joined in order of the
/// saddles between them, highest first. When a branch meets a higher one, its highest object is
/// kept as a source of its own if it stands `min_prominence` local sigma above the saddle, is
/// itself at least `peak_snr`, and its flux above the saddle is at least `min_contrast` of the flux
/// of both objects; else the neighbour across the saddle swallows it.
///
/// This is multi-threshold deblending (Bertin & Arnouts 1996, section 4) in the limit of infinitely
/// many thresholds: the branches of its tree end and meet at exactly these maxima and saddles.
/// Differences: the contrast is measured against the neighbour, not the whole component, so that
/// crowding does not raise it; and pixels below a saddle follow the slope, not a random draw. Equal
/// values count as higher where they come first in the image, so the result does not depend on the
/// order of work.
Detections deblend(View<const float> snr, const Components& components, const MeasuredPixels& image,
                   const DetectSettings& settings);

}  // namespace polis
