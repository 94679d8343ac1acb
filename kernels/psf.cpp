#include "kernels/psf.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/cubic_spline.h"
#include "kernels/moffat.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t lane = 8;  // floats per vector register
constexpr std::ptrdiff_t round_up(std::ptrdiff_t n) { return (n + lane - 1) / lane * lane; }

/// Mirror of an index about the first and last sample.
std::ptrdiff_t mirror(std::ptrdiff_t i, std::ptrdiff_t count) {
  if (i < 0) i = -i;
  if (i >= count) i = 2 * (count - 1) - i;
  return std::clamp<std::ptrdiff_t>(i, 0, count - 1);
}

Plane<double> coefficients_of(const Plane<float>& samples) {
  Plane<double> plane(samples.width(), samples.height());
  std::copy_n(samples.data(), samples.size(), plane.data());
  spline_coefficients(plane.view());
  return plane;
}

constexpr std::ptrdiff_t smooth_terms = 6;  // up to the squares

/// out = (or +=) sum over terms of factor[t] * rows[t * stride], for a number of terms known to the
/// compiler.
template <int N, bool Add>
void combine(const float* rows, std::ptrdiff_t stride, const float* factor, std::ptrdiff_t count,
             float* __restrict out) {
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    float sum = factor[0] * rows[i];
    for (int t = 1; t < N; ++t) sum += factor[t] * rows[t * stride + i];
    out[i] = Add ? out[i] + sum : sum;
  }
}

using Combine = void (*)(const float*, std::ptrdiff_t, const float*, std::ptrdiff_t, float*);
Combine combine_for(int order) {
  constexpr std::array<Combine, 3> table{combine<1, false>, combine<3, false>, combine<6, false>};
  return table[static_cast<std::size_t>(std::min(order, 2))];
}

/// out[i] = weighted sum of four rows.
void weigh(const float* a, const float* b, const float* c, const float* d,
           const std::array<float, 4>& w, std::ptrdiff_t count, float* __restrict out) {
  for (std::ptrdiff_t i = 0; i < count; ++i)
    out[i] = w[0] * a[i] + w[1] * b[i] + w[2] * c[i] + w[3] * d[i];
}

/// Distance [px] from the middle beyond which the terms above the squares stay below a
/// twenty-thousandth of the peak.
std::ptrdiff_t core_of(const std::vector<Plane<float>>& terms, std::ptrdiff_t oversampling) {
  const std::ptrdiff_t middle = terms.front().width() / 2;
  const float limit = 5e-5F * std::abs(terms.front()(middle, middle));
  std::ptrdiff_t core = 0;
  for (auto t = static_cast<std::size_t>(smooth_terms); t < terms.size(); ++t)
    for (std::ptrdiff_t y = 0; y < terms[t].height(); ++y)
      for (std::ptrdiff_t x = 0; x < terms[t].width(); ++x)
        if (std::abs(terms[t](x, y)) > limit)
          core = std::max({core, std::abs(x - middle), std::abs(y - middle)});
  return core / oversampling + 2;
}

/// Where four spline taps begin for a shift: first sample and weights.
struct Taps {
  std::ptrdiff_t first = 0;
  std::array<float, 4> weight{}, slope{};
  Taps(double shift, int oversampling, std::ptrdiff_t centre) {
    const double s = -shift * oversampling;
    const double whole = std::floor(s);
    first = centre + static_cast<std::ptrdiff_t>(whole) - 1;
    weight = spline_weights(static_cast<float>(s - whole));
    slope = spline_slopes(static_cast<float>(s - whole));
    for (float& value : slope) value *= static_cast<float>(-oversampling);
  }
};

}  // namespace

void psf_polynomial(const PsfModel& model, double x, double y, double* out) {
  const double u = (x - model.x_centre) / model.x_scale;
  const double v = (y - model.y_centre) / model.y_scale;
  // Each degree from the one below: times u, and the last also times v.
  out[0] = 1.0;
  int before = 0, term = 1;
  for (int degree = 1; degree <= model.order; ++degree) {
    for (int q = 0; q < degree; ++q) out[term + q] = u * out[before + q];
    out[term + degree] = v * out[before + degree - 1];
    before = term;
    term += degree + 1;
  }
}

PsfBrush::PsfBrush(const PsfModel& model) : frame_(model), radius_(model.size / 2) {
  frame_.terms.clear();
  fwhm_px_ = model.fwhm_px;
  const std::ptrdiff_t os = model.oversampling;
  padding_ = 2 * os;
  rows_ = os * (2 * radius_ + 8);
  phase_ = round_up(2 * radius_ + 8) + lane;
  terms_ = static_cast<std::ptrdiff_t>(model.terms.size());
  coefficients_.assign(static_cast<std::size_t>(rows_ * os * terms_ * phase_), 0.0F);
  for (std::ptrdiff_t t = 0; t < terms_; ++t) {
    const Plane<double> plane = coefficients_of(model.terms[static_cast<std::size_t>(t)]);
    for (std::ptrdiff_t row = 0; row < rows_; ++row)
      for (std::ptrdiff_t m = 0; m < rows_; ++m)
        coefficients_[static_cast<std::size_t>(((row * os + m % os) * terms_ + t) * phase_ +
                                               m / os)] =
            static_cast<float>(
                plane(mirror(m - padding_, plane.width()), mirror(row - padding_, plane.height())));
  }
  core_ = radius_ + 1;
  if (model.order > 2) core_ = core_of(model.terms, model.oversampling);
}

PsfPencil::PsfPencil(const PsfBrush& brush) : brush_(brush) {
  const auto os = static_cast<std::ptrdiff_t>(brush.frame_.oversampling);
  local_.resize(static_cast<std::size_t>(brush.rows_ * os * brush.phase_));
  across_.resize(static_cast<std::size_t>(brush.rows_ * brush.phase_));
  across_slope_.resize(across_.size());
}

void PsfPencil::place(double x, double y, int radius) {
  radius_ = std::min(radius, brush_.radius_);
  x_ = x;
  y_ = y;
  std::array<double, 15> terms{};
  std::array<float, 15> factor{};
  psf_polynomial(brush_.frame_, x, y, terms.data());
  std::transform(terms.begin(), terms.end(), factor.begin(),
                 [](double value) { return static_cast<float>(value); });
  const std::ptrdiff_t os = brush_.frame_.oversampling;
  const std::ptrdiff_t middle = brush_.radius_ + 3;
  const std::ptrdiff_t first = os * (middle - radius_ - 1) - 1;
  const std::ptrdiff_t last = os * (middle + radius_ + 1) + 3;
  const std::ptrdiff_t left = middle - radius_ - 2;
  const std::ptrdiff_t count = round_up(2 * radius_ + 6);
  const auto from = [&](std::ptrdiff_t line, std::ptrdiff_t term, std::ptrdiff_t at) {
    return brush_.coefficients_.data() + (line * brush_.terms_ + term) * brush_.phase_ + at;
  };
  const std::ptrdiff_t end = std::min(left + count, brush_.phase_);
  const Combine set = combine_for(brush_.frame_.order);
  for (std::ptrdiff_t line = os * std::max<std::ptrdiff_t>(first, 0);
       line < os * std::min(last, brush_.rows_); ++line)
    set(from(line, 0, left), brush_.phase_, factor.data(), end - left,
        local_.data() + line * brush_.phase_ + left);
  if (brush_.frame_.order <= 2) return;
  // What varies with the third power of the place or faster lies in the core.
  const Combine add = brush_.frame_.order == 3 ? combine<4, true> : combine<9, true>;
  const std::ptrdiff_t core = std::min<std::ptrdiff_t>(brush_.core_, radius_ + 2);
  const std::ptrdiff_t core_left = middle - core;
  const std::ptrdiff_t core_count = std::min(round_up(2 * core + 1), end - core_left);
  for (std::ptrdiff_t line = os * std::max(first, os * (middle - core));
       line < os * std::min(last, os * (middle + core) + 1); ++line)
    add(from(line, smooth_terms, core_left), brush_.phase_, factor.data() + smooth_terms,
        core_count, local_.data() + line * brush_.phase_ + core_left);
}

void PsfPencil::place_near(double x, double y, int radius, double tolerance) {
  const PsfModel& frame = brush_.frame_;
  const bool near = std::abs(x - x_) <= tolerance * frame.x_scale &&
                    std::abs(y - y_) <= tolerance * frame.y_scale;
  if (!near || std::min(radius, brush_.radius_) > radius_) place(x, y, radius);
}

void PsfPencil::draw_across(const std::array<const float*, 4>& taps,
                            const std::array<float, 4>& weight, const std::array<float, 4>& slope,
                            std::ptrdiff_t width, bool slopes, std::ptrdiff_t row) {
  float* out = across_.data() + row * width;
  weigh(taps[0], taps[1], taps[2], taps[3], weight, width, out);
  if (slopes)
    weigh(taps[0], taps[1], taps[2], taps[3], slope, width, across_slope_.data() + row * width);
}

void PsfPencil::draw(double dx, double dy, bool slopes, PsfStamp& out) {
  const std::ptrdiff_t os = brush_.frame_.oversampling;
  const std::ptrdiff_t centre = os * (brush_.radius_ + 3);
  const Taps x(std::clamp(dx, -1.0, 1.0), static_cast<int>(os), centre);
  const Taps y(std::clamp(dy, -1.0, 1.0), static_cast<int>(os), centre);
  const std::ptrdiff_t width = round_up(2 * radius_ + 1);
  const std::ptrdiff_t side = 2 * radius_ + 1;
  const std::ptrdiff_t top = y.first - os * radius_;
  const std::ptrdiff_t sample_rows = os * (side - 1) + 4;
  std::array<std::ptrdiff_t, 4> place{};
  for (std::ptrdiff_t tap = 0; tap < 4; ++tap)
    place[static_cast<std::size_t>(tap)] =
        (x.first + tap) % os * brush_.phase_ + (x.first + tap) / os - radius_;
  for (std::ptrdiff_t row = 0; row < sample_rows; ++row) {
    const float* line = local_.data() + (top + row) * os * brush_.phase_;
    draw_across({line + place[0], line + place[1], line + place[2], line + place[3]}, x.weight,
                x.slope, width, slopes, row);
  }
  out.radius = radius_;
  out.stride = width;
  const auto size = static_cast<std::size_t>(side * width + lane);  // a register may be read there
  if (out.value.size() < size) out.value.resize(size);
  if (slopes && out.slope_x.size() < size) {
    out.slope_x.resize(size);
    out.slope_y.resize(size);
  }
  for (std::ptrdiff_t j = 0; j < side; ++j) {
    const float* a = across_.data() + os * j * width;
    weigh(a, a + width, a + 2 * width, a + 3 * width, y.weight, width,
          out.value.data() + j * width);
    if (!slopes) continue;
    const float* b = across_slope_.data() + os * j * width;
    weigh(b, b + width, b + 2 * width, b + 3 * width, y.weight, width,
          out.slope_x.data() + j * width);
    weigh(a, a + width, a + 2 * width, a + 3 * width, y.slope, width,
          out.slope_y.data() + j * width);
  }
}

Plane<float> evaluate_psf(const PsfModel& model, double x, double y, double dx, double dy) {
  if (model.empty()) return {};
  const PsfBrush brush(model);
  PsfPencil pencil(brush);
  PsfStamp stamp;
  pencil.place(x, y, brush.radius());
  pencil.draw(dx, dy, false, stamp);
  Plane<float> out(model.size, model.size);
  double sum = 0.0;
  for (std::ptrdiff_t j = 0; j < model.size; ++j)
    for (std::ptrdiff_t i = 0; i < model.size; ++i) {
      out(i, j) = stamp.value[static_cast<std::size_t>(j * stamp.stride + i)];
      sum += static_cast<double>(out(i, j));
    }
  const auto scale = static_cast<float>(sum > 0.0 ? 1.0 / sum : 1.0);
  for (std::ptrdiff_t i = 0; i < out.size(); ++i) out.data()[i] *= scale;
  return out;
}

}  // namespace polis
