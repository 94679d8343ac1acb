#include "kernels/light_curve.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/error_model.h"
#include "kernels/robust.h"

namespace polis {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr double kLeastScatter = 1e-6;  // [mag] keeps the weight of a noiseless star finite
constexpr int kPasses = 10;             // of the alternating means, per iteration

/// The solution as it grows.
class Solver {
 public:
  Solver(const MagnitudeSeries& series, const std::vector<bool>& candidate,
         const EnsembleSettings& settings)
      : series_(series), settings_(settings), candidate_(candidate), used_(series.mag.size()) {
    candidate_.resize(series.stars, false);
    result_.zero_point.assign(series.frames, 0.0);
    result_.mean_mag.assign(series.stars, kNothing);
    result_.scatter.assign(series.stars, kNothing);
    result_.quick_scatter = result_.scatter;
    result_.points.assign(series.stars, 0);
    result_.weight.assign(series.stars, 0.0);
    prepare();
    start();
  }

  Ensemble solve() {
    for (int iteration = 0; iteration < settings_.iterations; ++iteration) {
      for (int pass = 0; pass < kPasses; ++pass) {
        update_zero_points();
        update_means();
      }
      for (std::size_t i = 0; i < series_.stars; ++i) update_scatter(i);
      update_error_model(iteration == 0);
      update_weights();
    }
    update_zero_points();
    fix_gauge();
    update_means();
    set_error_factors();
    result_.used = std::move(used_);
    return std::move(result_);
  }

 private:
  void prepare() {
    formal_.assign(series_.stars, kNothing);
    for (std::size_t i = 0; i < series_.stars; ++i) {
      std::size_t count = 0;
      double squares = 0.0;
      std::vector<double> mags;
      for (std::size_t j = 0; j < series_.frames; ++j) {
        const double m = series_.at(i, j), e = series_.err(i, j);
        used_[i * series_.frames + j] = std::isfinite(m) && std::isfinite(e);
        if (!used_[i * series_.frames + j]) continue;
        ++count;
        squares += e * e;
        mags.push_back(m);
      }
      if (count > 0) formal_[i] = std::sqrt(squares / static_cast<double>(count));
      result_.mean_mag[i] = median_of_finite(std::move(mags));
      const double least = settings_.min_coverage * static_cast<double>(series_.frames);
      if (count < 2 || static_cast<double>(count) < least) candidate_[i] = false;
      if (candidate_[i]) result_.weight[i] = 1.0 / std::pow(std::max(formal_[i], kLeastScatter), 2);
    }
  }

  /// First zero points and means from medians, so that one wild measurement does not condemn its
  /// whole frame.
  void start() {
    constexpr int kRounds = 3;
    for (int round = 0; round < kRounds; ++round) {
      for (std::size_t j = 0; j < series_.frames; ++j) {
        std::vector<double> offsets;
        for (std::size_t i = 0; i < series_.stars; ++i) {
          if (candidate_[i] && used(i, j))
            offsets.push_back(series_.at(i, j) - result_.mean_mag[i]);
        }
        result_.zero_point[j] = median_of_finite(std::move(offsets));
      }
      for (std::size_t i = 0; i < series_.stars; ++i)
        result_.mean_mag[i] = median_of_finite(residuals(i));
    }
    for (std::size_t i = 0; i < series_.stars; ++i) {
      std::vector<double> residual = residuals(i);
      for (double& r : residual) r = std::abs(r - result_.mean_mag[i]);
      const double limit = clip_limit(i, residual);
      for (std::size_t j = 0; j < series_.frames; ++j) {
        if (residual[j] > limit) used_[i * series_.frames + j] = false;
      }
    }
  }

  std::vector<double> residuals(std::size_t i) const {
    std::vector<double> values(series_.frames);
    for (std::size_t j = 0; j < series_.frames; ++j)
      values[j] = series_.at(i, j) - result_.zero_point[j];
    return values;
  }

  double clip_limit(std::size_t i, const std::vector<double>& deviation) const {
    return settings_.clip * std::max(1.4826 * median_of_finite(deviation), formal_[i]);
  }

  bool used(std::size_t i, std::size_t j) const { return used_[i * series_.frames + j]; }

  void update_zero_points() {
    sum_weight_.assign(series_.frames, 0.0);
    sum_offset_.assign(series_.frames, 0.0);
    for (std::size_t i = 0; i < series_.stars; ++i) {
      const double w = result_.weight[i];
      if (w <= 0.0) continue;
      for (std::size_t j = 0; j < series_.frames; ++j) {
        if (!used(i, j)) continue;
        sum_weight_[j] += w;
        sum_offset_[j] += w * (series_.at(i, j) - result_.mean_mag[i]);
      }
    }
    result_.zero_point_err.assign(series_.frames, kNothing);
    for (std::size_t j = 0; j < series_.frames; ++j) {
      const bool known = sum_weight_[j] > 0.0;
      result_.zero_point[j] = known ? sum_offset_[j] / sum_weight_[j] : kNothing;
      if (known) result_.zero_point_err[j] = 1.0 / std::sqrt(sum_weight_[j]);
    }
  }

  void update_means() {
    for (std::size_t i = 0; i < series_.stars; ++i) {
      double sum = 0.0;
      std::size_t count = 0;
      for (std::size_t j = 0; j < series_.frames; ++j) {
        if (!used(i, j) || !std::isfinite(result_.zero_point[j])) continue;
        sum += series_.at(i, j) - result_.zero_point[j];
        ++count;
      }
      if (count > 0) result_.mean_mag[i] = sum / static_cast<double>(count);
    }
  }

  /// Zero point of frame j from all stars but i.
  double zero_point_without(std::size_t i, std::size_t j) const {
    const double w = used(i, j) ? result_.weight[i] : 0.0;
    if (w <= 0.0) return result_.zero_point[j];
    const double rest = sum_weight_[j] - w;
    if (rest <= 1e-9 * sum_weight_[j]) return kNothing;
    return (sum_offset_[j] - w * (series_.at(i, j) - result_.mean_mag[i])) / rest;
  }

  void update_scatter(std::size_t i) {
    std::vector<double> residual(series_.frames, kNothing);
    for (std::size_t j = 0; j < series_.frames; ++j) {
      residual[j] = series_.at(i, j) - zero_point_without(i, j);
    }
    const double centre = median_of_finite(residual);
    std::vector<double> deviation(residual);
    for (double& d : deviation) d = std::abs(d - centre);
    const double limit = clip_limit(i, deviation);
    double sum = 0.0, squares = 0.0, count = 0.0, steps = 0.0, last = kNothing;
    for (std::size_t j = 0; j < series_.frames; ++j) {
      const bool fine = std::isfinite(deviation[j]) && !(deviation[j] > limit);
      // Where the star is alone in a frame there is no residual, but it still gives the zero point.
      const bool alone = std::isfinite(series_.at(i, j)) && !std::isfinite(residual[j]);
      used_[i * series_.frames + j] = std::isfinite(series_.err(i, j)) && (fine || alone);
      if (!fine) continue;
      const double d = residual[j] - centre;
      sum += d;
      squares += d * d;
      count += 1.0;
      if (count > 1.0) steps += (d - last) * (d - last);
      last = d;
    }
    result_.points[i] = static_cast<std::size_t>(count);
    result_.quick_scatter[i] = count > 2.0 ? std::sqrt(0.5 * steps / (count - 1.0)) : kNothing;
    result_.scatter[i] =
        count > 1.0 ? std::sqrt(std::max(0.0, (squares - sum * sum / count) / (count - 1.0)))
                    : kNothing;
  }

  /// Mean squared error of the zero points: part of the scatter seen, not of the star's own.
  double zero_point_variance() const {
    double sum = 0.0, count = 0.0;
    for (const double error : result_.zero_point_err) {
      if (!std::isfinite(error)) continue;
      sum += error * error;
      count += 1.0;
    }
    return count > 0.0 ? sum / count : 0.0;
  }

  /// All stars that do not vary beyond what is expected have a say, so that the errors of the faint
  /// are right as well; at first the comparison stars alone.
  void update_error_model(bool first) {
    const double common = zero_point_variance();
    std::vector<double> formal, seen, freedom;
    for (std::size_t i = 0; i < series_.stars; ++i) {
      const bool steady = first ? result_.weight[i] > 0.0 : excess(i) < settings_.max_scatter_ratio;
      if (!steady || result_.points[i] < 2 || !covered(i)) continue;
      formal.push_back(formal_[i]);
      seen.push_back(std::sqrt(std::max(std::pow(result_.scatter[i], 2) - common,
                                        0.01 * std::pow(result_.scatter[i], 2))));
      freedom.push_back(static_cast<double>(result_.points[i] - 1));
    }
    const ErrorModel model = fit_error_model(formal, seen, freedom);
    result_.error_scale = model.scale;
    result_.noise_floor = model.floor;
  }

  bool covered(std::size_t i) const {
    return static_cast<double>(result_.points[i]) >=
           settings_.min_coverage * static_cast<double>(series_.frames);
  }

  double expected(std::size_t i) const {
    return std::hypot(result_.error_scale * formal_[i], result_.noise_floor);
  }

  /// Scatter over what the error model expects; 1 for a star of which nothing is known.
  double excess(std::size_t i) const {
    const double ratio = result_.scatter[i] / std::max(expected(i), kLeastScatter);
    return std::isfinite(ratio) ? ratio : 1.0;
  }

  /// What is seen of the star, and what is expected of its like. Over a few frames a star can stay
  /// still by chance: it would outweigh all others.
  double likely_variance(std::size_t i) const {
    const double like = std::pow(expected(i), 2);
    if (!std::isfinite(result_.scatter[i])) return like;
    const double freedom = static_cast<double>(result_.points[i]) - 1.0;
    return (freedom * std::pow(result_.scatter[i], 2) + like_freedom * like) /
           (freedom + like_freedom);
  }

  void set_error_factors() {
    const double common = zero_point_variance();
    result_.error_factor.assign(series_.stars, 1.0);
    for (std::size_t i = 0; i < series_.stars; ++i) {
      const double like = std::pow(expected(i), 2), quick = std::pow(result_.quick_scatter[i], 2);
      if (!std::isfinite(quick) || !(like > 0.0)) continue;
      // A variance from n successive differences has two thirds of n degrees of freedom.
      const double freedom = (static_cast<double>(result_.points[i]) - 1.0) / 1.5;
      const double own = std::max(quick - common, 0.01 * quick);
      const double factor =
          std::sqrt((freedom * own + like_freedom * like) / (freedom + like_freedom) / like);
      result_.error_factor[i] = std::min(factor, settings_.max_scatter_ratio);
    }
  }

  void update_weights() {
    std::vector<std::size_t> order;
    std::vector<double> ratios;
    for (std::size_t i = 0; i < series_.stars; ++i) {
      if (!candidate_[i]) continue;
      order.push_back(i);
      ratios.push_back(excess(i));
    }
    const double limit = settings_.max_scatter_ratio * std::max(1.0, median_of_finite(ratios));
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return excess(a) < excess(b); });
    std::fill(result_.weight.begin(), result_.weight.end(), 0.0);
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
      const std::size_t i = order[rank];
      if (rank >= settings_.min_stars && excess(i) > limit) break;
      result_.weight[i] = 1.0 / std::max(likely_variance(i), kLeastScatter * kLeastScatter);
    }
  }

  /// Only differences are measured: the median zero point is set to zero.
  void fix_gauge() {
    const double shift = median_of_finite(result_.zero_point);
    if (!std::isfinite(shift)) return;
    for (double& z : result_.zero_point) z -= shift;
  }

  const MagnitudeSeries& series_;
  const EnsembleSettings& settings_;
  std::vector<bool> candidate_;
  std::vector<bool> used_;                       ///< stars x frames: takes part in the zero points
  std::vector<double> formal_;                   ///< per star: rms of the formal errors [mag]
  std::vector<double> sum_weight_, sum_offset_;  ///< per frame
  Ensemble result_;
};

}  // namespace

std::size_t Ensemble::comparisons() const {
  return static_cast<std::size_t>(
      std::count_if(weight.begin(), weight.end(), [](double w) { return w > 0.0; }));
}

Ensemble solve_ensemble(const MagnitudeSeries& series, const std::vector<bool>& candidate,
                        const EnsembleSettings& settings) {
  return Solver(series, candidate, settings).solve();
}

ZeroPoints zero_points_without(const MagnitudeSeries& series, const Ensemble& ensemble,
                               std::size_t star) {
  ZeroPoints result{ensemble.zero_point, ensemble.zero_point_err};
  for (std::size_t j = 0; j < series.frames; ++j) {
    const double own = ensemble.used[star * series.frames + j] ? ensemble.weight[star] : 0.0;
    if (own <= 0.0 || !std::isfinite(result.value[j])) continue;
    const double all = 1.0 / (result.error[j] * result.error[j]);
    const double rest = all - own;
    const bool others = rest > 1e-9 * all;
    const double offset = series.at(star, j) - ensemble.mean_mag[star];
    result.value[j] = others ? (all * result.value[j] - own * offset) / rest : kNothing;
    result.error[j] = others ? 1.0 / std::sqrt(rest) : kNothing;
  }
  return result;
}

LightCurve differential_curve(const MagnitudeSeries& series, const Ensemble& ensemble,
                              std::size_t star) {
  LightCurve curve;
  curve.mag.assign(series.frames, kNothing);
  curve.mag_err.assign(series.frames, kNothing);
  const ZeroPoints zero = zero_points_without(series, ensemble, star);
  for (std::size_t j = 0; j < series.frames; ++j) {
    const double m = series.at(star, j), e = series.err(star, j);
    if (!std::isfinite(m) || !std::isfinite(e) || !std::isfinite(zero.value[j])) continue;
    curve.mag[j] = m - zero.value[j];
    curve.mag_err[j] = std::hypot(
        ensemble.error_factor[star] * std::hypot(ensemble.error_scale * e, ensemble.noise_floor),
        zero.error[j]);
  }
  const double centre = median_of_finite(curve.mag);
  for (double& m : curve.mag) m -= centre;
  return curve;
}

}  // namespace polis
