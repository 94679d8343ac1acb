#include "kernels/psf_detail.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/parallel.h"
#include "kernels/psf_taps.h"
#include "kernels/simd.h"

namespace polis {
namespace {

using Vector = std::vector<float>;
using Polynomial = std::array<float, 15>;

/// In an order that the lanes fix.
double dot(const Vector& a, const Vector& b) {
  constexpr std::size_t block = 4096;
  double total = 0.0;
  for (std::size_t first = 0; first < a.size(); first += block) {
    const std::size_t last = std::min(a.size(), first + block);
    simd::Float8 part{};
    std::size_t i = first;
    for (; i + simd::lanes <= last; i += simd::lanes) part += simd::load(&a[i]) * simd::load(&b[i]);
    for (; i < last; ++i) part[0] += a[i] * b[i];
    total += simd::sum(part);
  }
  return total;
}

void add_scaled(const float* in, float factor, std::size_t count, float* __restrict out) {
  for (std::size_t i = 0; i < count; ++i) out[i] += factor * in[i];
}

/// Stars that stand so near to each other that the polynomial may be taken at their middle.
struct StarCell {
  std::vector<std::size_t> stars;
  Polynomial polynomial{};
};

/// The good stars in a grid of cells over the field, each an eighth of it wide: what varies over
/// the field is a small part of a small correction.
std::vector<StarCell> cells_of(const PsfModel& model, const std::vector<PsfStarStamp>& stars,
                               int order) {
  const int across = order == 0 ? 1 : 8;
  std::vector<StarCell> grid(static_cast<std::size_t>(across * across));
  const auto place = [&](double at, double centre, double scale) {
    return std::clamp(static_cast<int>(0.5 * across * ((at - centre) / scale + 1.0)), 0,
                      across - 1);
  };
  for (std::size_t k = 0; k < stars.size(); ++k)
    if (stars[k].good)
      grid[static_cast<std::size_t>(place(stars[k].y(), model.y_centre, model.y_scale) * across +
                                    place(stars[k].x(), model.x_centre, model.x_scale))]
          .stars.push_back(k);
  std::erase_if(grid, [](const StarCell& cell) { return cell.stars.empty(); });
  for (StarCell& cell : grid) {
    double x = 0.0, y = 0.0;
    for (const std::size_t k : cell.stars) x += stars[k].x(), y += stars[k].y();
    const auto count = static_cast<double>(cell.stars.size());
    std::array<double, 15> exact{};
    psf_polynomial(model, x / count, y / count, exact.data());
    std::transform(exact.begin(), exact.end(), cell.polynomial.begin(),
                   [](double value) { return static_cast<float>(value); });
  }
  return grid;
}

/// The linear problem: unknowns u (terms x samples), coefficients = envelope * smooth(u),
/// predictions = spline at pixels.
class DetailProblem {
 public:
  DetailProblem(const PsfModel& model, const std::vector<PsfStarStamp>& stars,
                const PsfDetailSettings& settings)
      : stars_(stars),
        side_(psf_samples(model.size, model.oversampling)),
        reach_(std::min(settings.radius_px, static_cast<double>(model.size / 2))),
        taps_(side_, model.oversampling, static_cast<int>(reach_) + 1) {
    const int order = std::min(settings.order, model.order);
    terms_ = static_cast<std::size_t>(psf_term_count(order));
    cells_ = cells_of(model, stars, order);
    plane_ = static_cast<std::size_t>(side_ * side_);
    make_envelope(model, settings);
    make_smoothing(settings.smooth_px * model.oversampling);
  }

  std::size_t unknowns() const { return terms_ * plane_; }
  std::size_t terms() const { return terms_; }

  /// Spline coefficients that u stands for.
  Vector coefficients(const Vector& u) const {
    Vector out(u);
    for (std::size_t t = 0; t < terms_; ++t) {
      float* plane = out.data() + t * plane_;
      smooth(plane);
      for (std::size_t i = 0; i < plane_; ++i) plane[i] *= envelope_[i];
    }
    return out;
  }

  /// Gradient of the data term with respect to u, from one with respect to the coefficients.
  Vector back(Vector gradient) const {
    for (std::size_t t = 0; t < terms_; ++t) {
      float* plane = gradient.data() + t * plane_;
      for (std::size_t i = 0; i < plane_; ++i) plane[i] *= envelope_[i];
      smooth(plane);
    }
    return gradient;
  }

  /// Sum over stars and pixels of weight * (target or prediction) spread back on the coefficients.
  /// `coefficients` empty: the targets themselves (data minus `profile` and background).
  Vector spread(const Vector& coefficients, const std::vector<std::vector<float>>& targets) const {
    const std::size_t size = taps_.size();
    std::vector<float> laid(coefficients.empty() ? 0 : terms_ * size);
    for (std::size_t t = 0; t * size < laid.size(); ++t)
      taps_.lay(coefficients.data() + t * plane_, laid.data() + t * size);
    std::vector<Vector> parts(cells_.size());
    parallel_for(static_cast<std::ptrdiff_t>(cells_.size()), [&](std::ptrdiff_t c) {
      const StarCell& cell = cells_[static_cast<std::size_t>(c)];
      Vector& sums = parts[static_cast<std::size_t>(c)];
      sums.assign(size, 0.0F);
      Vector local(laid.empty() ? 0 : size, 0.0F);
      for (std::size_t t = 0; t < terms_ && !laid.empty(); ++t)
        add_scaled(laid.data() + t * size, cell.polynomial[t], size, local.data());
      PsfTaps::Scratch scratch;
      for (const std::size_t k : cell.stars)
        taps_.spread(stars_[k], laid.empty() ? nullptr : local.data(),
                     laid.empty() ? targets[k].data() : nullptr, sums.data(), scratch);
    });
    return total_of(parts);
  }

  /// Nearly the diagonal of the data term: neighbouring samples are bound so closely that each
  /// row's sum may stand in its diagonal, and the polynomial's terms are taken as independent.
  Vector diagonal() const {
    Vector flat(unknowns(), 0.0F);
    std::fill_n(flat.begin(), plane_, 1.0F);
    const Vector sums = spread(flat, {});
    Vector row(sums.begin(), sums.begin() + static_cast<std::ptrdiff_t>(plane_));
    for (std::size_t i = 0; i < plane_; ++i) row[i] *= envelope_[i] * envelope_[i];
    std::vector<float> squares(kernel_);
    for (float& value : squares) value *= value;
    convolve(row.data(), squares);
    Vector out;
    for (std::size_t t = 0; t < terms_; ++t) {
      float square = 0.0F, count = 0.0F;
      for (const StarCell& cell : cells_) {
        const auto stars = static_cast<float>(cell.stars.size());
        square += stars * cell.polynomial[t] * cell.polynomial[t];
        count += stars;
      }
      for (std::size_t i = 0; i < plane_; ++i)
        out.push_back(row[i] * square / std::max(count, 1.0F));
    }
    return out;
  }

 private:
  void make_envelope(const PsfModel& model, const PsfDetailSettings& settings) {
    envelope_.assign(plane_, 0.0F);
    const std::ptrdiff_t middle = side_ / 2;
    const Plane<float>& base = model.terms.front();
    const auto peak = static_cast<double>(base(middle, middle));
    for (std::ptrdiff_t y = 0; y < side_; ++y)
      for (std::ptrdiff_t x = 0; x < side_; ++x) {
        const double r =
            std::hypot(static_cast<double>(x - middle), static_cast<double>(y - middle)) /
            model.oversampling;
        if (r >= reach_) continue;
        const double taper = std::min(1.0, 2.0 * (1.0 - r / reach_));
        envelope_[static_cast<std::size_t>(y * side_ + x)] =
            static_cast<float>(settings.amplitude * taper *
                               (std::abs(static_cast<double>(base(x, y))) + 0.003 * peak));
      }
  }

  void make_smoothing(double sigma) {
    const int radius = static_cast<int>(std::ceil(2.5 * sigma));
    double norm = 0.0;
    for (int i = -radius; i <= radius; ++i)
      norm += std::exp(-static_cast<double>(i * i) / (sigma * sigma));
    // The sum of squares is one: the variance of the prior stays 1.
    for (int i = -radius; i <= radius; ++i)
      kernel_.push_back(
          static_cast<float>(std::exp(-0.5 * i * i / (sigma * sigma)) / std::sqrt(norm)));
  }

  /// Convolves the plane along its lines, then across them; zero outside.
  void smooth(float* plane) const { convolve(plane, kernel_); }
  void convolve(float* plane, const std::vector<float>& kernel) const {
    const auto radius = static_cast<std::ptrdiff_t>(kernel.size() / 2);
    if (radius == 0) return;
    Vector other(plane_, 0.0F);
    for (std::ptrdiff_t line = 0; line < side_; ++line)
      for (std::ptrdiff_t k = -radius; k <= radius; ++k) {
        const std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, -k);
        const std::ptrdiff_t count = side_ - std::abs(k);
        if (count > 0)
          add_scaled(plane + line * side_ + first + k, kernel[static_cast<std::size_t>(k + radius)],
                     static_cast<std::size_t>(count), other.data() + line * side_ + first);
      }
    std::fill_n(plane, plane_, 0.0F);
    for (std::ptrdiff_t line = 0; line < side_; ++line)
      for (std::ptrdiff_t k = std::max(-radius, -line); k <= std::min(radius, side_ - 1 - line);
           ++k)
        add_scaled(other.data() + (line + k) * side_, kernel[static_cast<std::size_t>(k + radius)],
                   static_cast<std::size_t>(side_), plane + line * side_);
  }

  /// The cells' sums together, in their order.
  Vector total_of(const std::vector<Vector>& parts) const {
    Vector laid(terms_ * taps_.size(), 0.0F);
    for (std::size_t c = 0; c < parts.size(); ++c)
      for (std::size_t t = 0; t < terms_; ++t)
        add_scaled(parts[c].data(), cells_[c].polynomial[t], taps_.size(),
                   laid.data() + t * taps_.size());
    Vector total(unknowns(), 0.0F);
    for (std::size_t t = 0; t < terms_; ++t)
      taps_.add_back(laid.data() + t * taps_.size(), total.data() + t * plane_);
    return total;
  }

  const std::vector<PsfStarStamp>& stars_;
  std::vector<StarCell> cells_;
  std::ptrdiff_t side_ = 0;
  std::size_t terms_ = 0, plane_ = 0;
  double reach_;
  PsfTaps taps_;
  Vector envelope_, kernel_;
};

/// The inverse of the diagonal of (prior + data), nearly.
Vector inverse_diagonal(const DetailProblem& problem) {
  Vector out = problem.diagonal();
  for (float& value : out) value = 1.0F / (1.0F + value);
  return out;
}

/// (prior + data) u.
Vector image_of(const DetailProblem& problem, const Vector& u) {
  Vector image = problem.back(problem.spread(problem.coefficients(u), {}));
  add_scaled(u.data(), 1.0F, u.size(), image.data());
  return image;
}

/// Solves (prior + data) u = right by conjugate gradients, from where `u` stands.
void solve(const DetailProblem& problem, const Vector& right, int iterations, Vector& u) {
  Vector residual = right;
  if (u.size() == right.size()) {
    const Vector image = image_of(problem, u);
    add_scaled(image.data(), -1.0F, image.size(), residual.data());
  } else {
    u.assign(right.size(), 0.0F);
  }
  const Vector inverse = inverse_diagonal(problem);
  const auto preconditioned = [&] {
    Vector out = residual;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] *= inverse[i];
    return out;
  };
  Vector direction = preconditioned();
  double norm = dot(residual, direction);
  const double target = 1e-6 * dot(right, right);
  for (int k = 0; k < iterations && norm > target; ++k) {
    const Vector image = image_of(problem, direction);
    const auto alpha = static_cast<float>(norm / dot(direction, image));
    add_scaled(direction.data(), alpha, u.size(), u.data());
    add_scaled(image.data(), -alpha, u.size(), residual.data());
    const Vector better = preconditioned();
    const double next = dot(residual, better);
    const auto beta = static_cast<float>(next / norm);
    for (std::size_t i = 0; i < u.size(); ++i) direction[i] = better[i] + beta * direction[i];
    norm = next;
  }
}

/// Samples of the spline whose coefficients are given; outside counts as zero.
Plane<double> samples_of(const float* coefficients, std::ptrdiff_t side) {
  constexpr std::array<double, 3> weight{1.0 / 6.0, 4.0 / 6.0, 1.0 / 6.0};
  Plane<double> out(side, side);
  for (std::ptrdiff_t y = 1; y + 1 < side; ++y)
    for (std::ptrdiff_t x = 1; x + 1 < side; ++x)
      for (std::ptrdiff_t b = -1; b <= 1; ++b)
        for (std::ptrdiff_t a = -1; a <= 1; ++a)
          out(x, y) += weight[static_cast<std::size_t>(a + 1)] *
                       weight[static_cast<std::size_t>(b + 1)] *
                       static_cast<double>(coefficients[(y + b) * side + x + a]);
  return out;
}

double sum_of(const Plane<double>& plane) {
  double sum = 0.0;
  for (std::ptrdiff_t i = 0; i < plane.size(); ++i) sum += plane.data()[i];
  return sum;
}

/// Takes out of `plane` what a shift of `base` would do along one axis (step: distance of
/// neighbours in memory).
void keep_centre(Plane<double>& plane, const Plane<float>& base, std::ptrdiff_t step) {
  double both = 0.0, slopes = 0.0;
  const auto slope = [&](std::ptrdiff_t i) {
    return static_cast<double>(base.data()[i + step] - base.data()[i - step]);
  };
  for (std::ptrdiff_t i = step; i + step < plane.size(); ++i) {
    both += plane.data()[i] * slope(i);
    slopes += slope(i) * slope(i);
  }
  if (!(slopes > 0.0)) return;
  for (std::ptrdiff_t i = step; i + step < plane.size(); ++i)
    plane.data()[i] -= both / slopes * slope(i);
}

}  // namespace

void fit_psf_detail(PsfModel& model, const std::vector<PsfStarStamp>& stars,
                    const PsfDetailSettings& settings, std::vector<float>& solution) {
  const PsfBrush brush(model);
  std::vector<std::vector<float>> targets(stars.size());
  parallel_bands(static_cast<std::ptrdiff_t>(stars.size()), 8, [&](auto first, auto last) {
    PsfPencil pencil(brush);
    PsfStamp stamp;
    for (auto k = static_cast<std::size_t>(first); k < static_cast<std::size_t>(last); ++k) {
      const PsfStarStamp& star = stars[k];
      if (!star.good) continue;
      pencil.place(star.x(), star.y(), star.radius);
      pencil.draw(star.dx, star.dy, false, stamp);
      targets[k].resize(star.data.size());
      for (std::size_t p = 0; p < targets[k].size(); ++p)
        targets[k][p] = star.data[p] - static_cast<float>(star.flux) * stamp.value[p] -
                        static_cast<float>(star.background);
    }
  });
  const DetailProblem problem(model, stars, settings);
  const Vector right = problem.back(problem.spread({}, targets));
  solve(problem, right, settings.iterations, solution);
  const Vector found = problem.coefficients(solution);
  const std::ptrdiff_t side = psf_samples(model.size, model.oversampling);
  const Plane<float> base = model.terms.front();
  double base_sum = 0.0;
  for (std::ptrdiff_t i = 0; i < base.size(); ++i) base_sum += static_cast<double>(base.data()[i]);
  for (std::size_t t = 0; t < problem.terms(); ++t) {
    Plane<double> plane =
        samples_of(found.data() + static_cast<std::ptrdiff_t>(t) * side * side, side);
    keep_centre(plane, base, 1);
    keep_centre(plane, base, side);
    const double share = sum_of(plane) / base_sum;
    for (std::ptrdiff_t i = 0; i < plane.size(); ++i)
      model.terms[t].data()[i] +=
          static_cast<float>(plane.data()[i] - share * static_cast<double>(base.data()[i]));
  }
}

}  // namespace polis
