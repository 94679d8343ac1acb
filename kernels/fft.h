#pragma once

#include <complex>
#include <cstddef>
#include <vector>

#include "kernels/view.h"

namespace polis {

/// Fourier transforms of real images of side x side pixels, in single precision. Plans are made
/// once per size (FFTW_ESTIMATE: the same plan, so the same bytes, in every run) and shared by all
/// threads.
class SquareFft {
 public:
  explicit SquareFft(std::ptrdiff_t side);
  std::ptrdiff_t side() const { return side_; }
  /// Columns of a spectrum: frequencies 0..side/2 along x; its rows are those of the image.
  std::ptrdiff_t columns() const { return side_ / 2 + 1; }

  using Spectrum = std::vector<std::complex<float>, AlignedAllocator<std::complex<float>>>;
  /// Spectrum of `image` (side x side), side rows of columns() values.
  void forward(const Plane<float>& image, Spectrum& spectrum) const;
  /// Image of `spectrum`, which is destroyed; divided by the number of pixels.
  void backward(Spectrum& spectrum, Plane<float>& image) const;

 private:
  std::ptrdiff_t side_;
  void* forward_;
  void* backward_;
};

}  // namespace polis
