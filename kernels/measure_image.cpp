#include "kernels/measure_image.h"

#include <algorithm>
#include <cmath>

#include "kernels/convolve.h"
#include "kernels/parallel.h"
#include "kernels/source_flags.h"
#include "kernels/star_groups.h"

namespace polis {
namespace {

constexpr double default_fwhm_px = 3.0;

/// The image in work: sky subtracted, with variance.
struct Work {
  Plane<float> residual;
  Plane<float> own_variance;
  View<const float> variance;
  View<const MaskPixel> mask;
  MeasuredPixels pixels(const Background& background, double variance_per_signal) const {
    MeasuredPixels out;
    out.residual = {residual.data(), residual.width(), residual.height()};
    out.variance = variance;
    out.mask = mask;
    out.background = &background;
    out.gain_e_per_unit =
        variance_per_signal > 0.0 ? static_cast<float>(1.0 / variance_per_signal) : 0.0F;
    return out;
  }
};

/// Variance where the image has none: that of the sky and, with a gain, of the sources.
Plane<float> make_variance(View<const float> residual, const Background& background, double gain) {
  Plane<float> out(residual.width, residual.height);
  const auto slope = static_cast<float>(gain > 0.0 ? 1.0 / gain : 0.0);
  parallel_bands(residual.height, 32, [&](auto first, auto last) {
    for (auto y = first; y < last; ++y) {
      float* row = out.view().row(y);
      background_rms_row(background, y, row);
      for (std::ptrdiff_t x = 0; x < residual.width; ++x) {
        const float light = std::max(residual(x, y), 0.0F);
        row[x] = row[x] * row[x] + (std::isfinite(light) ? slope * light : 0.0F);
      }
    }
  });
  return out;
}

Work prepare(View<const float> pixels, View<const float> variance, View<const MaskPixel> mask,
             const Background& background, double gain) {
  Work work;
  work.mask = mask;
  work.residual = Plane<float>(pixels.width, pixels.height);
  for (std::ptrdiff_t y = 0; y < pixels.height; ++y)
    std::copy_n(pixels.row(y), pixels.width, work.residual.view().row(y));
  subtract_background(background, work.residual.view());
  if (variance.empty()) {
    work.own_variance = make_variance(work.residual.view(), background, gain);
    work.variance = {work.own_variance.data(), pixels.width, pixels.height};
  } else {
    work.variance = variance;
  }
  return work;
}

KernelGrid gaussian_grid(double fwhm_px) { return KernelGrid::uniform(gaussian_kernel(fwhm_px)); }

std::vector<SourceMeasurement> find_and_measure(const MeasuredPixels& pixels, double fwhm_px,
                                                const MeasureImageSettings& settings,
                                                std::vector<Detection>& detections) {
  Detections found = detect_sources(pixels, gaussian_grid(fwhm_px), settings.detect);
  MeasureSettings measure = settings.measure;
  measure.psf_fwhm_px = fwhm_px;
  const double radius = settings.aperture_radius_px > 0.0 ? settings.aperture_radius_px
                                                          : settings.aperture_fwhm * fwhm_px;
  measure.aperture_radii_px = {radius};
  std::vector<SourceMeasurement> out = measure_sources(pixels, found, measure);
  detections = std::move(found.sources);
  return out;
}

/// Seeing from the sources in the middle of the image, or from all of it where the middle holds too
/// few.
double estimate_fwhm(const Work& work, const Background& background,
                     const MeasureImageSettings& settings, double variance_per_signal) {
  const MeasuredPixels whole = work.pixels(background, variance_per_signal);
  PsfStarSettings choice;
  choice.min_snr = settings.psf_star_snr;
  for (const std::ptrdiff_t side : {std::ptrdiff_t{768}, std::ptrdiff_t{1} << 30}) {
    const std::ptrdiff_t w = std::min(side, whole.residual.width);
    const std::ptrdiff_t h = std::min(side, whole.residual.height);
    const std::ptrdiff_t x0 = (whole.residual.width - w) / 2, y0 = (whole.residual.height - h) / 2;
    MeasuredPixels part = whole;
    part.residual = whole.residual.cut(x0, y0, w, h);
    part.variance = whole.variance.cut(x0, y0, w, h);
    if (!whole.mask.empty()) part.mask = whole.mask.cut(x0, y0, w, h);
    part.background = nullptr;
    std::vector<Detection> detections;
    const PsfStarChoice stars =
        choose_psf_stars(find_and_measure(part, default_fwhm_px, settings, detections), choice);
    const bool is_whole = w == whole.residual.width && h == whole.residual.height;
    if (stars.stars.size() >= 8 || (is_whole && stars.fwhm_px > 0.0)) return stars.fwhm_px;
    if (is_whole) break;
  }
  return 0.0;
}

/// Where a PSF fit begins: the centroid where it can be trusted, the peak in blends.
StarFit first_guess(const SourceMeasurement& source, const Detection& detection, double fwhm_px,
                    double psf_peak) {
  StarFit star;
  star.x = source.x;
  star.y = source.y;
  const double off = std::hypot(source.x - detection.peak_x, source.y - detection.peak_y);
  if (!(off < 0.5 * fwhm_px)) {
    star.x = detection.peak_x;
    star.y = detection.peak_y;
  }
  star.flux = std::max(0.0, static_cast<double>(source.peak) / psf_peak);
  return star;
}

double peak_of(const PsfModel& psf) {
  const Plane<float>& plane = psf.terms.front();
  return static_cast<double>(plane(plane.width() / 2, plane.height() / 2));
}

bool anything_usable(View<const float> pixels, View<const MaskPixel> mask) {
  for (std::ptrdiff_t y = 0; y < pixels.height; ++y)
    for (std::ptrdiff_t x = 0; x < pixels.width; ++x)
      if (std::isfinite(pixels(x, y)) && (mask.empty() || (mask(x, y) & mask_bits::unusable) == 0))
        return true;
  return false;
}

PsfModel psf_of(const Work& work, const PsfStarChoice& choice, double fwhm_px,
                double variance_per_signal, int order) {
  PsfBuildSettings build;
  build.fwhm_px = fwhm_px;
  build.max_order = order;
  build.variance_per_signal = variance_per_signal;
  return build_psf(work.residual.view(), work.variance, work.mask, choice.stars, build);
}

/// How far the mode of the sky's pixels lies below their mean because counted photons are skewed:
/// the third moment of a Poisson variable is its variance, so the median lies a sixth of a count
/// below the mean, and 2.5 median - 1.5 mean, clipped at 3 sigma, 0.38 of a count.
float skew_of_noise(const Background& sky, float rms, double variance_per_signal) {
  const double photons = variance_per_signal * static_cast<double>(sky.global_level);
  const double all = static_cast<double>(rms) * static_cast<double>(rms);
  if (!(all > 0.0)) return 0.0F;
  return static_cast<float>(0.38 * variance_per_signal * std::clamp(photons / all, 0.0, 1.0));
}

/// The sky again, from what is left when the stars are taken away: their wings and the faint ones
/// between them raise the first estimate.
void refine_background(Work& work, const BackgroundSettings& settings, double variance_per_signal,
                       Background& background) {
  Background rest = estimate_background(work.residual.view(), work.mask, settings);
  const float skew = skew_of_noise(background, rest.global_rms, variance_per_signal);
  for (std::ptrdiff_t i = 0; i < rest.level.size(); ++i) rest.level.data()[i] += skew;
  rest.global_level += skew;
  subtract_background(rest, work.residual.view());
  if (rest.level.size() != background.level.size()) return;
  const auto add = [](Plane<float>& sum, const Plane<float>& more) {
    for (std::ptrdiff_t i = 0; i < sum.size(); ++i) sum.data()[i] += more.data()[i];
  };
  // Splines are linear in their values: so are their second derivatives.
  add(background.level, rest.level);
  add(background.level_bends.xx, rest.level_bends.xx);
  add(background.level_bends.yy, rest.level_bends.yy);
  add(background.level_bends.xxyy, rest.level_bends.xxyy);
  background.rms = rest.rms;
  background.rms_bends = rest.rms_bends;
  background.global_level += rest.global_level;
  background.global_rms = rest.global_rms;
}

/// Share of the image that lies within three FWHM of a source, overlaps counted: above one third,
/// stars hide stars.
bool is_crowded(std::size_t sources, double fwhm_px, std::ptrdiff_t pixels) {
  return static_cast<double>(sources) * 28.0 * fwhm_px * fwhm_px >
         0.33 * static_cast<double>(pixels);
}

/// Sources of the residual image that are no mere misfit of a known star: they stand out by a tenth
/// of the light that was taken away at their peak.
std::vector<std::size_t> believable(const std::vector<Detection>& detections, const Work& work,
                                    View<const float> pixels, const Background& background) {
  std::vector<std::size_t> kept;
  for (std::size_t k = 0; k < detections.size(); ++k) {
    const std::ptrdiff_t x = detections[k].peak_x, y = detections[k].peak_y;
    const float left = work.residual(x, y);
    const float sky =
        background_level_at(background, static_cast<double>(x), static_cast<double>(y));
    const float taken = pixels(x, y) - sky - left;
    if (left > 0.1F * taken) kept.push_back(k);
  }
  return kept;
}

/// Adds what is found in the residual to the sources; the new ones start without light.
void add_hidden(const Work& work, View<const float> pixels, double fwhm_px,
                const MeasureImageSettings& settings, const MeasuredImage& image,
                std::vector<SourceMeasurement>& basic, std::vector<StarFit>& fits) {
  std::vector<Detection> detections;
  const std::vector<SourceMeasurement> found = find_and_measure(
      work.pixels(image.background, image.variance_per_signal), fwhm_px, settings, detections);
  for (const std::size_t k : believable(detections, work, pixels, image.background)) {
    StarFit star = first_guess(found[k], detections[k], fwhm_px, 1.0);
    star.flux = 0.0;
    fits.push_back(star);
    basic.push_back(found[k]);
    basic.back().flags |= source_flags::neighbour;
  }
}

std::vector<MeasuredSource> fit_all(Work& work, View<const float> pixels,
                                    std::vector<SourceMeasurement> basic,
                                    const std::vector<Detection>& detections, double fwhm_px,
                                    const MeasureImageSettings& settings, MeasuredImage& image) {
  std::vector<StarFit> fits;
  const double peak = peak_of(image.psf);
  for (std::size_t k = 0; k < basic.size(); ++k)
    fits.push_back(first_guess(basic[k], detections[k], fwhm_px, peak));
  StarFitSettings fit = settings.fit;
  fit.variance_per_signal = image.variance_per_signal;
  fit.passes = std::min(fit.passes, 1);
  fit.rough = true;
  fit_stars(work.residual.view(), work.variance, work.mask, image.psf, fits, fit);
  refine_background(work, settings.background, image.variance_per_signal, image.background);
  if (settings.find_hidden && is_crowded(basic.size(), fwhm_px, pixels.size()))
    add_hidden(work, pixels, fwhm_px, settings, image, basic, fits);
  fit.subtracted = true;
  fit.rough = false;
  fit.passes = settings.fit.passes;
  fit_stars(work.residual.view(), work.variance, work.mask, image.psf, fits, fit);
  std::vector<MeasuredSource> sources;
  for (std::size_t k = 0; k < basic.size(); ++k) sources.push_back({basic[k], fits[k]});
  return sources;
}

}  // namespace

MeasuredImage measure_image(View<const float> pixels, View<const float> variance,
                            View<const MaskPixel> mask, const MeasureImageSettings& settings) {
  MeasuredImage out;
  const auto caveat = [&](const char* name, const char* text) {
    out.caveats.emplace_back(name, text);
  };
  out.aperture_radius_px = settings.aperture_radius_px;
  if (pixels.empty() || !anything_usable(pixels, mask)) {
    caveat("pixels", "no usable pixel");
    return out;
  }
  out.background = estimate_background(pixels, mask, settings.background);
  Work work = prepare(pixels, variance, mask, out.background, settings.gain_e_per_unit);
  out.variance_per_signal = variance_per_signal(work.residual.view(), work.variance, mask);
  double fwhm = settings.fwhm_px;
  if (!(fwhm > 0.0)) fwhm = estimate_fwhm(work, out.background, settings, out.variance_per_signal);
  if (!(fwhm > 0.0)) {
    caveat("fwhm", "no star to measure the seeing: a FWHM of 3 pixels was taken");
    fwhm = default_fwhm_px;
  }
  fwhm = std::clamp(fwhm, 1.0, 50.0);
  if (!(out.aperture_radius_px > 0.0)) out.aperture_radius_px = settings.aperture_fwhm * fwhm;

  std::vector<Detection> detections;
  const std::vector<SourceMeasurement> basic = find_and_measure(
      work.pixels(out.background, out.variance_per_signal), fwhm, settings, detections);
  PsfStarSettings choice;
  choice.min_snr = settings.psf_star_snr;
  const PsfStarChoice stars = choose_psf_stars(basic, choice);
  out.psf = psf_of(work, stars, fwhm, out.variance_per_signal, settings.psf_order);
  if (out.psf.stars == 0) caveat("psf", "no star to make a PSF from: a Gaussian was taken");
  if (basic.empty()) {
    caveat("sources", "no source above the threshold");
    return out;
  }
  out.sources = fit_all(work, pixels, basic, detections, fwhm, settings, out);
  return out;
}

}  // namespace polis
