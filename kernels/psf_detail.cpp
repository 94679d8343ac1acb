#include "kernels/psf_detail.h"

#include <algorithm>
#include <cmath>

#include "kernels/parallel.h"
#include "kernels/psf_taps.h"

namespace polis {
namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

template <class T>
void add_scaled(const T* in, T factor, std::size_t count, T* __restrict out) {
  for (std::size_t i = 0; i < count; ++i) out[i] += factor * in[i];
}

/// The linear problem: unknowns u (terms x samples), coefficients = envelope * smooth(u),
/// predictions = spline at pixels.
class DetailProblem {
 public:
  DetailProblem(const PsfModel& model, const std::vector<PsfStarStamp>& stars,
                const PsfDetailSettings& settings)
      : model_(model),
        stars_(stars),
        side_(psf_samples(model.size, model.oversampling)),
        reach_(std::min(settings.radius_px, static_cast<double>(model.size / 2))),
        taps_(side_, model.oversampling, static_cast<int>(reach_) + 1) {
    terms_ = static_cast<std::size_t>(psf_term_count(std::min(settings.order, model.order)));
    plane_ = static_cast<std::size_t>(side_ * side_);
    make_envelope(settings);
    make_smoothing(settings.smooth_px * model.oversampling);
  }

  std::size_t unknowns() const { return terms_ * plane_; }

  /// Spline coefficients that u stands for.
  Vector coefficients(const Vector& u) const {
    Vector out(u.size());
    for (std::size_t t = 0; t < terms_; ++t) {
      Vector plane(u.begin() + offset(t), u.begin() + offset(t + 1));
      smooth(plane);
      for (std::size_t i = 0; i < plane_; ++i) out[t * plane_ + i] = envelope_[i] * plane[i];
    }
    return out;
  }

  /// Gradient of the data term with respect to u, from one with respect to the coefficients.
  Vector back(Vector gradient) const {
    for (std::size_t t = 0; t < terms_; ++t) {
      Vector plane(plane_);
      for (std::size_t i = 0; i < plane_; ++i) plane[i] = envelope_[i] * gradient[t * plane_ + i];
      smooth(plane);
      std::copy(plane.begin(), plane.end(), gradient.begin() + offset(t));
    }
    return gradient;
  }

  /// Sum over stars and pixels of weight * (target or prediction) spread back on the coefficients.
  /// `coefficients` empty: the targets themselves (data minus `profile` and background).
  Vector spread(const Vector& coefficients, const std::vector<std::vector<float>>& targets) const {
    constexpr std::ptrdiff_t grain = 8;
    const auto count = static_cast<std::ptrdiff_t>(stars_.size());
    const std::size_t size = taps_.size();
    std::vector<float> laid(coefficients.empty() ? 0 : terms_ * size);
    for (std::size_t t = 0; t * size < laid.size(); ++t)
      taps_.lay(coefficients.data() + t * plane_, laid.data() + t * size);
    std::vector<std::vector<float>> parts(static_cast<std::size_t>((count + grain - 1) / grain));
    parallel_bands(count, grain, [&](auto first, auto last) {
      std::vector<float>& part = parts[static_cast<std::size_t>(first / grain)];
      part.assign(terms_ * size, 0.0F);
      PsfTaps::Scratch scratch;
      std::vector<float> local(size), sums(size);
      for (auto k = static_cast<std::size_t>(first); k < static_cast<std::size_t>(last); ++k) {
        if (!stars_[k].good) continue;
        const auto polynomial = polynomial_at(stars_[k]);
        std::fill(sums.begin(), sums.end(), 0.0F);
        if (!laid.empty()) {
          std::fill(local.begin(), local.end(), 0.0F);
          for (std::size_t t = 0; t < terms_; ++t)
            add_scaled(laid.data() + t * size, polynomial[t], size, local.data());
        }
        taps_.spread(stars_[k], laid.empty() ? nullptr : local.data(),
                     laid.empty() ? targets[k].data() : nullptr, sums.data(), scratch);
        for (std::size_t t = 0; t < terms_; ++t)
          add_scaled(sums.data(), polynomial[t], size, part.data() + t * size);
      }
    });
    return total_of(parts);
  }

 private:
  std::ptrdiff_t offset(std::size_t term) const {
    return static_cast<std::ptrdiff_t>(term * plane_);
  }

  void make_envelope(const PsfDetailSettings& settings) {
    envelope_.assign(plane_, 0.0);
    const std::ptrdiff_t middle = side_ / 2;
    const Plane<float>& base = model_.terms.front();
    const auto peak = static_cast<double>(base(middle, middle));
    for (std::ptrdiff_t y = 0; y < side_; ++y)
      for (std::ptrdiff_t x = 0; x < side_; ++x) {
        const double r =
            std::hypot(static_cast<double>(x - middle), static_cast<double>(y - middle)) /
            model_.oversampling;
        if (r >= reach_) continue;
        const double taper = std::min(1.0, 2.0 * (1.0 - r / reach_));
        envelope_[static_cast<std::size_t>(y * side_ + x)] =
            settings.amplitude * taper * (std::abs(static_cast<double>(base(x, y))) + 0.003 * peak);
      }
  }

  void make_smoothing(double sigma) {
    const int radius = static_cast<int>(std::ceil(2.5 * sigma));
    double norm = 0.0;
    for (int i = -radius; i <= radius; ++i)
      kernel_.push_back(std::exp(-0.5 * i * i / (sigma * sigma)));
    for (const double value : kernel_) norm += value * value;
    for (double& value : kernel_) value /= std::sqrt(norm);  // variance of the prior stays 1
  }

  /// Convolves the plane along its lines, then across them; zero outside.
  void smooth(Vector& plane) const {
    const auto radius = static_cast<std::ptrdiff_t>(kernel_.size() / 2);
    if (radius == 0) return;
    Vector other(plane.size(), 0.0);
    for (std::ptrdiff_t k = -radius; k <= radius; ++k) {
      const double weight = kernel_[static_cast<std::size_t>(k + radius)];
      const std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, -k);
      const std::ptrdiff_t count = side_ - std::abs(k);
      for (std::ptrdiff_t line = 0; line < side_ && count > 0; ++line)
        add_scaled(plane.data() + line * side_ + first + k, weight, static_cast<std::size_t>(count),
                   other.data() + line * side_ + first);
    }
    std::fill(plane.begin(), plane.end(), 0.0);
    for (std::ptrdiff_t k = -radius; k <= radius; ++k) {
      const std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, -k);
      const std::ptrdiff_t count = (side_ - std::abs(k)) * side_;
      if (count <= 0) continue;
      add_scaled(other.data() + (first + k) * side_, kernel_[static_cast<std::size_t>(k + radius)],
                 static_cast<std::size_t>(count), plane.data() + first * side_);
    }
  }

  std::array<float, 15> polynomial_at(const PsfStarStamp& star) const {
    std::array<double, 15> exact{};
    psf_polynomial(model_, star.x(), star.y(), exact.data());
    std::array<float, 15> out{};
    std::transform(exact.begin(), exact.end(), out.begin(),
                   [](double value) { return static_cast<float>(value); });
    return out;
  }

  /// The bands' sums together, in their order.
  Vector total_of(const std::vector<std::vector<float>>& parts) const {
    Vector laid(terms_ * taps_.size(), 0.0);
    for (const std::vector<float>& part : parts)
      for (std::size_t i = 0; i < laid.size(); ++i) laid[i] += static_cast<double>(part[i]);
    Vector total(unknowns(), 0.0);
    for (std::size_t t = 0; t < terms_; ++t)
      taps_.add_back(laid.data() + t * taps_.size(), total.data() + t * plane_);
    return total;
  }

  const PsfModel& model_;
  const std::vector<PsfStarStamp>& stars_;
  std::ptrdiff_t side_ = 0;
  std::size_t terms_ = 0, plane_ = 0;
  double reach_;
  PsfTaps taps_;
  Vector envelope_, kernel_;
};

/// Solves (prior + data) u = right by conjugate gradients.
Vector solve(const DetailProblem& problem, const Vector& right, int iterations) {
  Vector u(right.size(), 0.0);
  Vector residual = right;
  Vector direction = right;
  double norm = dot(residual, residual);
  const double target = norm * 1e-6;
  for (int k = 0; k < iterations && norm > target && norm > 0.0; ++k) {
    Vector image = problem.back(problem.spread(problem.coefficients(direction), {}));
    for (std::size_t i = 0; i < image.size(); ++i) image[i] += direction[i];
    const double alpha = norm / dot(direction, image);
    for (std::size_t i = 0; i < u.size(); ++i) {
      u[i] += alpha * direction[i];
      residual[i] -= alpha * image[i];
    }
    const double next = dot(residual, residual);
    for (std::size_t i = 0; i < u.size(); ++i)
      direction[i] = residual[i] + next / norm * direction[i];
    norm = next;
  }
  return u;
}

/// Samples of the spline whose coefficients are given; outside counts as zero.
Plane<double> samples_of(const double* coefficients, std::ptrdiff_t side) {
  constexpr std::array<double, 3> weight{1.0 / 6.0, 4.0 / 6.0, 1.0 / 6.0};
  Plane<double> out(side, side);
  for (std::ptrdiff_t y = 1; y + 1 < side; ++y)
    for (std::ptrdiff_t x = 1; x + 1 < side; ++x)
      for (std::ptrdiff_t b = -1; b <= 1; ++b)
        for (std::ptrdiff_t a = -1; a <= 1; ++a)
          out(x, y) += weight[static_cast<std::size_t>(a + 1)] *
                       weight[static_cast<std::size_t>(b + 1)] *
                       coefficients[(y + b) * side + x + a];
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
                    const PsfDetailSettings& settings) {
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
      for (int j = 0; j < star.side(); ++j)
        for (int i = 0; i < star.side(); ++i) {
          const auto p = static_cast<std::size_t>(j * star.side() + i);
          targets[k][p] = star.data[p] -
                          static_cast<float>(star.flux) *
                              stamp.value[static_cast<std::size_t>(j * stamp.stride + i)] -
                          static_cast<float>(star.background);
        }
    }
  });
  const DetailProblem problem(model, stars, settings);
  const Vector right = problem.back(problem.spread({}, targets));
  const Vector found = problem.coefficients(solve(problem, right, settings.iterations));
  const std::ptrdiff_t side = psf_samples(model.size, model.oversampling);
  const Plane<float> base = model.terms.front();
  double base_sum = 0.0;
  for (std::ptrdiff_t i = 0; i < base.size(); ++i) base_sum += static_cast<double>(base.data()[i]);
  for (std::size_t t = 0; t < found.size() / static_cast<std::size_t>(side * side); ++t) {
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
