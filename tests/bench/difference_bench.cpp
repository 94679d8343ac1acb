// Subtraction of simulated pairs against HOTPANTS on the same pixels: time, memory, and what can be
// found in the result.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "difference_peer.h"
#include "difference_score.h"
#include "kernels/difference.h"
#include "kernels/frame_pair_helpers.h"
#include "kernels/parallel.h"

namespace {

using namespace polis;
using namespace polis::bench;
using frame_pair::Conditions;
using frame_pair::Scene;

constexpr std::ptrdiff_t kFull = 4096;
constexpr std::ptrdiff_t kPart = 2048;
constexpr double kFaintest = 60.0;  // [e] of the stars
constexpr int kStarsPerFullFrame = 12650;

struct Case {
  std::string name;
  Conditions science, reference;
  std::ptrdiff_t edge = kPart;
  double density = 1.0;  // of the stars
};

std::vector<Case> cases() {
  Conditions science;
  science.fwhm_px = 3.2;
  science.tilt = 0.05;
  science.throughput_tilt = 0.03;
  Conditions reference;
  reference.fwhm_px = 2.4;
  reference.ellipticity = 0.03;
  reference.exposures = 4.0;
  std::vector<Case> all{{"usual, seeing 3.2 on 2.4 px", science, reference, kFull, 1.0},
                        {"crowded, 8 stars per 1000 px", science, reference, kPart, 10.0}};
  Case wide{"seeing 4 on 2 px", science, reference};
  wide.science.fwhm_px = 4.0;
  wide.reference.fwhm_px = 2.0;
  all.push_back(wide);
  Case turned{"science sharper, 2.4 on 3.2 px, one exposure each", science, reference};
  turned.science.fwhm_px = 2.4;
  turned.reference.fwhm_px = 3.2;
  turned.reference.exposures = 1.0;
  all.push_back(turned);
  Case alike{"seeing alike, other PSF shape, one exposure each", science, reference};
  alike.science.fwhm_px = 2.8;
  alike.science.beta = 3.0;
  alike.reference.fwhm_px = 2.8;
  alike.reference.exposures = 1.0;
  all.push_back(alike);
  Case sites{"other site: bright sloping sky, other PSF shape", science, reference};
  sites.science.fwhm_px = 3.0;
  sites.science.beta = 2.8;
  sites.science.throughput = 0.6;
  sites.science.sky_e = 800.0;
  sites.science.sky_slope = 0.4;
  sites.reference.fwhm_px = 2.2;
  sites.reference.beta = 4.0;
  sites.reference.exposures = 6.0;
  all.push_back(sites);
  return all;
}

double status_mb(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(key, 0) == 0) return std::atof(line.c_str() + key.size() + 1) / 1024.0;
  }
  return 0.0;
}

struct Run {
  double wall_s = 1e9, processor_s = 1e9;
  double first_s = 0.0;  ///< of the first frame, whose memory is fresh
  double peak_mb = 0.0;
};

double processor_time() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Run run_ours(const Scene& scene, int threads, int repeats) {
  set_thread_count(threads);
  Run best;
  FrameSubtractor subtractor;
  std::ofstream("/proc/self/clear_refs") << 5;  // forgets the peak
  const double before_mb = status_mb("VmRSS:");
  for (int i = 0; i < repeats; ++i) {
    const double processor = processor_time();
    const auto start = std::chrono::steady_clock::now();
    subtractor.subtract(scene.science_frame.view(), scene.reference_frame.view());
    const double wall =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best.wall_s = std::min(best.wall_s, wall);
    const double used = processor_time() - processor;
    best.processor_s = std::min(best.processor_s, used);
    if (i == 0) best.first_s = used;
  }
  best.peak_mb = status_mb("VmHWM:") - before_mb;
  return best;
}

std::string text(const char* format, double value) {
  char line[64];
  std::snprintf(line, sizeof line, format, value);
  return line;
}

void row(const std::string& name, const std::string& value, const std::string& peer,
         const std::string& ratio, const std::string& target) {
  std::printf("%s | %s | %s | %s | %s\n", name.c_str(), value.c_str(), peer.c_str(), ratio.c_str(),
              target.c_str());
}

void print_quality(const std::string& name, const ScoreQuality& mine, const ScoreQuality* peer) {
  const auto line = [&](const char* what, const char* format, double ScoreQuality::*value,
                        double factor, const char* target) {
    row(name + what, text(format, factor * (mine.*value)),
        peer != nullptr ? text(format, factor * (peer->*value)) : "-", "-", target);
  };
  line("noise of the score on the sky", "%.3f", &ScoreQuality::sky_rms, 1.0, "0.97 to 1.03");
  line("noise of the score on stars of S/N > 20", "%.3f", &ScoreQuality::star_rms, 1.0, "<= 1.15");
  line("new sources of S/N 5 with a score above 3", "%.1f %%", &ScoreQuality::found_5, 100.0,
       ">= 95 %");
  line("new sources of S/N 10 with a score above 5", "%.1f %%", &ScoreQuality::found_10, 100.0,
       ">= 99.5 %");
  line("mean score of new sources of S/N 10, at the nearest pixel", "%.2f", &ScoreQuality::snr_10,
       1.0, "-");
  line("spurious peaks beyond 5 sigma", "%.2f per Mpix", &ScoreQuality::spurious_per_mpix, 1.0,
       "<= a third of the peer's");
  line("masked", "%.2f %%", &ScoreQuality::masked, 100.0, "-");
}

void print_speed(const Scene& scene, const PeerRun* peer) {
  const Run two = run_ours(scene, 2, 6);
  const Run one = run_ours(scene, 1, 6);
  const std::string name = "subtract 4096x4096, kernel 21x21, order 2: ";
  const auto against = [&](double ours, double theirs) {
    return peer != nullptr ? text("%.1f", theirs / ours) : "-";
  };
  const auto theirs = [&](const char* format, double value) {
    return peer != nullptr ? text(format, value) : "-";
  };
  row(name + "1 thread", text("%.3f s", one.wall_s), theirs("%.2f s", peer ? peer->wall_s : 0),
      against(one.wall_s, peer ? peer->wall_s : 0), ">= 25");
  row(name + "1 thread, processor time", text("%.3f s", one.processor_s),
      theirs("%.2f s", peer ? peer->processor_s : 0),
      against(one.processor_s, peer ? peer->processor_s : 0), ">= 25");
  row(name + "the same, first frame in fresh memory", text("%.3f s", one.first_s),
      theirs("%.2f s", peer ? peer->processor_s : 0),
      against(one.first_s, peer ? peer->processor_s : 0), "-");
  row(name + "2 threads over 1", text("%.2f", one.wall_s / two.wall_s), "-", "-", ">= 1.8");
  row(name + "peak memory beyond the frames", text("%.0f MB", one.peak_mb),
      theirs("%.0f MB", peer ? peer->peak_mb : 0), "-", "<= 375 MB");
}

void measure(const Case& which, const std::filesystem::path& folder, bool with_peer) {
  const double area = static_cast<double>(which.edge) * static_cast<double>(which.edge) /
                      static_cast<double>(kFull * kFull);
  const int count = static_cast<int>(area * which.density * kStarsPerFullFrame);
  const Scene scene =
      frame_pair::make_scene(which.science, which.reference,
                             frame_pair::make_stars(which.edge, which.edge, count, kFaintest, 7),
                             which.edge, which.edge, 400, {5.0, 10.0}, 7);
  PeerRun peer;
  if (with_peer) peer = run_hotpants(scene, folder);
  if (which.edge == kFull) print_speed(scene, peer.ran ? &peer : nullptr);
  set_thread_count(2);
  const Difference d = subtract_frames(scene.science_frame.view(), scene.reference_frame.view());
  if (d.empty()) {
    std::printf("subtract, %s: no kernel\n", which.name.c_str());
    return;
  }
  Plane<unsigned char> usable(which.edge, which.edge);
  for (std::ptrdiff_t i = 0; i < usable.size(); ++i) {
    usable.data()[i] = (d.mask.data()[i] & mask_bits::unusable) == 0 ? 1 : 0;
  }
  const ScoreQuality mine = judge(scene, d.score.view(), usable.view());
  ScoreQuality theirs;
  if (peer.ran) theirs = judge(scene, peer.score.view(), peer.usable.view());
  print_quality("subtract, " + which.name + ": ", mine, peer.ran ? &theirs : nullptr);
}

}  // namespace

int main() {
  std::printf("NAME | value unit | peer value | ratio | target\n");
  const bool with_peer = on_path("hotpants");
  if (!with_peer) std::printf("no hotpants on the PATH: measured without the peer\n");
  if (with_peer) {
    std::printf(
        "peer: HOTPANTS -r 10 -ko 2 -bgo 2 -nsx 10 -nsy 10; its time includes reading and "
        "writing files; score: matched filter with the true PSF and its own noise image\n");
  }
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("difference_bench_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  for (const Case& which : cases()) measure(which, folder, with_peer);
  std::filesystem::remove_all(folder);
  return 0;
}
