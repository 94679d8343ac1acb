#include "kernels/difference_filters.h"

#include <algorithm>
#include <cmath>
#include <complex>

#include "kernels/difference_kernel.h"

namespace polis {
namespace {

constexpr double kDecorrelateBeyond = 0.01;  // part of the absolute values that may be cut off
constexpr double kMatchBeyond = 0.04;
constexpr double kNoiseBeyond = 0.01;
constexpr double kRim = 1e-3;                  // of what is left, in the corners
constexpr std::ptrdiff_t kLongestFilter = 14;  // [px] radius

/// Puts the middle of a stamp at pixel (0, 0) of a periodic image.
Plane<float> wrap(View<const float> stamp, std::ptrdiff_t side) {
  Plane<float> image(side, side);
  for (std::ptrdiff_t y = 0; y < stamp.height; ++y) {
    for (std::ptrdiff_t x = 0; x < stamp.width; ++x) {
      image((x - stamp.width / 2 + side) % side, (y - stamp.height / 2 + side) % side) =
          stamp(x, y);
    }
  }
  return image;
}

/// The opposite: the middle 2 radius + 1 pixels of a periodic image.
Plane<float> unwrap(const Plane<float>& image, std::ptrdiff_t radius) {
  const std::ptrdiff_t side = image.width();
  Plane<float> stamp(2 * radius + 1, 2 * radius + 1);
  for (std::ptrdiff_t y = 0; y < stamp.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < stamp.width(); ++x) {
      stamp(x, y) = image((x - radius + side) % side, (y - radius + side) % side);
    }
  }
  return stamp;
}

double sum_of(const Plane<float>& stamp) {
  double sum = 0.0;
  for (std::ptrdiff_t i = 0; i < stamp.size(); ++i) sum += static_cast<double>(stamp.data()[i]);
  return sum;
}

Plane<float> square_of(Plane<float> stamp) {
  for (std::ptrdiff_t i = 0; i < stamp.size(); ++i) stamp.data()[i] *= stamp.data()[i];
  return stamp;
}

/// The same filter for planes binned 2 x 2: mean over the four pixels of a bin of what each would
/// get if the pixels of every bin were alike.
Plane<float> halve(const Plane<float>& stamp) {
  const std::ptrdiff_t radius = stamp.width() / 2;
  const std::ptrdiff_t half = (radius + 2) / 2;
  Plane<float> result(2 * half + 1, 2 * half + 1);
  for (std::ptrdiff_t y = -radius; y <= radius; ++y) {
    for (std::ptrdiff_t x = -radius; x <= radius; ++x) {
      for (int corner = 0; corner < 4; ++corner) {
        const std::ptrdiff_t i = (x + (corner & 1) + 2 * half) / 2;
        const std::ptrdiff_t j = (y + (corner >> 1) + 2 * half) / 2;
        result(i, j) += 0.25F * stamp(x + radius, y + radius);
      }
    }
  }
  return result;
}

using Spectrum = SquareFft::Spectrum;

Spectrum product(const Spectrum& a, const Spectrum& b) {
  Spectrum result(a.size());
  for (std::size_t k = 0; k < a.size(); ++k) result[k] = a[k] * b[k];
  return result;
}

Spectrum spectrum_of(const Plane<float>& stamp, const SquareFft& fft) {
  Spectrum spectrum;
  fft.forward(wrap(stamp.view(), fft.side()), spectrum);
  return spectrum;
}

Plane<float> stamp_of(Spectrum spectrum, const SquareFft& fft, std::ptrdiff_t radius) {
  Plane<float> image;
  fft.backward(spectrum, image);
  return unwrap(image, radius);
}

/// Cuts a stamp to where its values are.
Plane<float> trim(const Plane<float>& stamp, double beyond) {
  const std::ptrdiff_t radius = radius_within(stamp, beyond);
  const std::ptrdiff_t skip = stamp.width() / 2 - radius;
  Plane<float> result(2 * radius + 1, 2 * radius + 1);
  for (std::ptrdiff_t y = 0; y < result.height(); ++y) {
    std::copy_n(stamp.view().row(y + skip) + skip, result.width(), result.view().row(y));
  }
  return result;
}

/// The taps of a stamp that is cut to where its values are, without loss of its sum.
BlockTaps taps_of(const Plane<float>& stamp, double beyond) {
  Plane<float> cut = trim(stamp, beyond);
  const auto factor = static_cast<float>(sum_of(stamp) / sum_of(cut));
  for (std::ptrdiff_t i = 0; i < cut.size(); ++i) cut.data()[i] *= factor;
  BlockTaps taps;
  taps.set(cut.view(), disc_within(cut.view(), kRim));
  return taps;
}

Plane<float> decorrelation(const Spectrum& kernel, const LocalNoise& noise, const SquareFft& fft) {
  const double sum2 = static_cast<double>(std::norm(kernel[0]));
  const auto shape = [&](std::size_t k) {
    return noise.shape.empty() ? 1.0 : static_cast<double>(noise.shape[k]);
  };
  const double top = (noise.broad_variance + sum2 * noise.sharp_variance) * shape(0);
  Spectrum whitening(kernel.size());
  for (std::size_t k = 0; k < kernel.size(); ++k) {
    const double white =
        noise.broad_variance + noise.sharp_variance * static_cast<double>(std::norm(kernel[k]));
    const double power = white * shape(k);
    // A broad frame without noise would ask for the inverse of the kernel.
    whitening[k] = static_cast<float>(std::sqrt(top / std::max(power, 1e-4 * top)));
  }
  const std::ptrdiff_t longest = std::min(kLongestFilter, fft.side() / 2 - 1);
  Plane<float> filter = trim(stamp_of(std::move(whitening), fft, longest), kDecorrelateBeyond);
  const auto factor = static_cast<float>(1.0 / sum_of(filter));
  for (std::ptrdiff_t i = 0; i < filter.size(); ++i) filter.data()[i] *= factor;
  return filter;
}

}  // namespace

std::ptrdiff_t score_filter_side(std::ptrdiff_t kernel_radius) {
  std::ptrdiff_t side = 64;
  while (side < 2 * (kernel_radius + 2 * kLongestFilter) - 12) side *= 2;
  return side;
}

ScoreFilters make_score_filters(const LocalNoise& noise, const SquareFft& fft) {
  const std::ptrdiff_t longest = std::min(kLongestFilter, fft.side() / 2 - 1);
  Spectrum kernel;
  fft.forward(wrap(noise.kernel, fft.side()), kernel);
  const Plane<float> decorrelate = decorrelation(kernel, noise, fft);
  const Spectrum white = spectrum_of(decorrelate, fft);
  Spectrum psf;
  fft.forward(wrap(noise.psf, fft.side()), psf);
  const Plane<float> match = trim(stamp_of(product(psf, white), fft, longest), kMatchBeyond);
  const Spectrum all = product(spectrum_of(match, fft), white);
  const std::ptrdiff_t widest = fft.side() / 2 - 1;
  const Plane<float> on_broad = stamp_of(all, fft, widest);
  const Plane<float> on_sharp = stamp_of(product(all, kernel), fft, widest);
  const Plane<float> sharp_after = stamp_of(product(white, kernel), fft, widest);

  ScoreFilters filters;
  filters.decorrelate.set(decorrelate.view(), disc_within(decorrelate.view(), kRim));
  filters.match.set(match.view(), disc_within(match.view(), kRim));
  const auto half = [](const Plane<float>& stamp, double beyond) {
    return taps_of(halve(trim(stamp, 0.1 * beyond)), beyond);
  };
  filters.match_half = half(on_broad, kMatchBeyond);
  filters.noise_broad_half = half(square_of(on_broad), kNoiseBeyond);
  filters.noise_sharp_half = half(square_of(on_sharp), kNoiseBeyond);
  filters.sharp_after_half = half(square_of(sharp_after), kNoiseBeyond);
  filters.broad_after = static_cast<float>(sum_of(square_of(decorrelate)));
  filters.sky_variance = static_cast<float>(noise.broad_variance * sum_of(square_of(on_broad)) +
                                            noise.sharp_variance * sum_of(square_of(on_sharp)));
  return filters;
}

}  // namespace polis
