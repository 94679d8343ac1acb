#pragma once

#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <vector>

#include "kernels/mask_bits.h"
#include "kernels/psf.h"
#include "kernels/view.h"

namespace polis {

/// The planes of a fit in progress, all height x width.
struct FitPlanes {
  View<float> residual;  ///< image minus all stars as they stand now
  View<const float> variance;
  View<const MaskPixel> mask;  ///< may be empty
  float variance_per_signal = 1.0F;
};

/// The pixels of a disc about a star, row after row, each filled up to whole vector registers, for
/// sums that vectorise. Pixels that are masked, outside or fill up have weight 0. Unknowns: flux,
/// x, y of the star.
class StarWindow {
 public:
  /// Fills weight and residual about pixel (cx, cy) out to `radius`.
  void gather(const FitPlanes& planes, int cx, int cy, double radius);
  /// Fills value and, where they are wanted, slopes from a stamp whose middle pixel is
  /// (cx + offset_x, cy + offset_y) of the window.
  void spread(const PsfStamp& stamp, int offset_x, int offset_y, float flux, bool slopes,
              std::array<Eigen::ArrayXf, 3>& columns) const;
  std::ptrdiff_t pixels() const { return count_; }
  int usable() const { return usable_; }

  Eigen::ArrayXf weight, residual;
  std::array<Eigen::ArrayXf, 3> own;  ///< d model / d (flux, x, y)
  Eigen::ArrayXf widening;            ///< d model / d (light moved outwards), see fill_widening

  /// Discrete Laplacian of the star's value: what a slightly wider PSF adds.
  void fill_widening(const PsfStamp& stamp);

 private:
  struct Line {
    int y, x0, x1;  // relative to the window's centre, inclusive
    std::ptrdiff_t start;
    std::ptrdiff_t padded() const { return (x1 - x0 + 8) / 8 * 8; }
  };
  std::vector<Line> lines_;
  std::ptrdiff_t count_ = 0;
  int usable_ = 0;
  void gather_row(const FitPlanes& planes, int y, int x, const Line& line);
};

}  // namespace polis
