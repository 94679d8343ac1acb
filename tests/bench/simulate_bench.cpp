// How fast raw frames are made, and what the parts cost: one thread, one row per figure.
#include <chrono>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "kernels/parallel.h"
#include "simulate/night.h"
#include "simulate/noise.h"

namespace {

using namespace polis;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void row(const std::string& name, double value, const char* unit, const char* target) {
  std::printf("%s | %.2f %s | - | - | %s\n", name.c_str(), value, unit, target);
  std::fflush(stdout);
}

/// The first exposure of a type at a site.
const PlannedExposure* first_of(const Night& night, int site, ImageType type) {
  for (const PlannedExposure& e : night.exposures) {
    if (e.site == site && e.type == type) return &e;
  }
  return nullptr;
}

void measure_frame(const Night& night, int site, ImageType type, const std::string& name) {
  const PlannedExposure* e = first_of(night, site, type);
  if (e == nullptr) return;
  const auto start = std::chrono::steady_clock::now();
  const RawExposure raw = render(night, e->index);
  const Bytes bytes = fits_of(raw);
  const double mpix = 1.0e-6 * static_cast<double>(raw.adu.size());
  row("simulate " + name, mpix / seconds_since(start), "Mpix/s per core", ">= 2");
}

}  // namespace

int main() {
  using polis::ImageType;
  polis::set_thread_count(1);
  const auto start = std::chrono::steady_clock::now();
  const polis::Night survey = polis::make_night("survey", 1);
  row("simulate: plan of a survey night", seconds_since(start), "s", "-");
  measure_frame(survey, 0, ImageType::science, "4096x4096 science frame, amateur dialect");
  measure_frame(survey, 1, ImageType::science, "4096x4096 science frame, two amplifiers");
  measure_frame(survey, 2, ImageType::science, "4096x4096 science frame, Rice-compressed");
  measure_frame(survey, 0, ImageType::flat, "4096x4096 flat");
  measure_frame(survey, 0, ImageType::bias, "4096x4096 bias");
  const polis::Night crowded = polis::make_night(
      "survey", 1,
      {{"cluster_stars", "60000"}, {"cluster_radius_arcmin", "8"}, {"star_density", "5"}});
  measure_frame(crowded, 0, ImageType::science, "4096x4096 science frame, crowded");
  return 0;
}
