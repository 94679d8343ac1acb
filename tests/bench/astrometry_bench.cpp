// Field solving on lists of stars with honest centroid errors: share solved, error of the
// positions, speed, and how often unrelated fields seem to match.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/random.h"
#include "kernels/parallel.h"
#include "sky/exposure.h"
#include "sky/solve_field.h"

namespace {

using namespace polis;
using Clock = std::chrono::steady_clock;

constexpr int kWidth = 4096;
constexpr int kHeight = 4096;
constexpr double kScaleArcsec = 1.0;
constexpr double kFwhmPx = 3.0;
constexpr double kSkyNoise = 25.0;  // [electron] per pixel

struct Lists {
  Wcs truth_wcs;
  std::vector<DetectedStar> detected;
  std::vector<SkyPosition> truth;  // of each detection; NaN: spurious
  std::vector<double> snr;
  std::vector<ReferenceStar> reference;
  FieldSettings settings;
};

/// A camera at a random attitude: 6 px of cubic distortion at the corners, 1 px of quadratic.
Wcs random_camera(RandomStream& stream) {
  Wcs wcs;
  wcs.valid = true;
  wcs.reference = {stream.uniform(0.0, 360.0),
                   std::asin(stream.uniform(-0.99, 0.99)) * 57.29577951};
  wcs.reference_pixel = {0.5 * (kWidth - 1), 0.5 * (kHeight - 1)};
  const double scale = kScaleArcsec / 3600.0;
  const double turn = stream.uniform(0.0, 6.283185307);
  const double side = stream.uniform() < 0.5 ? -1.0 : 1.0;
  wcs.cd = {side * scale * std::cos(turn), -scale * std::sin(turn), side * scale * std::sin(turn),
            scale * std::cos(turn)};
  wcs.sip_order = 3;
  wcs.sip_a.assign(sip_size(3), 0.0);
  wcs.sip_b.assign(sip_size(3), 0.0);
  const double corner = std::hypot(0.5 * kWidth, 0.5 * kHeight);
  wcs.sip_a[sip_index(3, 0)] = wcs.sip_a[sip_index(1, 2)] = 6.0 / (corner * corner * corner);
  wcs.sip_b[sip_index(0, 3)] = wcs.sip_b[sip_index(2, 1)] = 6.0 / (corner * corner * corner);
  wcs.sip_a[sip_index(2, 0)] = wcs.sip_b[sip_index(1, 1)] = 1.0 / (corner * corner);
  return wcs;
}

/// `stars`: on the detector; 30 % of the reference is missing, `spurious` of the detections are no
/// stars.
Lists make_lists(std::uint64_t seed, double stars, double spurious) {
  RandomStream stream(seed, "bench field");
  Lists lists;
  lists.truth_wcs = random_camera(stream);
  const double reach_arcsec = 0.5 * kWidth * kScaleArcsec * 1.45 + 40.0 * 60.0;
  const double reach = reach_arcsec / 206264.8062;
  const auto total =
      static_cast<std::size_t>(stars * std::pow(2.0 * reach_arcsec / (kWidth * kScaleArcsec), 2));
  const double noise = kSkyNoise * std::sqrt(4.0 * 3.14159265) * kFwhmPx / 2.3548;
  const auto add = [&](PixelPosition p, double flux, SkyPosition truth) {
    const double snr = flux / std::sqrt(noise * noise + flux);
    if (snr < 5.0) return;
    // Centroid error of a Gaussian star in background noise and photon noise; pixels leave 0.003
    // px.
    const double error = std::hypot(0.003, kFwhmPx / 2.3548 * std::sqrt(2.0) / snr);
    lists.detected.push_back(
        {{p.x + error * stream.normal(), p.y + error * stream.normal()}, error, flux, true});
    lists.truth.push_back(truth);
    lists.snr.push_back(snr);
  };
  for (std::size_t i = 0; i < total; ++i) {
    const SkyPosition sky = unproject_tan(
        lists.truth_wcs.reference, {stream.uniform(-reach, reach), stream.uniform(-reach, reach)});
    const double flux = 1500.0 * std::pow(stream.uniform(), -1.0 / 0.75);
    if (stream.uniform() > 0.3) {
      const double error = 0.01;
      lists.reference.push_back({{sky.ra_deg, sky.dec_deg + error / 3600.0 * stream.normal()},
                                 error,
                                 -2.5 * std::log10(flux * std::exp(0.2 * stream.normal()))});
    }
    const PixelPosition p = lists.truth_wcs.to_pixel(sky);
    if (p.x > 0.0 && p.y > 0.0 && p.x < kWidth - 1 && p.y < kHeight - 1) add(p, flux, sky);
  }
  const auto extra = static_cast<std::size_t>(spurious / (1.0 - spurious) *
                                              static_cast<double>(lists.detected.size()));
  for (std::size_t i = 0; i < extra; ++i) {
    add({stream.uniform(0.0, kWidth), stream.uniform(0.0, kHeight)},
        1500.0 * std::pow(stream.uniform(), -1.0 / 0.75), {kUnknown, kUnknown});
  }
  lists.settings.width = kWidth;
  lists.settings.height = kHeight;
  lists.settings.pixel_scale_arcsec = kScaleArcsec * stream.uniform(0.97, 1.03);
  const double off = 40.0 * 60.0 / 206264.8062 / std::sqrt(2.0);
  lists.settings.pointing = unproject_tan(lists.truth_wcs.reference,
                                          {stream.uniform(-off, off), stream.uniform(-off, off)});
  return lists;
}

double median_of(std::vector<double> values) {
  if (values.empty()) return 0.0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void bench_fields(const char* name, double stars, double spurious, int fields) {
  int solved = 0;
  int wrong = 0;
  double seconds = 0.0;
  std::vector<double> errors, bounds;
  for (int i = 0; i < fields; ++i) {
    const Lists lists = make_lists(static_cast<std::uint64_t>(i), stars, spurious);
    const auto start = Clock::now();
    const FieldSolution solution = solve_field(lists.detected, lists.reference, lists.settings);
    seconds += std::chrono::duration<double>(Clock::now() - start).count();
    if (!solution.found) continue;
    std::vector<double> of_field;
    for (std::size_t k = 0; k < lists.detected.size(); ++k) {
      if (!(lists.snr[k] > 100.0) || !std::isfinite(lists.truth[k].ra_deg)) continue;
      of_field.push_back(
          separation_arcsec(solution.wcs.to_sky(lists.detected[k].position), lists.truth[k]) /
          kScaleArcsec);
    }
    // What the centroids alone leave: no WCS places the stars better than the true one.
    for (std::size_t k = 0; k < lists.detected.size(); ++k) {
      if (!(lists.snr[k] > 100.0) || !std::isfinite(lists.truth[k].ra_deg)) continue;
      bounds.push_back(
          separation_arcsec(lists.truth_wcs.to_sky(lists.detected[k].position), lists.truth[k]) /
          kScaleArcsec);
    }
    const double middle = median_of(of_field);
    ++(middle < 1.0 ? solved : wrong);
    if (!(middle < 1.0)) {
      std::printf(
          "# wrong: field %d, %zu of %zu stars, median %.1f px, rms %.2f px, false alarm 10^%.1f\n",
          i, solution.pairs.size(), lists.detected.size(), middle, solution.fit.rms_px,
          solution.log10_false_alarm);
    }
    errors.insert(errors.end(), of_field.begin(), of_field.end());
  }
  std::printf("astrometry lists, %s: solved | %.2f %% of %d | - | - | >= 99 %%\n", name,
              100.0 * solved / fields, fields);
  std::printf("astrometry lists, %s: wrong solutions | %d of %d | - | - | 0\n", name, wrong,
              fields);
  std::printf("astrometry lists, %s: median error, S/N > 100 | %.4f px | - | - | <= 0.02 px\n",
              name, median_of(errors));
  std::printf(
      "astrometry lists, %s: the same with the true WCS, the noise bound | %.4f px | - | - | -\n",
      name, median_of(bounds));
  std::printf("astrometry lists, %s: speed, one thread | %.1f solves/s | - | - | -\n", name,
              fields / seconds);
}

void bench_unrelated(int fields) {
  std::vector<int> found(static_cast<std::size_t>(fields), 0);
  const auto start = Clock::now();
  parallel_for(fields, [&](std::ptrdiff_t i) {
    const Lists a =
        make_lists(static_cast<std::uint64_t>(10000 + i), i % 4 == 0 ? 30.0 : 400.0, 0.2);
    Lists b = make_lists(static_cast<std::uint64_t>(20000 + i), i % 4 == 0 ? 30.0 : 400.0, 0.2);
    for (ReferenceStar& star : b.reference) {
      star.position =
          unproject_tan(a.settings.pointing, project_tan(b.truth_wcs.reference, star.position));
    }
    found[static_cast<std::size_t>(i)] =
        solve_field(a.detected, b.reference, a.settings).found ? 1 : 0;
  });
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const auto wrong = std::count(found.begin(), found.end(), 1);
  std::printf("astrometry lists: unrelated fields that match | %ld of %d | - | - | 0\n",
              static_cast<long>(wrong), fields);
  std::printf("astrometry lists: time to give up on an unrelated field | %.2f s | - | - | -\n",
              seconds / fields);
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const int fields = argc > 1 ? std::max(1, std::atoi(argv[1])) : 200;
  bench_fields("400 stars, 20 % spurious", 400.0, 0.2, fields);
  bench_fields("sparse, 40 stars, 20 % spurious", 40.0, 0.2, fields);
  bench_fields("400 stars, 50 % spurious", 400.0, 0.5, fields);
  bench_fields("crowded, 10000 stars", 10000.0, 0.1, std::max(fields / 20, 3));
  bench_unrelated(fields / 2);
  return 0;
}
