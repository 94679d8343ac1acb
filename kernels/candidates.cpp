#include "kernels/candidates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/parallel.h"

namespace polis {
namespace {

constexpr double kFwhmPerSigma = 2.3548200450309493;
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr std::ptrdiff_t kRowsPerBand = 64;

struct Peak {
  std::ptrdiff_t x = 0, y = 0;
  float score = 0.0F;  ///< with its sign
};

bool stronger(const Peak& a, const Peak& b) {
  const float u = std::abs(a.score), v = std::abs(b.score);
  if (u != v) return u > v;
  return a.y != b.y ? a.y < b.y : a.x < b.x;
}

/// No neighbour is higher; of equal ones the first in reading order is the peak.
bool is_peak(View<const float> score, std::ptrdiff_t x, std::ptrdiff_t y, float sign) {
  const float mine = sign * score(x, y);
  for (std::ptrdiff_t j = y - 1; j <= y + 1; ++j) {
    for (std::ptrdiff_t i = x - 1; i <= x + 1; ++i) {
      if (!score.contains(i, j) || (i == x && j == y)) continue;
      const float other = sign * score(i, j);
      const bool earlier = j < y || (j == y && i < x);
      if (other > mine || (other == mine && earlier)) return false;
    }
  }
  return true;
}

std::vector<Peak> find_peaks(const CandidateImages& images, float threshold) {
  const View<const float> score = images.score;
  const std::ptrdiff_t bands = (score.height + kRowsPerBand - 1) / kRowsPerBand;
  std::vector<std::vector<Peak>> found(
      static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, bands)));
  parallel_for(bands, [&](std::ptrdiff_t band) {
    const std::ptrdiff_t last = std::min(score.height, (band + 1) * kRowsPerBand);
    for (std::ptrdiff_t y = band * kRowsPerBand; y < last; ++y) {
      const float* row = score.row(y);
      for (std::ptrdiff_t x = 0; x < score.width; ++x) {
        if (!(std::abs(row[x]) >= threshold) || !std::isfinite(row[x])) continue;
        if (is_peak(score, x, y, row[x] > 0.0F ? 1.0F : -1.0F))
          found[static_cast<std::size_t>(band)].push_back({x, y, row[x]});
      }
    }
  });
  std::vector<Peak> peaks;
  for (const std::vector<Peak>& some : found) peaks.insert(peaks.end(), some.begin(), some.end());
  std::sort(peaks.begin(), peaks.end(), stronger);
  return peaks;
}

/// Drops peaks near a stronger one of the same sign, by cells as large as the distance.
std::vector<Peak> separate(const std::vector<Peak>& peaks, double distance, View<const float> score,
                           std::size_t most) {
  const std::ptrdiff_t cell =
      std::max<std::ptrdiff_t>(1, static_cast<std::ptrdiff_t>(std::ceil(distance)));
  const std::ptrdiff_t columns = score.width / cell + 1, rows = score.height / cell + 1;
  std::vector<std::vector<std::size_t>> cells(static_cast<std::size_t>(columns * rows));
  std::vector<Peak> kept;
  const auto near_one = [&](const Peak& p) {
    for (std::ptrdiff_t j = std::max<std::ptrdiff_t>(0, p.y / cell - 1);
         j <= std::min(rows - 1, p.y / cell + 1); ++j) {
      for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, p.x / cell - 1);
           i <= std::min(columns - 1, p.x / cell + 1); ++i) {
        for (const std::size_t k : cells[static_cast<std::size_t>(j * columns + i)]) {
          const auto dx = static_cast<double>(kept[k].x - p.x),
                     dy = static_cast<double>(kept[k].y - p.y);
          if ((kept[k].score > 0.0F) == (p.score > 0.0F) && dx * dx + dy * dy < distance * distance)
            return true;
        }
      }
    }
    return false;
  };
  for (const Peak& peak : peaks) {
    if (kept.size() >= most) break;
    if (near_one(peak)) continue;
    cells[static_cast<std::size_t>(peak.y / cell * columns + peak.x / cell)].push_back(kept.size());
    kept.push_back(peak);
  }
  return kept;
}

/// Where between -0.5 and 0.5 a parabola through three values has its top.
double top_of(double before, double middle, double after) {
  const double bend = before - 2.0 * middle + after;
  return bend < 0.0 ? std::clamp(0.5 * (before - after) / bend, -0.5, 0.5) : 0.0;
}

/// Everything that is measured around one peak.
class Measurer {
 public:
  Measurer(const CandidateImages& images, const PsfModel& psf) : images_(images), psf_(psf) {}

  DifferenceSource measure(const Peak& peak) const {
    DifferenceSource c;
    c.sign = peak.score > 0.0F ? 1 : -1;
    c.snr = std::abs(static_cast<double>(peak.score));
    place(peak, c);
    fit(peak, c);
    shape(peak, c);
    look_around(peak, c);
    const auto x = static_cast<double>(peak.x), y = static_cast<double>(peak.y);
    c.edge_distance_px = std::min({x, y, static_cast<double>(images_.difference.width) - 1.0 - x,
                                   static_cast<double>(images_.difference.height) - 1.0 - y}) +
                         0.5;
    return c;
  }

 private:
  double fwhm() const { return psf_.fwhm_px; }
  bool usable(std::ptrdiff_t x, std::ptrdiff_t y) const {
    return images_.difference.contains(x, y) && images_.variance(x, y) > 0.0F &&
           std::isfinite(images_.difference(x, y)) &&
           (images_.mask(x, y) & mask_bits::unusable) == 0;
  }

  void place(const Peak& peak, DifferenceSource& c) const {
    const auto at = [&](std::ptrdiff_t dx, std::ptrdiff_t dy) {
      const bool inside = images_.score.contains(peak.x + dx, peak.y + dy);
      return inside ? c.sign * static_cast<double>(images_.score(peak.x + dx, peak.y + dy)) : 0.0;
    };
    c.x = static_cast<double>(peak.x) + top_of(at(-1, 0), at(0, 0), at(1, 0));
    c.y = static_cast<double>(peak.y) + top_of(at(0, -1), at(0, 0), at(0, 1));
    // Of a Gaussian in noise of the sky (King 1983, PASP 95, 163).
    c.x_error = c.y_error = std::sqrt(2.0) * fwhm() / kFwhmPerSigma / c.snr;
  }

  /// PSF flux at the place found, and how well the PSF fits.
  void fit(const Peak& peak, DifferenceSource& c) const {
    const Plane<float> psf = evaluate_psf(psf_, c.x, c.y, c.x - static_cast<double>(peak.x),
                                          c.y - static_cast<double>(peak.y));
    const std::ptrdiff_t radius = psf.width() / 2;
    double light = 0.0, weight = 0.0;
    const auto visit = [&](double reach, auto&& each) {
      for (std::ptrdiff_t j = -radius; j <= radius; ++j) {
        for (std::ptrdiff_t i = -radius; i <= radius; ++i) {
          const std::ptrdiff_t x = peak.x + i, y = peak.y + j;
          if (static_cast<double>(i * i + j * j) > reach * reach || !usable(x, y)) continue;
          each(static_cast<double>(psf(i + radius, j + radius)),
               static_cast<double>(images_.difference(x, y)),
               static_cast<double>(images_.variance(x, y)));
        }
      }
    };
    visit(2.5 * fwhm(), [&](double p, double d, double v) {
      light += p * d / v;
      weight += p * p / v;
    });
    c.flux = weight > 0.0 ? light / weight : kNothing;
    c.flux_error = weight > 0.0 ? 1.0 / std::sqrt(weight) : kNothing;
    double sum = 0.0;
    int count = 0;
    visit(1.5 * fwhm(), [&](double p, double d, double v) {
      sum += (d - c.flux * p) * (d - c.flux * p) / v;
      ++count;
    });
    c.chi2 = count > 1 ? sum / (count - 1) : kNothing;
  }

  /// Second moments under a Gaussian of the PSF's width: 1/measured^2 = 1/true^2 + 1/weight^2.
  void shape(const Peak& peak, DifferenceSource& c) const {
    c.fwhm_px = c.elongation = kNothing;
    const double sigma = fwhm() / kFwhmPerSigma;
    const auto radius = static_cast<std::ptrdiff_t>(std::ceil(3.0 * sigma));
    double sum = 0.0, xx = 0.0, yy = 0.0, xy = 0.0;
    for (std::ptrdiff_t j = -radius; j <= radius; ++j) {
      for (std::ptrdiff_t i = -radius; i <= radius; ++i) {
        if (!usable(peak.x + i, peak.y + j)) continue;
        const double dx = static_cast<double>(peak.x + i) - c.x,
                     dy = static_cast<double>(peak.y + j) - c.y;
        const double w = std::exp(-0.5 * (dx * dx + dy * dy) / (sigma * sigma)) * c.sign *
                         static_cast<double>(images_.difference(peak.x + i, peak.y + j));
        sum += w;
        xx += w * dx * dx;
        yy += w * dy * dy;
        xy += w * dx * dy;
      }
    }
    if (!(sum > 0.0)) return;
    const double half = 0.5 * (xx + yy) / sum, diff = 0.5 * (xx - yy) / sum, off = xy / sum;
    const double bend = std::sqrt(diff * diff + off * off), s2 = sigma * sigma;
    const auto freed = [&](double m) {
      return m > 0.0 && m < 0.95 * s2 ? m * s2 / (s2 - m) : kNothing;
    };
    const double major = freed(half + bend), minor = freed(half - bend);
    if (!(major > 0.0) || !(minor > 0.0)) return;
    c.fwhm_px = kFwhmPerSigma * std::sqrt(std::sqrt(major * minor));
    c.elongation = std::sqrt(major / minor);
  }

  void look_around(const Peak& peak, DifferenceSource& c) const {
    constexpr std::ptrdiff_t kSmall = 2;
    const double reach = 2.0 * fwhm();
    const auto radius = std::max(kSmall, static_cast<std::ptrdiff_t>(std::ceil(reach)));
    double own = 0.0, other = 0.0;
    for (std::ptrdiff_t j = -radius; j <= radius; ++j) {
      for (std::ptrdiff_t i = -radius; i <= radius; ++i) {
        const bool small = std::abs(i) <= kSmall && std::abs(j) <= kSmall;
        if (!usable(peak.x + i, peak.y + j)) {
          c.masked_pixels += small ? 1 : 0;
          continue;
        }
        const double d = c.sign * static_cast<double>(images_.difference(peak.x + i, peak.y + j));
        const double noise =
            std::sqrt(static_cast<double>(images_.variance(peak.x + i, peak.y + j)));
        c.opposite_pixels += small && d < -2.0 * noise ? 1 : 0;
        if (static_cast<double>(i * i + j * j) > reach * reach || std::abs(d) < 2.0 * noise)
          continue;
        (d > 0.0 ? own : other) += std::abs(d);
      }
    }
    c.dipole = own > 0.0 ? std::min(1.0, other / own) : (other > 0.0 ? 1.0 : 0.0);
  }

  const CandidateImages& images_;
  const PsfModel& psf_;
};

}  // namespace

std::vector<DifferenceSource> find_candidates(const CandidateImages& images, const PsfModel& psf,
                                              const CandidateSettings& settings) {
  if (images.score.empty() || psf.empty()) return {};
  const std::vector<Peak> peaks =
      separate(find_peaks(images, static_cast<float>(settings.threshold_snr)),
               settings.separation_fwhm * psf.fwhm_px, images.score,
               static_cast<std::size_t>(std::max(0, settings.most)));
  std::vector<DifferenceSource> candidates(peaks.size());
  const Measurer measurer(images, psf);
  parallel_for(static_cast<std::ptrdiff_t>(peaks.size()), [&](std::ptrdiff_t i) {
    candidates[static_cast<std::size_t>(i)] = measurer.measure(peaks[static_cast<std::size_t>(i)]);
  });
  return candidates;
}

}  // namespace polis
