#include "simulate/optics.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

namespace polis {
namespace {

/// t^(-N/2), for a loop over pixels to vectorise.
template <int N>
inline float inverse_power(float t) {
  const float p = 1.0F / t;
  float value = N % 2 == 0 ? 1.0F : std::sqrt(p);
  for (int i = 0; i < N / 2; ++i) value *= p;
  return value;
}

struct Node {
  float offset, weight;
};
constexpr std::array<Node, 3> kThree{
    {{-0.38729833F, 0.27777778F}, {0.0F, 0.44444444F}, {0.38729833F, 0.27777778F}}};
constexpr std::array<Node, 2> kTwo{{{-0.28867513F, 0.5F}, {0.28867513F, 0.5F}}};

struct RowSpan {
  float* pixels;  ///< first pixel to change
  int count;
  float x_first;  ///< its centre minus the star's x
  float y;        ///< row minus the star's y
};

template <int N, std::size_t K>
void draw_row(const RowSpan& row, const OpticalMoffat& shape, float peak,
              const std::array<Node, K>& nodes) {
  const auto q_xx = static_cast<float>(shape.q_xx);
  for (const Node& v : nodes) {
    const float y = row.y + v.offset;
    const float constant = 1.0F + static_cast<float>(shape.q_yy) * y * y;
    const float linear = 2.0F * static_cast<float>(shape.q_xy) * y;
    for (const Node& u : nodes) {
      const float weight = peak * u.weight * v.weight;
      const float x0 = row.x_first + u.offset;
      for (int i = 0; i < row.count; ++i) {
        const float x = x0 + static_cast<float>(i);
        row.pixels[i] += weight * inverse_power<N>(constant + x * (linear + q_xx * x));
      }
    }
  }
}

template <int N>
void draw(View<float> band, std::ptrdiff_t first_row, const OpticalMoffat& shape, double x,
          double y, double flux, double radius) {
  const auto y_low =
      std::max<std::ptrdiff_t>(first_row, static_cast<std::ptrdiff_t>(std::ceil(y - radius)));
  const auto y_high = std::min<std::ptrdiff_t>(first_row + band.height - 1,
                                               static_cast<std::ptrdiff_t>(std::floor(y + radius)));
  const double core = 3.0 * shape.core_radius_px();
  const auto peak = static_cast<float>(flux * shape.norm());
  for (std::ptrdiff_t py = y_low; py <= y_high; ++py) {
    const double dy = static_cast<double>(py) - y;
    const double reach = std::sqrt(std::max(0.0, radius * radius - dy * dy));
    const auto x_low =
        std::max<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(std::ceil(x - reach)));
    const auto x_high = std::min<std::ptrdiff_t>(
        band.width - 1, static_cast<std::ptrdiff_t>(std::floor(x + reach)));
    if (x_high < x_low) continue;
    const RowSpan row{band.row(py - first_row) + x_low, static_cast<int>(x_high - x_low + 1),
                      static_cast<float>(static_cast<double>(x_low) - x), static_cast<float>(dy)};
    if (std::abs(dy) < core) {
      draw_row<N>(row, shape, peak, kThree);
    } else {
      draw_row<N>(row, shape, peak, kTwo);
    }
  }
}

int doubled(double beta) { return std::clamp(static_cast<int>(std::lround(2.0 * beta)), 3, 12); }

/// alpha^2 = fwhm^2 * this.
double alpha2_per_fwhm2(double beta) { return 0.25 / (std::exp2(1.0 / beta) - 1.0); }

}  // namespace

double OpticalMoffat::norm() const {
  return (beta - 1.0) / std::numbers::pi * std::sqrt(q_xx * q_yy - q_xy * q_xy);
}

double OpticalMoffat::core_radius_px() const { return std::pow(q_xx * q_yy - q_xy * q_xy, -0.25); }

double OpticalMoffat::fwhm_px() const {
  return core_radius_px() / std::sqrt(alpha2_per_fwhm2(beta));
}

Widths& Widths::add_round(double width) {
  xx += width * width;
  yy += width * width;
  return *this;
}

Widths& Widths::add_along(double width, double direction_x, double direction_y) {
  const double length2 = direction_x * direction_x + direction_y * direction_y;
  if (length2 <= 0.0) return *this;
  const double scale = width * width / length2;
  xx += scale * direction_x * direction_x;
  xy += scale * direction_x * direction_y;
  yy += scale * direction_y * direction_y;
  return *this;
}

OpticalMoffat moffat_of(const Widths& fwhm, double beta) {
  const double rounded = 0.5 * doubled(beta);
  const double scale = alpha2_per_fwhm2(rounded);
  const double det = fwhm.xx * fwhm.yy - fwhm.xy * fwhm.xy;
  const double inverse = 1.0 / (det * scale);
  return {rounded, fwhm.yy * inverse, -fwhm.xy * inverse, fwhm.xx * inverse};
}

OpticalMoffat PsfField::at(double x, double y) const {
  const double dx = x - centre_x;
  const double dy = y - centre_y;
  const double r = std::hypot(dx, dy);
  Widths widths = tracking;
  widths.add_round(seeing_fwhm_px);
  // Coma and field curvature: grow with the square of the distance, mostly along the radius.
  const double part = r / half_diagonal;
  const double growth =
      seeing_fwhm_px * std::sqrt(corner_growth * (2.0 + corner_growth)) * part * part;
  widths.add_along(growth, dx, dy).add_round(0.4 * growth);
  // A uniform arc of length L has a variance of L^2 / 12; FWHM^2 = 8 ln 2 times that.
  const double arc = r * rotation_rad;
  widths.add_along(arc * std::sqrt(8.0 * std::numbers::ln2 / 12.0), -dy, dx);
  return moffat_of(widths, beta);
}

double PsfField::spread_px2() const {
  double sum = 0.0;
  for (const Image& image : images)
    sum += image.weight * (image.dx * image.dx + image.dy * image.dy);
  return sum;
}

std::vector<PsfField::Image> ring_of_images(double radius_px) {
  const int count = std::clamp(static_cast<int>(std::ceil(5.0 * radius_px)), 6, 48);
  std::vector<PsfField::Image> images;
  for (int i = 0; i < count; ++i) {
    const double angle = 2.0 * std::numbers::pi * i / count;
    images.push_back({radius_px * std::cos(angle), radius_px * std::sin(angle), 1.0 / count});
  }
  return images;
}

double star_radius_px(const OpticalMoffat& shape, double flux, double faintest, double missing) {
  const double alpha = shape.core_radius_px();
  const double by_light = std::pow(missing, -1.0 / (shape.beta - 1.0)) - 1.0;
  const double ratio = flux * shape.norm() / std::max(faintest, 1.0e-6);
  const double by_brightness = ratio > 1.0 ? std::pow(ratio, 1.0 / shape.beta) - 1.0 : 0.0;
  // Ellipticity: the long axis reaches farther than the mean radius.
  const double stretch = std::sqrt(std::max(shape.q_xx, shape.q_yy)) * alpha;
  return alpha * std::max(1.0, stretch) * std::sqrt(std::max(by_light, by_brightness));
}

void draw_star(View<float> band, std::ptrdiff_t first_row, const OpticalMoffat& shape, double x,
               double y, double flux, double radius_px) {
  using Draw =
      void (*)(View<float>, std::ptrdiff_t, const OpticalMoffat&, double, double, double, double);
  static constexpr std::array<Draw, 10> kDraw{draw<3>, draw<4>, draw<5>,  draw<6>,  draw<7>,
                                              draw<8>, draw<9>, draw<10>, draw<11>, draw<12>};
  kDraw.at(static_cast<std::size_t>(doubled(shape.beta) - 3))(band, first_row, shape, x, y, flux,
                                                              radius_px);
}

Plane<float> psf_kernel(const PsfField& psf, const OpticalMoffat& shape, int half) {
  const int size = 2 * half + 1;
  Plane<float> kernel(size, size);
  double sum = 0.0;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      double value = 0.0;
      for (const PsfField::Image& image : psf.images) {
        const double dx = x - half - image.dx;
        const double dy = y - half - image.dy;
        const double t =
            1.0 + shape.q_xx * dx * dx + 2.0 * shape.q_xy * dx * dy + shape.q_yy * dy * dy;
        value += image.weight * std::pow(t, -shape.beta);
      }
      kernel(x, y) = static_cast<float>(value);
      sum += value;
    }
  }
  for (float& v : std::span(kernel.data(), static_cast<std::size_t>(kernel.size())))
    v = static_cast<float>(v / sum);
  return kernel;
}

}  // namespace polis
