#pragma once

#include <map>
#include <string>
#include <vector>

#include "jobs/task.h"
#include "kernels/view.h"
#include "sky/frame.h"

namespace polis::test {

/// A reader over artifacts in memory: the bundle's, and raw files.
class MemoryReader : public Reader {
 public:
  const Bundle& bundle() const override { return bundle_; }
  Artifact open(const InputRef& ref) override;
  using Reader::open;
  /// Adds an artifact to the bundle under `role`.
  void add(const std::string& role, const Artifact& artifact);
  /// Adds an exposure together with its raw pixels.
  void add_exposure(Exposure exposure, const Plane<float>& raw);

 private:
  Bundle bundle_;
  std::map<InputRef, Artifact> artifacts_;
  int next_ = 0;
};

/// A detector with known properties, read through one or two amplifiers with overscan.
struct Detector {
  int width = 96, height = 80, overscan = 16;
  int amplifiers = 2;
  double gain_e_per_adu = 2.0;
  double read_noise_e = 8.0;
  double bias_level_adu = 1000.0;
  double dark_e_per_s = 0.5;  ///< at -10 C, doubles every 6 C
  double hot_e_per_s = 40.0;  ///< of every 977th pixel
  std::uint64_t seed = 1;

  /// Relative response of a trimmed pixel: falls off, and every 1009th pixel is dead (0.3).
  double response(std::ptrdiff_t x, std::ptrdiff_t y) const;
  /// Structure of the bias of a trimmed pixel [adu].
  double bias_structure(std::ptrdiff_t x, std::ptrdiff_t y) const;
  double dark_rate_e(std::ptrdiff_t x, std::ptrdiff_t y, double temperature_c) const;
  Exposure exposure(ImageType type, const std::string& id, double time_s,
                    double temperature_c = -10.0) const;
  /// Raw pixels of an exposure whose sky gives `light_e` electrons per pixel of response 1.
  Plane<float> expose(const Exposure& exposure, double light_e, std::uint64_t index) const;
};

/// `count` exposures and the task's result, with the further artifacts given.
struct Role {
  std::string name;
  Artifact artifact;
};
Artifact run_task(const Task& task, MemoryReader& reader, const ParameterMap& parameters = {});
Artifact make_bias(const Detector& detector, int count);
Artifact make_dark(const Detector& detector, int count, const Artifact& bias);
Artifact make_flat(const Detector& detector, int count, const Artifact& bias);

}  // namespace polis::test
