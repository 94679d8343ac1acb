#pragma once

#include <cstddef>
#include <vector>

#include "kernels/psf_star.h"

namespace polis {

/// How the samples of an oversampled cubic spline make the pixels of a star, and back: the inner
/// loop of fits whose unknowns are the samples.
///
/// A pixel takes sixteen samples, and its neighbour those `oversampling` farther on. Samples are
/// therefore laid out by phase, [row][sample % oversampling][sample / oversampling], so that what a
/// row of pixels takes lies side by side. Only the box of samples within `reach_px` (and a shift of
/// one pixel) of the middle is laid out; what lies outside counts as zero.
class PsfTaps {
 public:
  /// `side`: of the square plane of samples, its middle sample the star's place.
  PsfTaps(std::ptrdiff_t side, int oversampling, int reach_px);

  std::size_t size() const { return static_cast<std::size_t>(rows_ * row_size_); }
  /// A plane of side x side samples, laid out.
  void lay(const float* plane, float* laid) const;
  /// Adds what is laid out to a plane.
  void add_back(const float* laid, float* plane) const;

  /// Memory of one thread.
  struct Scratch {
    std::vector<float> across, light;
  };
  /// Weight * flux * light of each pixel within reach, added to the samples that it takes. The
  /// light is flux times what `samples` predict or, where that is null, `target` (a stamp as
  /// star.data).
  void spread(const PsfStarStamp& star, const float* samples, const float* target, float* sums,
              Scratch& scratch) const;

 private:
  struct Place;
  std::ptrdiff_t index(std::ptrdiff_t row, std::ptrdiff_t column) const {
    return row * row_size_ + column % os_ * places_ + column / os_;
  }
  void predict(const Place& place, const float* samples, Scratch& scratch) const;
  void weigh(const Place& place, const PsfStarStamp& star, const float* target,
             Scratch& scratch) const;
  void scatter(const Place& place, float* sums, Scratch& scratch) const;

  std::ptrdiff_t side_, os_, reach_;
  std::ptrdiff_t origin_, rows_, places_, row_size_;
};

}  // namespace polis
