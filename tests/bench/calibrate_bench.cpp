// Calibration of a 4096 x 4096 frame on one thread, in bytes moved against the STREAM triad of the
// same run; cosmic rays and trails against the truth of scenes whose seeds were not used while the
// kernels were made.
//   calibrate_bench                 prints the rows
//   calibrate_bench --scene FOLDER  writes a scene for peers_calibrate.py and prints this program's
//   own times on it
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "kernels/calibrate.h"
#include "kernels/combine.h"
#include "kernels/cosmic_rays.h"
#include "kernels/parallel.h"
#include "kernels/trails.h"
#include "tests/kernels/scene_helpers.h"

namespace {

using namespace polis;
using test::Scene;

constexpr std::ptrdiff_t kEdge = 4096;
constexpr int kRepeats = 9;

/// CPU time of the calling thread: other programs on the machine do not count. [s]
double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Shortest CPU time of several runs on one thread. [s]
double best_time(const std::function<void()>& body, int repeats = kRepeats) {
  double best = 1e30;
  for (int i = 0; i < repeats; ++i) {
    const double start = thread_seconds();
    body();
    best = std::min(best, thread_seconds() - start);
  }
  return best;
}

/// McCalpin's triad on one thread [byte/s], counted as STREAM does: 24 bytes an element.
double stream_triad() {
  constexpr std::size_t kCount = 1u << 25;
  std::vector<double> a(kCount, 1.0);
  std::vector<double> b(kCount, 2.0);
  std::vector<double> c(kCount, 0.5);
  const double seconds = best_time([&] {
    for (std::size_t i = 0; i < kCount; ++i) a[i] = b[i] + 3.0 * c[i];
  });
  return 24.0 * static_cast<double>(kCount) / seconds * (a[kCount / 2] > 0.0 ? 1.0 : 0.0);
}

Plane<float> uniform(double low, double high, std::string_view name) {
  Plane<float> plane(kEdge, kEdge);
  RandomStream stream(17, name);
  for (std::ptrdiff_t i = 0; i < plane.size(); ++i) {
    plane.data()[i] = static_cast<float>(low + (high - low) * (stream.next_u32() * 0x1p-32));
  }
  return plane;
}

struct Calibration {
  Plane<float> raw = uniform(1000.0, 3000.0, "raw");
  Plane<float> bias = uniform(-3.0, 3.0, "bias"),
               bias_variance = uniform(0.5, 1.0, "bias_variance");
  Plane<float> dark = uniform(0.0, 0.1, "dark"),
               dark_variance = uniform(1e-6, 1e-5, "dark_variance");
  Plane<float> flat = uniform(0.8, 1.1, "flat"),
               flat_variance = uniform(1e-6, 1e-5, "flat_variance");
  Plane<MaskPixel> bias_mask{kEdge, kEdge}, dark_mask{kEdge, kEdge}, flat_mask{kEdge, kEdge};
  Plane<float> pixels{kEdge, kEdge}, variance{kEdge, kEdge};
  Plane<MaskPixel> mask{kEdge, kEdge};
  std::vector<float> overscan = std::vector<float>(kEdge, 1000.0F);
  std::vector<float> linearity;

  CalibrateInput input() const {
    CalibrateInput in;
    in.raw = raw.view();
    in.overscan = overscan;
    in.bias = {bias.view(), bias_variance.view(), bias_mask.view()};
    in.dark = {dark.view(), dark_variance.view(), dark_mask.view()};
    in.flat = {flat.view(), flat_variance.view(), flat_mask.view()};
    in.dark_scale = 60.0F;
    in.linearity = linearity;
    in.gain_e_per_adu = 1.5F;
    in.read_noise_e = 5.0F;
    in.saturation_adu = 60000.0F;
    in.nonlinear_adu = 50000.0F;
    return in;
  }
  double seconds(bool only_pixels = false) {
    CalibrateInput in = input();
    if (only_pixels) {
      in.bias = {bias.view(), {}, {}};
      in.dark = {dark.view(), {}, {}};
      in.flat = {flat.view(), {}, {}};
    }
    return best_time([&] { calibrate(in, {pixels.view(), variance.view(), mask.view()}); });
  }
};

/// What must move per pixel: raw, three masters of pixels, variance and mask, and the three planes
/// of the result.
constexpr double kBytesPerPixel = 4.0 + 3.0 * 12.0 + 12.0;
constexpr double kPixels = static_cast<double>(kEdge) * static_cast<double>(kEdge);

void bench_calibrate() {
  const double triad = stream_triad();
  Calibration c;
  for (const char* name : {"calibrate 4096x4096, linear, 1 thread",
                           "calibrate 4096x4096, polynomial of 3, 1 thread"}) {
    const double rate = kBytesPerPixel * kPixels / c.seconds();
    std::printf("%s | %.1f GB/s | %.1f GB/s (STREAM triad) | %.2f | >= 0.60\n", name, rate * 1e-9,
                triad * 1e-9, rate / triad);
    c.linearity = {1e-7F, 1e-12F, 1e-17F};
  }
}

void bench_combine() {
  std::vector<Plane<float>> frames;
  std::vector<CombinePlane> planes;
  for (int k = 0; k < 10; ++k) {
    frames.push_back(Plane<float>(2048, 2048));
    RandomStream stream(19, "frame", static_cast<std::uint64_t>(k));
    for (std::ptrdiff_t i = 0; i < frames.back().size(); ++i) {
      frames.back().data()[i] = static_cast<float>(1000.0 + 5.0 * stream.normal());
    }
  }
  for (const Plane<float>& frame : frames) planes.push_back({frame.view(), 1.0F, 25.0F, 0.0F});
  Plane<float> value(2048, 2048);
  Plane<float> variance(2048, 2048);
  Plane<std::uint16_t> count(2048, 2048);
  const double seconds = best_time(
      [&] {
        combine(planes, {}, {value.view(), variance.view(), count.view()});
      },
      3);
  std::printf("clipped mean of 10 frames, 1 thread | %.0f Mpix/s of input | - | - | -\n",
              10.0 * 4.194304 / seconds);
}

Scene hit_scene(double fwhm, double sky, int stars, std::uint64_t seed) {
  Scene s(1024, 1024, seed);
  s.sky_e = sky;
  test::add_stars(s, stars, 400.0, 3e5, fwhm);
  test::add_hits(s, 300);
  test::expose(s);
  return s;
}

void bench_cosmic_rays() {
  double seconds = 0.0;
  double pixels = 0.0;
  std::uint64_t seed = 90001;
  for (const double fwhm : {1.6, 2.0, 3.0, 4.0}) {
    test::HitScore all;
    for (const double sky : {50.0, 200.0, 600.0}) {
      for (const int stars : {500, 3000}) {
        const Scene s = hit_scene(fwhm, sky, stars, seed++);
        Plane<MaskPixel> mask(1024, 1024);
        seconds += best_time(
            [&] {
              mask = Plane<MaskPixel>(1024, 1024);
              find_cosmic_rays(s.image.view(), s.variance.view(), {}, mask.view());
            },
            1);
        pixels += 1024.0 * 1024.0;
        const auto score = test::score_hits(s, [&](std::ptrdiff_t x, std::ptrdiff_t y) {
          return (mask(x, y) & mask_bits::cosmic_ray) != 0;
        });
        all.hit_pixels += score.hit_pixels;
        all.hit_found += score.hit_found;
        all.star_pixels += score.star_pixels;
        all.star_lost += score.star_lost;
        all.other_lost += score.other_lost;
      }
    }
    std::printf(
        "cosmic-ray pixels above 5 sigma found, FWHM %.1f px | %.2f %% | - | - | >= 95 %%\n", fwhm,
        100.0 * all.recall());
    std::printf("star pixels taken for cosmic rays, FWHM %.1f px | %.3f %% | - | - | <= 0.1 %%\n",
                fwhm, 100.0 * all.star_loss());
  }
  std::printf("cosmic rays, 1 thread | %.1f Mpix/s | - | - | -\n", pixels * 1e-6 / seconds);
}

/// Scenes with one trail each, of 2.5 sigma per pixel and more at its brightest.
void bench_trails() {
  long all = 0;
  long covered = 0;
  int found = 0;
  int surplus = 0;
  int false_trails = 0;
  double seconds = 0.0;
  constexpr int kScenes = 12;
  for (int i = 0; i < kScenes; ++i) {
    RandomStream stream(91001, "trail", static_cast<std::uint64_t>(i));
    Scene s(1024, 1024, 91001 + static_cast<std::uint64_t>(i));
    test::add_stars(s, i % 2 == 0 ? 500 : 10000, 300.0, 1e6, 3.0);
    Scene empty = s;
    test::expose(empty);
    Plane<MaskPixel> mask(1024, 1024);
    false_trails += static_cast<int>(
        find_trails(empty.image.view(), empty.variance.view(), {}, mask.view()).size());
    const double fwhm = stream.uniform(2.5, 8.0);
    const double sigma = std::sqrt(s.sky_e + s.read_noise_e * s.read_noise_e);
    const double peak = sigma * stream.uniform(2.5, 15.0);
    const double angle = stream.uniform(0.0, 6.283);
    const double x = stream.uniform(300.0, 700.0);
    const double y = stream.uniform(300.0, 700.0);
    const double length = i % 3 == 0 ? stream.uniform(250.0, 400.0) : 1600.0;
    test::add_trail(s, x - length * std::cos(angle), y - length * std::sin(angle),
                    x + length * std::cos(angle), y + length * std::sin(angle),
                    peak * fwhm * 1.0645, fwhm);
    test::expose(s);
    mask = Plane<MaskPixel>(1024, 1024);
    std::vector<Trail> trails;
    seconds += best_time(
        [&] { trails = find_trails(s.image.view(), s.variance.view(), {}, mask.view()); }, 1);
    found += trails.empty() ? 0 : 1;
    surplus += std::max(0, static_cast<int>(trails.size()) - 1);
    for (std::ptrdiff_t p = 0; p < mask.size(); ++p) {
      if (static_cast<double>(s.trails.data()[p]) <= 2.0 * sigma) continue;
      ++all;
      covered += (mask.data()[p] & mask_bits::trail) != 0 ? 1 : 0;
    }
  }
  std::printf("trails found, of %d | %d | - | - | %d\n", kScenes, found, kScenes);
  std::printf("trail pixels above 2 sigma that are masked | %.2f %% | - | - | >= 95 %%\n",
              100.0 * static_cast<double>(covered) / static_cast<double>(all));
  std::printf("false trails in %d sparse and crowded frames | %d | - | - | 0\n", 2 * kScenes,
              false_trails + surplus);
  std::printf("trails, 1 thread | %.1f Mpix/s | - | - | -\n", kScenes * 1.048576 / seconds);
}

void write_plane(const Plane<float>& plane, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(plane.data()),
             static_cast<std::streamsize>(plane.size()) * 4);
}

/// Times on the arrays that the peer then gets: "calibrate SECONDS" and "cosmic_rays SECONDS RECALL
/// STAR_LOSS".
void write_scene(const std::string& folder) {
  Calibration c;
  // The peer knows neither the masters' variances nor their masks.
  const double calibrate_s = c.seconds(true);
  write_plane(c.raw, folder + "/raw.f32");
  write_plane(c.bias, folder + "/bias.f32");
  write_plane(c.dark, folder + "/dark.f32");
  write_plane(c.flat, folder + "/flat.f32");
  Scene s(2048, 2048, 92001);
  test::add_stars(s, 6000, 400.0, 3e5, 2.2);
  test::add_hits(s, 1200);
  test::expose(s);
  Plane<MaskPixel> mask(2048, 2048);
  const double cosmic_s = best_time(
      [&] {
        mask = Plane<MaskPixel>(2048, 2048);
        find_cosmic_rays(s.image.view(), s.variance.view(), {}, mask.view());
      },
      3);
  const auto score = test::score_hits(s, [&](std::ptrdiff_t x, std::ptrdiff_t y) {
    return (mask(x, y) & mask_bits::cosmic_ray) != 0;
  });
  write_plane(s.image, folder + "/image.f32");
  write_plane(s.stars, folder + "/stars.f32");
  write_plane(s.hits, folder + "/hits.f32");
  std::printf("calibrate %.6f\ncosmic_rays %.6f %.6f %.6f\n", calibrate_s, cosmic_s, score.recall(),
              score.star_loss());
}

}  // namespace

int main(int argc, char** argv) {
  polis::set_thread_count(1);
  if (argc == 3 && std::string(argv[1]) == "--scene") {
    write_scene(argv[2]);
    return 0;
  }
  bench_calibrate();
  bench_combine();
  bench_cosmic_rays();
  bench_trails();
  return 0;
}
