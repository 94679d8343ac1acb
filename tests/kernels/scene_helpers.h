#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "kernels/view.h"

/// Small scenes with known truth for the tests and benches of calibration: everything in electrons.
namespace polis::test {

struct Scene {
  double sky_e = 200.0;
  double read_noise_e = 5.0;
  std::uint64_t seed = 1;
  Plane<float> stars;     ///< expected charge of stars and galaxies
  Plane<float> hits;      ///< charge of particle hits
  Plane<float> trails;    ///< expected charge of trails
  Plane<float> image;     ///< after expose()
  Plane<float> variance;  ///< as calibrate() would give it

  Scene(std::ptrdiff_t width, std::ptrdiff_t height, std::uint64_t seed_in)
      : seed(seed_in), stars(width, height), hits(width, height), trails(width, height) {}
  std::ptrdiff_t width() const { return stars.width(); }
  std::ptrdiff_t height() const { return stars.height(); }
  double noise_at(std::ptrdiff_t x, std::ptrdiff_t y) const {
    return std::sqrt(sky_e + static_cast<double>(stars(x, y)) + read_noise_e * read_noise_e);
  }
};

/// Adds a Moffat star (beta 3), sampled 5 x 5 times per pixel. [electron, px]
inline void add_star(Scene& s, double x, double y, double flux, double fwhm) {
  constexpr double kBeta = 3.0;
  constexpr int kSub = 5;
  const double alpha = 0.5 * fwhm / std::sqrt(std::pow(2.0, 1.0 / kBeta) - 1.0);
  const double norm = flux * (kBeta - 1.0) / (3.14159265358979 * alpha * alpha) / (kSub * kSub);
  const double reach = std::min(
      60.0, std::max(4.0 * fwhm, alpha * std::pow(norm * kSub * kSub / 0.05, 0.5 / kBeta)));
  const auto first = [&](double c) { return std::max<std::ptrdiff_t>(0, std::lround(c - reach)); };
  for (std::ptrdiff_t j = first(y);
       j <= std::min<std::ptrdiff_t>(s.height() - 1, std::lround(y + reach)); ++j) {
    for (std::ptrdiff_t i = first(x);
         i <= std::min<std::ptrdiff_t>(s.width() - 1, std::lround(x + reach)); ++i) {
      double sum = 0.0;
      for (int k = 0; k < kSub * kSub; ++k) {
        const double dx = static_cast<double>(i) + (static_cast<double>(k % kSub) - 2.0) / kSub - x;
        const double dy = static_cast<double>(j) + (static_cast<double>(k / kSub) - 2.0) / kSub - y;
        const double q = 1.0 + (dx * dx + dy * dy) / (alpha * alpha);
        sum += 1.0 / (q * q * q);
      }
      s.stars(i, j) += static_cast<float>(norm * sum);
    }
  }
}

/// Adds `count` stars at random places; numbers grow by 10^0.3 per magnitude towards the faint end.
inline void add_stars(Scene& s, int count, double faintest_flux, double brightest_flux,
                      double fwhm) {
  RandomStream stream(s.seed, "stars");
  for (int i = 0; i < count; ++i) {
    // A power law in flux with index -0.75 (cumulative) is 0.3 dex per magnitude.
    const double low = std::pow(brightest_flux, -0.75);
    const double flux = std::pow(stream.uniform(low, std::pow(faintest_flux, -0.75)), -1.0 / 0.75);
    const double x = stream.uniform(0.0, static_cast<double>(s.width()) - 1.0);
    const double y = stream.uniform(0.0, static_cast<double>(s.height()) - 1.0);
    add_star(s, x, y, flux, fwhm);
  }
}

/// Adds particle hits: straight tracks through the silicon, with charge that varies along them, a
/// third of them short (single pixels included), some bent (electrons that scatter).
inline void add_hits(Scene& s, int count) {
  RandomStream stream(s.seed, "hits");
  for (int i = 0; i < count; ++i) {
    double x = stream.uniform(0.0, static_cast<double>(s.width()) - 1.0);
    double y = stream.uniform(0.0, static_cast<double>(s.height()) - 1.0);
    double angle = stream.uniform(0.0, 6.283185307);
    const double length =
        stream.uniform() < 0.33 ? stream.uniform(0.0, 1.5) : 1.0 + 7.0 * stream.exponential();
    const bool bent = stream.uniform() < 0.2;
    const double per_px = 250.0 * std::exp(0.8 * stream.normal());
    constexpr double kStep = 0.1;
    for (double along = 0.0; along <= std::min(length, 80.0); along += kStep) {
      const std::ptrdiff_t px = std::lround(x);
      const std::ptrdiff_t py = std::lround(y);
      if (s.hits.view().contains(px, py)) {
        s.hits(px, py) += static_cast<float>(per_px * kStep * (0.5 + stream.exponential()) *
                                             (length < 1.5 ? 4.0 : 1.0));
      }
      x += kStep * std::cos(angle);
      y += kStep * std::sin(angle);
      if (bent) angle += 0.08 * stream.normal();
    }
  }
}

/// Adds a trail between two points: a line smeared to a Gaussian. [electron per px of length]
inline void add_trail(Scene& s, double x0, double y0, double x1, double y1, double charge_per_px,
                      double fwhm) {
  const double length = std::hypot(x1 - x0, y1 - y0);
  const double ux = (x1 - x0) / length;
  const double uy = (y1 - y0) / length;
  const double sigma = fwhm / 2.3548;
  for (std::ptrdiff_t j = 0; j < s.height(); ++j) {
    for (std::ptrdiff_t i = 0; i < s.width(); ++i) {
      const double dx = static_cast<double>(i) - x0;
      const double dy = static_cast<double>(j) - y0;
      const double across = dx * uy - dy * ux;
      const double along = dx * ux + dy * uy;
      if (std::abs(across) > 6.0 * sigma || along < -5.0 * sigma || along > length + 5.0 * sigma)
        continue;
      const double ends = 0.5 * (std::erf(along / (1.4142 * sigma)) -
                                 std::erf((along - length) / (1.4142 * sigma)));
      s.trails(i, j) +=
          static_cast<float>(charge_per_px * ends *
                             std::exp(-0.5 * across * across / (sigma * sigma)) / (2.5066 * sigma));
    }
  }
}

/// Draws the image and its variance.
inline void expose(Scene& s) {
  s.image = Plane<float>(s.width(), s.height());
  s.variance = s.image;
  for (std::ptrdiff_t y = 0; y < s.height(); ++y) {
    RandomStream stream(s.seed, "expose", static_cast<std::uint64_t>(y));
    for (std::ptrdiff_t x = 0; x < s.width(); ++x) {
      const double mean = s.sky_e + static_cast<double>(s.stars(x, y) + s.trails(x, y));
      const double charge =
          static_cast<double>(stream.poisson(mean)) + static_cast<double>(s.hits(x, y));
      s.image(x, y) = static_cast<float>(charge + s.read_noise_e * stream.normal());
      s.variance(x, y) =
          static_cast<float>(std::max(charge, 0.0) + s.read_noise_e * s.read_noise_e);
    }
  }
}

/// How well hits were found.
struct HitScore {
  std::size_t hit_pixels = 0;  ///< with more than 5 sigma of charge
  std::size_t hit_found = 0;
  std::size_t star_pixels = 0;  ///< with more than 3 sigma of star light
  std::size_t star_lost = 0;    ///< of these, marked without any hit within one pixel
  std::size_t other_lost = 0;   ///< sky pixels marked without any hit within one pixel
  double recall() const {
    return hit_pixels > 0 ? static_cast<double>(hit_found) / static_cast<double>(hit_pixels) : 1.0;
  }
  double star_loss() const {
    return star_pixels > 0 ? static_cast<double>(star_lost) / static_cast<double>(star_pixels)
                           : 0.0;
  }
};

template <class Marked>
HitScore score_hits(const Scene& s, Marked&& marked) {
  HitScore score;
  for (std::ptrdiff_t y = 1; y < s.height() - 1; ++y) {
    for (std::ptrdiff_t x = 1; x < s.width() - 1; ++x) {
      const double noise = s.noise_at(x, y);
      const bool hit = static_cast<double>(s.hits(x, y)) > 5.0 * noise;
      score.hit_pixels += hit ? 1U : 0U;
      score.hit_found += hit && marked(x, y) ? 1U : 0U;
      double nearby = 0.0;
      for (std::ptrdiff_t k = 0; k < 9; ++k) {
        nearby += static_cast<double>(s.hits(x + k % 3 - 1, y + k / 3 - 1));
      }
      const bool star = static_cast<double>(s.stars(x, y)) > 3.0 * noise;
      score.star_pixels += star ? 1U : 0U;
      if (nearby > 0.0 || !marked(x, y)) continue;
      (star ? score.star_lost : score.other_lost) += 1;
    }
  }
  return score;
}

}  // namespace polis::test
