// Detection and basic measurement of simulated 4096 x 4096 star fields, against Source Extractor on
// the same pixels: time, and detections against the truth.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <sstream>
#include <string>
#include <vector>

#include "base/random.h"
#include "detect_score.h"
#include "kernels/background.h"
#include "kernels/convolve.h"
#include "kernels/detect.h"
#include "kernels/measure.h"
#include "kernels/parallel.h"

namespace {

using namespace polis;
using namespace polis::bench;
using Clock = std::chrono::steady_clock;

constexpr double moffat_beta = 3.0;
constexpr double sky_e = 300.0;
constexpr double read_noise_e = 5.0;
constexpr double sky_slope_e = 0.01;  // per pixel, along x and y

struct Field {
  std::string name;
  std::vector<Star> stars;
  Plane<float> pixels{edge, edge};
  Plane<float> variance{edge, edge};
  Plane<MaskPixel> mask{edge, edge};
};

/// Flux of a star whose matched filter reaches S/N 1 on this sky.
double flux_at_snr_1() {
  const Plane<float> kernel = gaussian_kernel(fwhm_px);
  double square = 0.0;
  for (std::ptrdiff_t i = 0; i < kernel.size(); ++i) square += std::pow(kernel.data()[i], 2);
  return std::sqrt((sky_e + read_noise_e * read_noise_e) / square);
}

/// Stars from S/N 3 up, N(> flux) as flux^-0.75: 0.3 dex per magnitude, as galactic counts have.
std::vector<Star> make_stars(int count) {
  RandomStream random(17, "stars", static_cast<std::uint64_t>(count));
  const double unit = flux_at_snr_1();
  std::vector<Star> stars;
  for (int i = 0; i < count; ++i) {
    const double snr = std::min(3.0 * std::pow(random.uniform(), -1.0 / 0.75), 2e4);
    stars.push_back(
        {random.uniform(-0.5, edge - 0.5), random.uniform(-0.5, edge - 0.5), snr * unit, snr});
  }
  return stars;
}

void add_star(const Star& star, Plane<float>& image) {
  const double alpha = fwhm_px / (2.0 * std::sqrt(std::pow(2.0, 1.0 / moffat_beta) - 1.0));
  const double centre = star.flux_e * (moffat_beta - 1.0) / (std::numbers::pi * alpha * alpha);
  // Out to where the profile falls below a twentieth of an electron.
  const double reach =
      alpha * std::sqrt(std::max(4.0, std::pow(centre / 0.05, 1.0 / moffat_beta) - 1.0));
  const auto low = [](double v) {
    return static_cast<std::ptrdiff_t>(std::max(0.0, std::ceil(v)));
  };
  const auto high = [](double v) {
    return static_cast<std::ptrdiff_t>(std::min<double>(edge - 1, std::floor(v)));
  };
  for (std::ptrdiff_t y = low(star.y - reach); y <= high(star.y + reach); ++y) {
    for (std::ptrdiff_t x = low(star.x - reach); x <= high(star.x + reach); ++x) {
      const double r2 = std::pow(static_cast<double>(x) - star.x, 2) +
                        std::pow(static_cast<double>(y) - star.y, 2);
      const double base = 1.0 + r2 / (alpha * alpha);
      image(x, y) += static_cast<float>(centre / (base * base * base));
    }
  }
}

Field make_field(const std::string& name, int count) {
  Field field;
  field.name = name;
  field.stars = make_stars(count);
  for (const Star& star : field.stars) add_star(star, field.pixels);
  parallel_for(edge, [&](std::ptrdiff_t y) {
    RandomStream random(17, "noise " + name, static_cast<std::uint64_t>(y));
    for (std::ptrdiff_t x = 0; x < edge; ++x) {
      const double slope = sky_slope_e * static_cast<double>(x + y);
      const double signal = static_cast<double>(field.pixels(x, y)) + sky_e + slope;
      const double noise = std::sqrt(signal + read_noise_e * read_noise_e);
      const double value = signal + noise * random.normal();
      field.pixels(x, y) = static_cast<float>(value);
      field.variance(x, y) = static_cast<float>(std::max(value, 1.0) + read_noise_e * read_noise_e);
    }
  });
  return field;
}

struct Times {
  double sky_bias_sigma = 0;  // mean error of the background over the noise of a pixel
  double wall_s = 1e9;
  double processor_s = 1e9;  // of all threads
  double background_s = 0, detect_s = 0, measure_s = 0;
};

/// Processor time of this program, or of the programs that it ran.
double processor_time(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Mean of (background - truth) / noise over a grid of places.
double sky_bias(const Background& background) {
  double sum = 0.0;
  int count = 0;
  for (double y = 50; y < edge; y += 97) {
    for (double x = 50; x < edge; x += 97) {
      const double truth = sky_e + sky_slope_e * (x + y);
      const double level = static_cast<double>(background_level_at(background, x, y));
      sum += (level - truth) / std::sqrt(truth + read_noise_e * read_noise_e);
      ++count;
    }
  }
  return sum / count;
}

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Times run_ours(const Field& field, int threads, std::vector<Found>& found) {
  set_thread_count(threads);
  Times best;
  for (int repeat = 0; repeat < 4; ++repeat) {
    Plane<float> residual = field.pixels;
    const auto start = Clock::now();
    const double processor = processor_time(RUSAGE_SELF);
    Times times;
    const Background background = estimate_background(residual.view(), field.mask.view());
    subtract_background(background, residual.view());
    times.background_s = since(start);
    const MeasuredPixels image{residual.view(), field.variance.view(), field.mask.view(),
                               &background, 1.0F};
    const Detections detections =
        detect_sources(image, KernelGrid::uniform(gaussian_kernel(fwhm_px)));
    times.detect_s = since(start) - times.background_s;
    MeasureSettings settings;
    settings.psf_fwhm_px = fwhm_px;
    const std::vector<SourceMeasurement> sources = measure_sources(image, detections, settings);
    times.wall_s = since(start);
    times.measure_s = times.wall_s - times.background_s - times.detect_s;
    times.sky_bias_sigma = sky_bias(background);
    times.processor_s = std::min(best.processor_s, processor_time(RUSAGE_SELF) - processor);
    best.processor_s = times.processor_s;
    if (times.wall_s < best.wall_s) best = times;
    found.clear();
    for (const SourceMeasurement& source : sources) found.push_back({source.x, source.y});
  }
  return best;
}

void write_fits(const Plane<float>& image, const std::filesystem::path& path) {
  std::string header;
  const auto card = [&](const std::string& text) {
    header += text + std::string(80 - text.size(), ' ');
  };
  char line[81];
  const auto number = [&](const char* key, long long value) {
    std::snprintf(line, sizeof line, "%-8s= %20lld", key, value);
    card(line);
  };
  card("SIMPLE  =                    T");
  number("BITPIX", -32);
  number("NAXIS", 2);
  number("NAXIS1", image.width());
  number("NAXIS2", image.height());
  card("END");
  header.resize((header.size() + 2879) / 2880 * 2880, ' ');
  std::vector<std::uint32_t> words(static_cast<std::size_t>(image.size()));
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = __builtin_bswap32(std::bit_cast<std::uint32_t>(image.data()[i]));
  }
  std::ofstream out(path, std::ios::binary);
  out << header;
  const std::size_t bytes = words.size() * 4;
  out.write(reinterpret_cast<const char*>(words.data()), static_cast<std::streamsize>(bytes));
  out << std::string((2880 - bytes % 2880) % 2880, '\0');
}

void write_settings(const std::filesystem::path& folder) {
  std::ofstream(folder / "p.param")
      << "X_IMAGE\nY_IMAGE\nXWIN_IMAGE\nYWIN_IMAGE\nERRAWIN_IMAGE\nX2_IMAGE\nY2_IMAGE\nXY_IMAGE\nA_"
         "IMAGE\nB_IMAGE\n"
         "THETA_IMAGE\nFLUX_APER(1)\nFLUXERR_APER(1)\nKRON_RADIUS\nFLUX_AUTO\nFLUXERR_AUTO\nFLUX_"
         "ISO\nFLUXERR_ISO\n"
         "FLUX_RADIUS(1)\nFLUX_MAX\nBACKGROUND\nISOAREA_IMAGE\nFLAGS\n";
  std::ofstream conv(folder / "g.conv");
  conv << "CONV NORM\n# Gaussian, the same as ours\n";
  const Plane<float> kernel = gaussian_kernel(fwhm_px);
  for (std::ptrdiff_t y = 2; y < kernel.height() - 2; ++y) {
    for (std::ptrdiff_t x = 2; x < kernel.width() - 2; ++x) conv << kernel(x, y) << ' ';
    conv << '\n';
  }
}

/// Times of a program; its output is thrown away. wall_s -1: it did not run.
Times time_program(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const auto start = Clock::now();
  const double processor = processor_time(RUSAGE_CHILDREN);
  const pid_t child = fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(126);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  Times times;
  times.wall_s = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? since(start) : -1.0;
  times.processor_s = processor_time(RUSAGE_CHILDREN) - processor;
  return times;
}

/// The peer's sources by either of its positions.
struct PeerFound {
  std::vector<Found> isophotal, windowed;
};

Times run_peer(const Field& field, const std::filesystem::path& folder, PeerFound& found) {
  write_fits(field.pixels, folder / "image.fits");
  write_settings(folder);
  const std::string catalog = folder / "out.cat";
  Times best;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const Times times = time_program({"source-extractor",
                                      folder / "image.fits",
                                      "-c",
                                      "/dev/null",
                                      "-CATALOG_NAME",
                                      catalog,
                                      "-CATALOG_TYPE",
                                      "ASCII_HEAD",
                                      "-PARAMETERS_NAME",
                                      folder / "p.param",
                                      "-FILTER_NAME",
                                      folder / "g.conv",
                                      "-DETECT_MINAREA",
                                      "5",
                                      "-DETECT_THRESH",
                                      "1.5",
                                      "-ANALYSIS_THRESH",
                                      "1.5",
                                      "-DEBLEND_MINCONT",
                                      "0.005",
                                      "-GAIN",
                                      "1.0",
                                      "-SATUR_LEVEL",
                                      "1e9",
                                      "-PHOT_APERTURES",
                                      "10",
                                      "-BACK_SIZE",
                                      "64",
                                      "-BACK_FILTERSIZE",
                                      "3",
                                      "-PIXEL_SCALE",
                                      "1",
                                      "-MEMORY_PIXSTACK",
                                      "3000000",
                                      "-MEMORY_OBJSTACK",
                                      "30000",
                                      "-VERBOSE_TYPE",
                                      "QUIET",
                                      "-STARNNW_NAME",
                                      "/dev/null"});
    if (times.wall_s < 0.0) return times;
    best.processor_s = std::min(best.processor_s, times.processor_s);
    best.wall_s = std::min(best.wall_s, times.wall_s);
  }
  std::ifstream in(catalog);
  std::string text;
  found = {};
  while (std::getline(in, text)) {
    if (text.empty() || text[0] == '#') continue;
    std::istringstream values(text);
    double x = 0, y = 0, win_x = 0, win_y = 0;
    values >> x >> y >> win_x >> win_y;
    found.isophotal.push_back({x - 1.0, y - 1.0});
    found.windowed.push_back({win_x - 1.0, win_y - 1.0});
  }
  return best;
}

void row(const std::string& name, double value, const char* unit, double peer, double ratio,
         const char* target) {
  std::printf("%s | %.4g %s | %.4g | %.3g | %s\n", name.c_str(), value, unit, peer, ratio, target);
}

void compare(const Field& field, const std::filesystem::path& folder, bool with_peer) {
  std::vector<Found> ours;
  PeerFound theirs;
  const Times two = run_ours(field, 2, ours);
  const Times one = run_ours(field, 1, ours);
  const Times peer = with_peer ? run_peer(field, folder, theirs) : Times{};
  row("detect " + field.name + ": background + detect + measure, 1 thread", one.wall_s, "s",
      peer.wall_s, peer.wall_s / one.wall_s, ">= 2");
  row("detect " + field.name + ": background + detect + measure, 2 threads", two.wall_s, "s",
      peer.wall_s, peer.wall_s / two.wall_s, ">= 3.5");
  row("detect " + field.name + ": the same, processor time", one.processor_s, "s", peer.processor_s,
      peer.processor_s / one.processor_s, ">= 2");
  row("detect " + field.name + ": background, 1 thread", one.background_s, "s", 0, 0, "");
  row("detect " + field.name + ": detect and deblend, 1 thread", one.detect_s, "s", 0, 0, "");
  row("detect " + field.name + ": measure, 1 thread", one.measure_s, "s", 0, 0, "");
  row("detect " + field.name + ": error of the sky, in sigma of a pixel", one.sky_bias_sigma, "", 0,
      0, "");
  const Score mine = score(field.stars, ours);
  // The peer is judged by those of its positions that hold more stars.
  const Score isophotal = score(field.stars, theirs.isophotal);
  const Score windowed = score(field.stars, theirs.windowed);
  const Score& other = isophotal.real >= windowed.real ? isophotal : windowed;
  const auto count = [&](const char* name, std::size_t value, std::size_t peer_value,
                         const char* target) {
    row("detect " + field.name + ": " + name, static_cast<double>(value), "sources",
        static_cast<double>(peer_value),
        static_cast<double>(value) / std::max(1.0, static_cast<double>(peer_value)), target);
  };
  count("true detections", mine.real, other.real, ">= peer");
  count("false detections", mine.false_ones, other.false_ones,
        "<= peer; sparse <= 16.8 (1 per Mpix)");
  row("detect " + field.name + ": completeness, S/N >= 10", mine.complete_at_10, "",
      other.complete_at_10, 0, "");
  row("detect " + field.name + ": completeness, S/N >= 10, isolated", mine.complete_isolated, "",
      other.complete_isolated, 0, ">= 0.99");
}

}  // namespace

int main(int argc, char** argv) {
  const bool with_peer = argc < 2 || std::string(argv[1]) != "--without-peer";
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("detect_bench_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  set_thread_count(2);
  compare(make_field("sparse", 12650), folder, with_peer);
  set_thread_count(2);
  compare(make_field("crowded", 150000), folder, with_peer);
  std::filesystem::remove_all(folder);
}
