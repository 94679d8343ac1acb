#include "tasks/choose_calibrations.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace polis {
namespace {

/// Age in days; a calibration without a date is as old as is allowed.
double age_days(const Exposure& calibration, const Exposure& science,
                const CalibrationRules& rules) {
  const double age = std::abs(calibration.mjd_mid - science.mjd_mid);
  return std::isfinite(age) ? age : rules.max_age_days;
}

bool of_like_temperature(const Exposure& calibration, const Exposure& science,
                         const CalibrationRules& rules) {
  const double difference = std::abs(calibration.temperature_c - science.temperature_c);
  return !std::isfinite(difference) || difference <= rules.temperature_tolerance_c;
}

}  // namespace

CalibrationChooser::Exposures CalibrationChooser::nearest(ImageType type, const Exposure& science,
                                                          const std::string& filter) const {
  std::map<std::string, Exposures> by_night;
  std::string best_night;
  double best_age = std::numeric_limits<double>::infinity();
  for (const NightExposure& candidate : all_) {
    const Exposure& e = candidate.exposure;
    if (e.type != type || !same_layout(e, science)) continue;
    if (type == ImageType::flat && e.physical_filter != filter) continue;
    if (type == ImageType::dark && !of_like_temperature(e, science, rules_)) continue;
    const double age = age_days(e, science, rules_);
    if (age > rules_.max_age_days) continue;
    by_night[e.night()].push_back(&candidate);
    if (age < best_age) {
      best_age = age;
      best_night = e.night();
    }
  }
  return by_night.empty() ? Exposures{} : by_night[best_night];
}

InputRef CalibrationChooser::ask(const std::string& task, const Exposures& exposures,
                                 std::vector<BundleEntry> masters) {
  const Exposure& first = exposures.front()->exposure;
  Request request;
  request.task = task;
  for (const NightExposure* e : exposures)
    request.input.entries.push_back(input("exposure", e->ref));
  std::sort(request.input.entries.begin(), request.input.entries.end());
  for (BundleEntry& master : masters) request.input.entries.push_back(std::move(master));
  request.cost = 0.5 * static_cast<double>(exposures.size());
  request.reason = "calibration of the night " + first.night();
  request.label = task + " " + detector_name(first) +
                  (first.type == ImageType::flat ? " " + first.physical_filter : "");
  request.group = calibration_group(first);
  request.priority = 10;
  return maker_.add(std::move(request));
}

std::optional<InputRef> CalibrationChooser::bias_for(const Exposure& science) {
  const Exposures exposures = nearest(ImageType::bias, science, {});
  if (exposures.empty()) return std::nullopt;
  return ask("master_bias", exposures, {});
}

std::optional<InputRef> CalibrationChooser::dark_for(const Exposure& science) {
  const Exposures exposures = nearest(ImageType::dark, science, {});
  if (exposures.empty()) return std::nullopt;
  std::vector<BundleEntry> masters;
  if (const auto bias = bias_for(exposures.front()->exposure))
    masters.push_back(input("bias", *bias));
  return ask("master_dark", exposures, std::move(masters));
}

std::optional<InputRef> CalibrationChooser::flat_for(const Exposure& science) {
  const Exposures exposures = nearest(ImageType::flat, science, science.physical_filter);
  if (exposures.empty()) return std::nullopt;
  std::vector<BundleEntry> masters;
  const Exposure& first = exposures.front()->exposure;
  if (const auto bias = bias_for(first)) masters.push_back(input("bias", *bias));
  if (const auto dark = dark_for(first)) masters.push_back(input("dark", *dark));
  return ask("master_flat", exposures, std::move(masters));
}

std::string CalibrationChooser::missing(const std::string& what) const {
  return "no " + what + " within " + std::to_string(std::lround(rules_.max_age_days)) +
         " days: calibrated without";
}

ChosenCalibrations CalibrationChooser::choose(const Exposure& science) {
  ChosenCalibrations chosen{bias_for(science), dark_for(science), flat_for(science), {}};
  if (!chosen.bias) chosen.caveats.push_back(missing("bias"));
  if (!chosen.dark) chosen.caveats.push_back(missing("dark"));
  if (!chosen.flat) chosen.caveats.push_back(missing("flat for filter " + science.physical_filter));
  return chosen;
}

}  // namespace polis
