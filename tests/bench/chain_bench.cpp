// The whole chain from a raw file to a measured catalogue, in memory and on one thread, on
// simulated 2048 x 2048 frames with their masters: pixels per second, what a dense field costs
// more, peak memory, and which stage takes how much of the time.
//   chain_bench           prints the rows
//   chain_bench --sparse  runs the sparse frame only, --dense the dense one: for a profiler
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kernels/bleed.h"
#include "kernels/convolve.h"
#include "kernels/cosmic_rays.h"
#include "kernels/measure_image.h"
#include "kernels/parallel.h"
#include "kernels/trails.h"
#include "simulate/night.h"
#include "tasks/detector_frame.h"
#include "tasks/tasks.h"
#include "tests/temporary_folder.h"

namespace {

using namespace polis;

constexpr int kRepeats = 3;
constexpr int kSite = 1;  // two amplifiers with overscan
constexpr double kFrameBytesPerPixel = 12.0;

/// CPU time of the calling thread: other programs on the machine do not count. [s]
double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// A line of /proc/self/status, e.g. VmRSS or VmHWM. [byte]
double status_bytes(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(name + ":")) return 1024.0 * std::stod(line.substr(name.size() + 1));
  return 0.0;
}

void forget_peak_memory() { std::ofstream("/proc/self/clear_refs") << 5; }

/// Raw files lie on disk, as in the city, and are read when they are opened; all else is in memory.
class ChainReader : public Reader {
 public:
  const Bundle& bundle() const override { return bundle_; }
  using Reader::open;
  Artifact open(const InputRef& ref) override {
    if (const auto path = files_.find(ref.name); path != files_.end()) return read(path->second);
    return artifacts_.at(ref.name);
  }
  void add(const std::string& role, const Artifact& artifact) {
    const Digest name = digest_of(role + std::to_string(bundle_.entries.size()));
    bundle_.entries.push_back({role, {InputRef::From::lake, name, artifact.kind()}});
    artifacts_[name] = artifact;
  }
  void add_exposure(const Exposure& exposure, const std::filesystem::path& raw) {
    files_[exposure.raw] = raw;
    add("exposure", Artifact::of("exposure", exposure));
  }

 private:
  static Artifact read(const std::filesystem::path& path) {
    Bytes bytes(std::filesystem::file_size(path));
    std::ifstream(path, std::ios::binary)
        .read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return Artifact::from_bytes("raw_frame", std::move(bytes));
  }
  Bundle bundle_;
  std::map<Digest, Artifact> artifacts_;
  std::map<Digest, std::filesystem::path> files_;
};

Artifact run_task(const Task& task, Reader& reader) {
  ParameterMap values;
  for (const ParameterSpec& spec : task.parameters)
    values[std::string(spec.name)] = std::string(spec.default_value);
  return task.run(Parameters(std::string(task.name), values), reader).artifact;
}

/// One science frame of a simulated night and the masters of its night.
struct Field {
  test::TemporaryFolder folder;
  Exposure science;
  std::filesystem::path science_file;
  Artifact bias, dark, flat;
  double pixels = 0.0;

  explicit Field(const SceneText& changes) {
    const Night night = make_night("tiny", 7, changes);
    bias = master(night, ImageType::bias, master_bias_task());
    dark = master(night, ImageType::dark, master_dark_task());
    flat = master(night, ImageType::flat, master_flat_task());
    for (const PlannedExposure& planned : night.exposures)
      if (planned.site == kSite && planned.type == ImageType::science && planned.filter == "r") {
        std::tie(science, science_file) = raw_file(night, planned.index);
        break;
      }
    pixels = static_cast<double>(science.width) * static_cast<double>(science.height);
  }

  ChainReader reader() const {
    ChainReader reader;
    reader.add_exposure(science, science_file);
    reader.add("bias", bias);
    reader.add("dark", dark);
    reader.add("flat", flat);
    return reader;
  }

 private:
  std::pair<Exposure, std::filesystem::path> raw_file(const Night& night, int index) const {
    const RawExposure raw = render(night, index);
    const Bytes bytes = fits_of(raw);
    const std::filesystem::path path =
        std::filesystem::path(folder.path()) / (std::to_string(index) + ".fits");
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    Exposure exposure = raw.exposure;
    exposure.raw = digest_of(bytes);
    return {exposure, path};
  }

  Artifact master(const Night& night, ImageType type, const Task& task) const {
    ChainReader reader;
    for (const PlannedExposure& planned : night.exposures) {
      const bool fits = planned.site == kSite && planned.type == type &&
                        (type != ImageType::flat || planned.filter == "r");
      if (!fits) continue;
      const auto [exposure, path] = raw_file(night, planned.index);
      reader.add_exposure(exposure, path);
    }
    if (type != ImageType::bias) reader.add("bias", bias);
    return run_task(task, reader);
  }
};

struct ChainCost {
  double seconds = 1e30;  ///< CPU time of the fastest run
  double peak_frames = 0.0;
  std::size_t sources = 0;
};

/// Both tasks, one after the other; the frame goes from one to the other and is never written.
ChainCost run_chain(const Field& field, int repeats) {
  ChainCost cost;
  for (int k = 0; k < repeats; ++k) {
    malloc_trim(0);
    forget_peak_memory();
    const double before = status_bytes("VmRSS");
    const double start = thread_seconds();
    ChainReader first = field.reader();
    ChainReader second;
    second.add("frame", run_task(calibrate_frame_task(), first));
    const Artifact catalog = run_task(measure_frame_task(), second);
    cost.seconds = std::min(cost.seconds, thread_seconds() - start);
    cost.peak_frames = std::max(
        cost.peak_frames, (status_bytes("VmHWM") - before) / (kFrameBytesPerPixel * field.pixels));
    cost.sources = catalog.as<TableSet>().at("sources").rows();
  }
  return cost;
}

/// Seconds of each stage, in order; of several runs the fastest.
class Stages {
 public:
  template <class Body>
  void time(const char* name, Body&& body) {
    const double start = thread_seconds();
    body();
    stages_.emplace_back(name, thread_seconds() - start);
  }
  void keep_fastest(const Stages& other) {
    if (stages_.empty()) stages_ = other.stages_;
    for (std::size_t k = 0; k < stages_.size(); ++k)
      stages_[k].second = std::min(stages_[k].second, other.stages_[k].second);
  }
  void print(const std::string& field) const {
    double all = 0.0;
    for (const auto& [name, seconds] : stages_) all += seconds;
    for (const auto& [name, seconds] : stages_)
      std::printf("chain, %s: %s | %.1f %% (%.3f s) | - | - | -\n", field.c_str(), name,
                  100.0 * seconds / all, seconds);
  }

 private:
  std::vector<std::pair<const char*, double>> stages_;
};

/// The steps of the two tasks once more, each timed by itself. The seeing comes from the search for
/// cosmic rays, and crowded frames are not searched again for hidden stars.
Stages time_stages_once(const Field& field) {
  Stages stages;
  ChainReader reader = field.reader();
  const Masters masters{&field.bias.as<Frame>(), &field.dark.as<Frame>(), &field.flat.as<Frame>()};
  Plane<float> raw;
  Frame frame;
  stages.time("read raw pixels", [&] { raw = read_raw_pixels(reader, field.science); });
  stages.time("overscan and calibrate", [&] {
    frame = calibrate_exposure(field.science, raw.view(), masters, PixelUnit::electron);
  });
  const auto pixels = frame.pixels.view();
  const View<const float> variance = frame.variance.view();
  const View<MaskPixel> mask = frame.mask.view();
  stages.time("bleeds", [&] { flag_bleeds(pixels, variance, {}, mask); });
  stages.time("trails", [&] { find_trails(pixels, variance, {}, mask); });
  double fwhm = 0.0;
  stages.time("cosmic rays", [&] { fwhm = find_cosmic_rays(pixels, variance, {}, mask).fwhm_px; });
  Background background;
  const MeasuredPixels image{pixels, variance, mask};
  stages.time("background", [&] {
    background = estimate_background(pixels, mask, {});
    subtract_background(background, pixels);
  });
  Detections found;
  stages.time("detect", [&] {
    found = detect_sources(image, KernelGrid::uniform(gaussian_kernel(fwhm)), {});
  });
  std::vector<SourceMeasurement> sources;
  MeasureSettings measure;
  measure.psf_fwhm_px = fwhm;
  stages.time("shapes and apertures", [&] { sources = measure_sources(image, found, measure); });
  PsfModel psf;
  PsfBuildSettings build;
  stages.time("psf build", [&] {
    const PsfStarChoice stars = choose_psf_stars(sources);
    build.fwhm_px = stars.fwhm_px;
    psf = build_psf(pixels, variance, mask, stars.stars, build);
  });
  std::vector<StarFit> fits;
  for (const SourceMeasurement& source : sources) {
    fits.emplace_back();
    fits.back().x = source.x;
    fits.back().y = source.y;
    fits.back().flux = source.flux_iso;
  }
  StarFitSettings fit;
  fit.passes = 1;
  fit.rough = true;
  stages.time("psf fit", [&] { fit_stars(pixels, variance, mask, psf, fits, fit); });
  stages.time("sky again", [&] {
    background = estimate_background(pixels, mask, {});
    subtract_background(background, pixels);
  });
  fit = {};
  fit.subtracted = true;
  stages.time("psf fit, second", [&] { fit_stars(pixels, variance, mask, psf, fits, fit); });
  return stages;
}

Stages time_stages(const Field& field) {
  Stages fastest;
  for (int k = 0; k < kRepeats; ++k) fastest.keep_fastest(time_stages_once(field));
  return fastest;
}

void print_chain(const std::string& name, const Field& field, const ChainCost& cost) {
  std::printf(
      "chain raw -> catalogue, %s (%zu sources), 1 thread | %.2f Mpix/s per core | - | - | "
      ">= 5\n",
      name.c_str(), cost.sources, 1e-6 * field.pixels / cost.seconds);
  std::printf(
      "chain, %s: peak memory above the masters | %.2f frames of 12 byte/px | - | - | "
      "<= 4\n",
      name.c_str(), cost.peak_frames);
  std::fflush(stdout);
}

const SceneText kSparse{{"width", "2048"}, {"height", "2048"}};
const SceneText kDense{{"width", "2048"}, {"height", "2048"}, {"star_density", "8"}};

}  // namespace

int main(int argc, char** argv) {
  polis::set_thread_count(1);
  const std::string only = argc > 1 ? argv[1] : "";
  ChainCost sparse, dense;
  if (only != "--dense") {
    const Field field(kSparse);
    sparse = run_chain(field, kRepeats);
    print_chain("sparse", field, sparse);
    time_stages(field).print("sparse");
  }
  if (only != "--sparse") {
    const Field field(kDense);
    dense = run_chain(field, kRepeats);
    print_chain("dense", field, dense);
    time_stages(field).print("dense");
  }
  if (only.empty())
    std::printf("chain, dense over sparse | %.2f | - | - | <= 1.5\n",
                dense.seconds / sparse.seconds);
  return 0;
}
