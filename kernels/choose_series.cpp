#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/light_curve.h"
#include "kernels/robust.h"

namespace polis {
namespace {

/// Chooses among series of the same stars.
class SeriesChooser {
 public:
  SeriesChooser(const std::vector<Ensemble>& ensembles, std::size_t neighbours)
      : ensembles_(ensembles), neighbours_(neighbours) {
    std::size_t most = 0;
    for (const Ensemble& e : ensembles) most = std::max(most, e.comparisons());
    for (std::size_t k = 0; k < ensembles.size(); ++k) {
      if (2 * ensembles[k].comparisons() >= most) usable_.push_back(k);
    }
    middle_ = usable_[usable_.size() / 2];
    for (std::size_t i = 0; i < ensembles.front().weight.size(); ++i) {
      const bool everywhere = std::all_of(usable_.begin(), usable_.end(), [&](std::size_t k) {
        return ensembles[k].weight[i] > 0.0 && std::isfinite(ensembles[k].scatter[i]);
      });
      if (everywhere) common_.push_back(i);
    }
  }

  std::size_t choose(std::size_t star) const {
    const std::vector<std::size_t> like = like_stars(star);
    std::size_t points = 0;
    for (const std::size_t k : usable_) points = std::max(points, ensembles_[k].points[star]);
    double best = std::numeric_limits<double>::infinity();
    std::size_t choice = middle_;
    for (const std::size_t k : usable_) {
      constexpr double kEnough = 0.9;  // of the frames: a series that often fails is no choice
      if (static_cast<double>(ensembles_[k].points[star]) < kEnough * static_cast<double>(points))
        continue;
      const double noise = noise_of(star, k, like);
      if (noise < best) {
        best = noise;
        choice = k;
      }
    }
    return choice;
  }

 private:
  /// The comparison stars nearest in magnitude.
  std::vector<std::size_t> like_stars(std::size_t star) const {
    const std::vector<double>& mags = ensembles_[middle_].mean_mag;
    if (!std::isfinite(mags[star])) return {};
    std::vector<std::size_t> near;
    for (const std::size_t i : common_) {
      if (i != star) near.push_back(i);
    }
    std::stable_sort(near.begin(), near.end(), [&](std::size_t a, std::size_t b) {
      return std::abs(mags[a] - mags[star]) < std::abs(mags[b] - mags[star]);
    });
    near.resize(std::min(near.size(), neighbours_));
    return near;
  }

  /// NaN: no like star, nothing to go by.
  double noise_of(std::size_t star, std::size_t k, const std::vector<std::size_t>& like) const {
    const Ensemble& e = ensembles_[k];
    std::vector<double> variances;
    for (const std::size_t i : like) variances.push_back(1.0 / e.weight[i]);
    double variance = median_of_finite(std::move(variances));
    if (std::isfinite(e.quick_scatter[star])) {
      // A variance from n successive differences has two thirds of n degrees of freedom.
      const double freedom = (static_cast<double>(e.points[star]) - 1.0) / 1.5;
      variance = (freedom * std::pow(e.quick_scatter[star], 2) + like_freedom * variance) /
                 (freedom + like_freedom);
    }
    const double foreign =
        std::max({0.0, gain(star, k, usable_.front(), like), gain(star, k, usable_.back(), like)});
    return variance * std::pow(10.0, 0.8 * foreign);
  }

  /// By how much more the star gains in light from series `from` to `k` than its like. [mag]
  double gain(std::size_t star, std::size_t k, std::size_t from,
              const std::vector<std::size_t>& like) const {
    const auto growth = [&](std::size_t i) {
      return ensembles_[from].mean_mag[i] - ensembles_[k].mean_mag[i];
    };
    std::vector<double> others;
    for (const std::size_t i : like) others.push_back(growth(i));
    const double more = growth(star) - median_of_finite(std::move(others));
    return std::isfinite(more) ? more : 0.0;
  }

  const std::vector<Ensemble>& ensembles_;
  std::size_t neighbours_;
  std::size_t middle_ = 0;
  std::vector<std::size_t> usable_;  // series
  std::vector<std::size_t> common_;  // comparison stars of all of them
};

}  // namespace

std::vector<std::size_t> choose_series(const std::vector<Ensemble>& ensembles,
                                       std::size_t neighbours) {
  if (ensembles.empty()) return {};
  const SeriesChooser chooser(ensembles, neighbours);
  std::vector<std::size_t> choice;
  for (std::size_t star = 0; star < ensembles.front().weight.size(); ++star)
    choice.push_back(chooser.choose(star));
  return choice;
}

}  // namespace polis
