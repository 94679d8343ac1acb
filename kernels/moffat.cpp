#include "kernels/moffat.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "kernels/psf.h"
#include "kernels/vector_math.h"

namespace polis {
namespace {

struct Node {
  double place, weight;
};
// Gauss-Legendre nodes on a pixel: -0.5 .. 0.5, weights sum to 1.
constexpr std::array<Node, 2> two{{{-0.28867513459481287, 0.5}, {0.28867513459481287, 0.5}}};
constexpr std::array<Node, 3> three{
    {{-0.38729833462074170, 5.0 / 18.0}, {0.0, 8.0 / 18.0}, {0.38729833462074170, 5.0 / 18.0}}};
constexpr std::array<Node, 4> four{{{-0.43056815579702629, 0.17392742256872693},
                                    {-0.16999052179242813, 0.32607257743127307},
                                    {0.16999052179242813, 0.32607257743127307},
                                    {0.43056815579702629, 0.17392742256872693}}};

/// A shape made ready: q = xx u^2 + 2 xy u v + yy v^2.
struct Profile {
  double xx, xy, yy, beta, norm;
  explicit Profile(const MoffatShape& shape) {
    const double e = shape.e1 * shape.e1 + shape.e2 * shape.e2;
    const double scale = std::exp(-2.0 * shape.log_alpha) / std::sqrt(1.0 - e);
    xx = scale * (1.0 - shape.e1);
    yy = scale * (1.0 + shape.e1);
    xy = -scale * shape.e2;
    beta = 1.0 / shape.inverse_beta;
    norm = (beta - 1.0) / std::numbers::pi * std::exp(-2.0 * shape.log_alpha);
  }
  double radius2(double u, double v) const { return xx * u * u + 2.0 * xy * u * v + yy * v * v; }
  double at(double u, double v) const { return std::exp(-beta * std::log1p(radius2(u, v))); }
  template <std::size_t N>
  double over_pixel(const std::array<Node, N>& nodes, double u, double v) const {
    double sum = 0.0;
    for (const Node& b : nodes)
      for (const Node& a : nodes) sum += a.weight * b.weight * at(u + a.place, v + b.place);
    return norm * sum;
  }
  double pixel(double u, double v) const { return over_pixel(four, u, v); }
};

/// The profile for eight samples of a row at a time.
class RowProfile {
 public:
  explicit RowProfile(const MoffatShape& shape) : RowProfile(shape, Profile(shape)) {}

  /// Values (one sum) or derivatives (four) of the samples at u .. and v.
  template <std::size_t Sums>
  std::array<simd::Float8, Sums> over_pixels(simd::Float8 u, float v) const {
    const simd::Float8 r = u * u + v * v;
    const unsigned far = simd::bits((radius2(u, v) > 9.0F) & (r > 9.0F));
    if (far == 0xFF) return integrate<Sums>(two, u, v);
    return sharp_ ? integrate<Sums>(four, u, v) : integrate<Sums>(three, u, v);
  }

 private:
  RowProfile(const MoffatShape& shape, const Profile& exact)
      : xx_(single(exact.xx)),
        xy_(single(exact.xy)),
        yy_(single(exact.yy)),
        beta_(single(exact.beta)),
        norm_(single(exact.norm)),
        log_norm_beta_(single(1.0 / (exact.beta - 1.0))),
        e1_(single(shape.e1)),
        e2_(single(shape.e2)),
        spread_(single(1.0 / (1.0 - shape.e1 * shape.e1 - shape.e2 * shape.e2))),
        scale_(0.5F * (xx_ + yy_)),
        sharp_(shape.fwhm_px() < 2.5) {}
  static float single(double value) { return static_cast<float>(value); }
  simd::Float8 radius2(simd::Float8 u, simd::Float8 v) const {
    return (xx_ * u + 2.0F * xy_ * v) * u + yy_ * (v * v);
  }
  simd::Float8 radius2(simd::Float8 u, float v) const { return radius2(u, simd::splat(v)); }

  template <std::size_t Sums, std::size_t N>
  std::array<simd::Float8, Sums> integrate(const std::array<Node, N>& nodes, simd::Float8 u,
                                           float v) const {
    std::array<simd::Float8, Sums> sums{};
    for (const Node& b : nodes)
      for (const Node& a : nodes)
        add(u + single(a.place), simd::splat(v + single(b.place)),
            norm_ * single(a.weight * b.weight), sums);
    return sums;
  }

  void add(simd::Float8 u, simd::Float8 v, float weight, std::array<simd::Float8, 1>& sums) const {
    sums[0] += weight * simd::exponential(-beta_ * simd::logarithm(1.0F + radius2(u, v)));
  }

  /// By log_alpha, e1, e2 and 1 / beta.
  void add(simd::Float8 u, simd::Float8 v, float weight, std::array<simd::Float8, 4>& sums) const {
    const simd::Float8 q = radius2(u, v);
    const simd::Float8 log = simd::logarithm(1.0F + q);
    const simd::Float8 value = weight * simd::exponential(-beta_ * log);
    const simd::Float8 by_q = -beta_ * value / (1.0F + q);
    sums[0] += -2.0F * (value + q * by_q);
    sums[1] += by_q * (q * (e1_ * spread_) + scale_ * (v * v - u * u));
    sums[2] += by_q * (q * (e2_ * spread_) - 2.0F * scale_ * (u * v));
    sums[3] += -beta_ * beta_ * value * (log_norm_beta_ - log);
  }

  float xx_, xy_, yy_, beta_, norm_;
  float log_norm_beta_;  // derivative of ln norm by beta
  float e1_, e2_;
  float spread_;  // 1 / (1 - e^2)
  float scale_;
  bool sharp_;  // three nodes are wrong by 0.006 / fwhm_px^6
};

/// Planes of sums, symmetric about the middle sample.
template <std::size_t Sums>
std::array<Plane<float>, Sums> sample(const MoffatShape& shape, int size, int oversampling) {
  const RowProfile profile(shape);
  const std::ptrdiff_t side = psf_samples(size, oversampling);
  const std::ptrdiff_t middle = side / 2;
  const float step = 1.0F / static_cast<float>(oversampling);
  std::array<Plane<float>, Sums> out;
  out.fill(Plane<float>(side, side));
  std::array<float, simd::lanes> eight;
  for (std::ptrdiff_t y = 0; y <= middle; ++y)
    for (std::ptrdiff_t x = 0; x < side; x += static_cast<std::ptrdiff_t>(simd::lanes)) {
      const simd::Float8 u = step * (simd::ramp() + static_cast<float>(x - middle));
      const auto sums =
          profile.template over_pixels<Sums>(u, step * static_cast<float>(y - middle));
      const std::ptrdiff_t count = std::min(side - x, static_cast<std::ptrdiff_t>(simd::lanes));
      for (std::size_t k = 0; k < Sums; ++k) {
        simd::store(eight.data(), sums[k]);
        std::copy_n(eight.data(), count, &out[k](x, y));
        std::reverse_copy(eight.data(), eight.data() + count,
                          &out[k](side - x - count, side - 1 - y));
      }
    }
  return out;
}

}  // namespace

MoffatShape MoffatShape::of_fwhm(double fwhm_px, double beta) {
  MoffatShape shape;
  shape.inverse_beta = 1.0 / beta;
  shape.log_alpha = std::log(fwhm_px / (2.0 * std::sqrt(std::exp2(shape.inverse_beta) - 1.0)));
  return shape;
}

double MoffatShape::fwhm_px() const {
  return 2.0 * std::exp(log_alpha) * std::sqrt(std::exp2(inverse_beta) - 1.0);
}

double moffat_pixel(const MoffatShape& shape, double u, double v) {
  return Profile(shape).pixel(u, v);
}

Plane<float> moffat_samples(const MoffatShape& shape, int size, int oversampling) {
  return sample<1>(shape, size, oversampling)[0];
}

std::array<Plane<float>, 4> moffat_slopes(const MoffatShape& shape, int size, int oversampling) {
  return sample<4>(shape, size, oversampling);
}

Plane<double> gaussian_samples(double fwhm_px, int size, int oversampling) {
  // sqrt(8 ln 2) sigma = FWHM; the integral over a pixel is a difference of error functions.
  const double scale = std::sqrt(4.0 * std::numbers::ln2) / fwhm_px;
  const auto share = [&](double u) {
    return 0.5 * (std::erf((u + 0.5) * scale) - std::erf((u - 0.5) * scale));
  };
  const std::ptrdiff_t side = psf_samples(size, oversampling);
  std::vector<double> line(static_cast<std::size_t>(side));
  for (std::ptrdiff_t i = 0; i < side; ++i)
    line[static_cast<std::size_t>(i)] =
        share(static_cast<double>(i - side / 2) / static_cast<double>(oversampling));
  Plane<double> out(side, side);
  for (std::ptrdiff_t y = 0; y < side; ++y)
    for (std::ptrdiff_t x = 0; x < side; ++x)
      out(x, y) = line[static_cast<std::size_t>(x)] * line[static_cast<std::size_t>(y)];
  return out;
}

}  // namespace polis
