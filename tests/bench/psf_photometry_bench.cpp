// PSF photometry of simulated star fields against their truth: bias, scatter over the Cramer-Rao
// bound and pull by S/N, and stars per second, sparse and crowded. The PSF is built from the same
// frame, the sky is estimated on it.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "kernels/measure_image.h"
#include "kernels/parallel.h"
#include "tests/kernels/star_field_helpers.h"

namespace {

using namespace polis;
using star_field::Field;
using star_field::Optics;
using star_field::Star;

constexpr std::ptrdiff_t edge = 2048;
constexpr std::array<double, 5> snr_edges{10.0, 20.0, 50.0, 200.0, 1e9};

struct Bin {
  std::vector<double> ratio, scatter, pull;
};

/// Seconds of processor time of this thread: what it costs, whoever else uses the machine.
double processor_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double rms(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value * value;
  return values.empty() ? 0.0 : std::sqrt(sum / static_cast<double>(values.size()));
}

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

/// Adds the measured stars of one frame to the bins; returns how many true stars above S/N 10 were
/// missed.
int collect(const Field& field, const MeasuredImage& image, std::vector<Bin>& bins) {
  std::vector<const MeasuredSource*> sources;
  for (const MeasuredSource& source : image.sources) sources.push_back(&source);
  std::sort(sources.begin(), sources.end(),
            [](const auto* a, const auto* b) { return a->psf.y < b->psf.y; });
  int missed = 0;
  for (const Star& star : field.stars) {
    const double bound = star_field::flux_bound(field.optics, star, edge, edge);
    const double snr = star.flux / bound;
    if (snr < snr_edges[0]) continue;
    auto at = std::lower_bound(sources.begin(), sources.end(), star.y - 1.5,
                               [](const auto* s, double y) { return s->psf.y < y; });
    const MeasuredSource* best = nullptr;
    for (double distance = 1.5; at != sources.end() && (*at)->psf.y < star.y + 1.5; ++at) {
      const double d = std::hypot((*at)->psf.x - star.x, (*at)->psf.y - star.y);
      if (d < distance) distance = d, best = *at;
    }
    if (best == nullptr) {
      ++missed;
      continue;
    }
    std::size_t bin = 0;
    while (snr >= snr_edges[bin + 1]) ++bin;
    const double difference = best->psf.flux - star.flux;
    bins[bin].ratio.push_back(difference / star.flux);
    bins[bin].scatter.push_back(difference / bound);
    bins[bin].pull.push_back(difference / best->psf.flux_err);
  }
  return missed;
}

void isolated(double fwhm, int frames) {
  Optics optics;
  optics.fwhm_px = fwhm;
  std::vector<Bin> bins(snr_edges.size() - 1);
  int missed = 0;
  const double noise = star_field::flux_bound(optics, {edge / 2.0, edge / 2.0, 1e-3}, edge, edge);
  const auto stars =
      star_field::grid_of_stars(edge, edge, 14.0 * fwhm, 8.0 * noise, 3000.0 * noise, 31);
  Field field = star_field::make_field(optics, stars, edge, edge, 32);
  for (int k = 0; k < frames; ++k) {
    star_field::renew_noise(field, 200 + static_cast<std::uint64_t>(k));
    for (std::ptrdiff_t i = 0; i < field.image.size(); ++i)
      field.image.data()[i] += static_cast<float>(optics.sky_e);
    missed += collect(
        field, measure_image(field.image.view(), field.variance.view(), field.mask.view()), bins);
  }
  for (std::size_t b = 0; b < bins.size(); ++b) {
    std::string name =
        "isolated stars FWHM " + std::to_string(fwhm).substr(0, 3) + " S/N " +
        std::to_string(static_cast<int>(snr_edges[b])) + "-" +
        (b + 2 == snr_edges.size() ? std::string("...")
                                   : std::to_string(static_cast<int>(snr_edges[b + 1])));
    const auto n = static_cast<double>(bins[b].ratio.size());
    const double bias = 100.0 * mean(bins[b].ratio);
    std::printf("%s bias | %+.3f +- %.3f %% | | | <= 0.2 %%\n", name.c_str(), bias,
                100.0 * rms(bins[b].ratio) / std::sqrt(n));
    std::printf("%s scatter / Cramer-Rao | %.3f | | | <= 1.1\n", name.c_str(),
                rms(bins[b].scatter));
    std::printf("%s pull rms | %.3f (%.0f stars) | | | 0.95-1.05\n", name.c_str(),
                rms(bins[b].pull), n);
  }
  std::printf("isolated stars FWHM %.1f above S/N 10 missed | %d | | | < 1 %%\n", fwhm, missed);
}

std::vector<Star> random_stars(double per_pixel, double noise) {
  const auto count = static_cast<std::size_t>(per_pixel * static_cast<double>(edge * edge));
  RandomStream random(77, "crowd");
  std::vector<Star> stars(count);
  for (Star& star : stars) {
    star.x = random.uniform(0.0, static_cast<double>(edge - 1));
    star.y = random.uniform(0.0, static_cast<double>(edge - 1));
    // N(> flux) as flux^-0.75, from S/N 5 up.
    star.flux = std::min(5.0 * noise * std::pow(random.uniform(), -1.0 / 0.75), 20000.0 * noise);
  }
  return stars;
}

void speed(const char* name, double per_pixel) {
  const Optics optics;
  const double noise = star_field::flux_bound(optics, {edge / 2.0, edge / 2.0, 1e-3}, edge, edge);
  Field field = star_field::make_field(optics, random_stars(per_pixel, noise), edge, edge, 33);
  for (std::ptrdiff_t i = 0; i < field.image.size(); ++i)
    field.image.data()[i] += static_cast<float>(optics.sky_e);
  set_thread_count(1);
  double start = processor_s();
  MeasuredImage image = measure_image(field.image.view(), field.variance.view(), field.mask.view());
  const double whole = processor_s() - start;
  std::printf(
      "%s background + detect + measure + PSF, one thread | %.2f Mpix/s (%zu of %zu stars) | | | "
      ">= 5\n",
      name, static_cast<double>(edge * edge) / whole * 1e-6, image.sources.size(),
      field.stars.size());
  std::vector<StarFit> fits;
  for (const MeasuredSource& source : image.sources) fits.push_back(source.psf);
  subtract_background(image.background, field.image.view());
  start = processor_s();
  fit_stars(field.image.view(), field.variance.view(), field.mask.view(), image.psf, fits, {});
  const double fit = processor_s() - start;
  std::printf("%s PSF fit, one thread | %.0f stars/s | | | \n", name,
              static_cast<double>(fits.size()) / fit);
  std::vector<Bin> bins(snr_edges.size() - 1);
  const int missed = collect(field, image, bins);
  for (std::size_t b = 0; b < bins.size(); ++b) {
    std::vector<double> sizes;
    for (const double pull : bins[b].pull) sizes.push_back(std::abs(pull));
    std::sort(sizes.begin(), sizes.end());
    if (sizes.empty()) continue;
    std::printf("%s S/N %.0f+ pull, 68th percentile | %.2f (%zu stars) | | | \n", name,
                snr_edges[b], sizes[sizes.size() * 68 / 100], sizes.size());
  }
  std::printf("%s stars above S/N 10 missed | %d | | | \n", name, missed);
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::string(argv[1]) == "--quick";
  const bool speed_only = argc > 1 && std::string(argv[1]) == "--speed";
  if (!speed_only)
    for (const double fwhm : {2.0, 3.0, 4.0}) isolated(fwhm, quick ? 1 : 4);
  speed("sparse field", 1.0 / 1300.0);
  speed("crowded field", 1.0 / 112.0);
  return 0;
}
