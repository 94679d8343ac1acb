#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "kernels/calibrate.h"
#include "kernels/dark_model.h"
#include "kernels/defects.h"
#include "kernels/robust.h"
#include "tasks/detector_frame.h"
#include "tasks/stack.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"clip_sigma", "5", "values farther from the median than this are left out [sigma]"},
    {"doubling_c", "6.3",
     "warming over which the dark current doubles, where the set cannot tell [degree C]"},
    {"min_span_c", "4", "range of temperatures from which on the set itself tells [degree C]"},
    {"hot_sigma", "8", "excess over its neighbours above which a pixel is hot [sigma]"},
    {"hot_min_adu_per_s", "0.02", "excess below which a pixel is never hot [adu/s]"},
    {"few_frames", "3", "fewer frames than this are a caveat"},
};

void check_times(const std::vector<Exposure>& exposures) {
  for (const Exposure& exposure : exposures) {
    if (exposure.exposure_time_s > 0.0) continue;
    throw Error(ErrorKind::bad_input, "cannot use dark exposure " + exposure.exposure_id,
                "its exposure time is not known or not positive",
                "map exposure_time_s in the instrument's file");
  }
}

double middle_temperature(const std::vector<Exposure>& exposures) {
  std::vector<float> temperatures;
  for (const Exposure& exposure : exposures) {
    if (std::isfinite(exposure.temperature_c))
      temperatures.push_back(static_cast<float>(exposure.temperature_c));
  }
  return static_cast<double>(median_in_place(temperatures));
}

Frame dark_frame(Reader& reader, const Exposure& exposure, const Frame* bias) {
  const Plane<float> raw = read_raw_pixels(reader, exposure);
  Frame frame = calibrate_exposure(exposure, raw.view(), {.bias = bias}, PixelUnit::adu);
  blank_masked(frame.pixels.view(), frame.mask.view(), mask_bits::saturated | mask_bits::no_data);
  return frame;
}

/// Where the temperatures differ enough, the degrees over which the rate doubles; NaN otherwise.
double measured_doubling(Reader& reader, const std::vector<Exposure>& exposures, const Frame* bias,
                         double min_span_c) {
  const auto [coldest, warmest] = std::minmax_element(
      exposures.begin(), exposures.end(),
      [](const Exposure& a, const Exposure& b) { return a.temperature_c < b.temperature_c; });
  if (!(warmest->temperature_c - coldest->temperature_c >= min_span_c)) return kUnknown;
  std::vector<double> temperatures;
  std::vector<double> rates;
  for (const Exposure& exposure : exposures) {
    temperatures.push_back(exposure.temperature_c);
    rates.push_back(image_level(dark_frame(reader, exposure, bias).pixels.view()).level /
                    exposure.exposure_time_s);
  }
  return fit_dark_doubling(temperatures, rates, min_span_c);
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const std::vector<Exposure> exposures = open_exposures(reader);
  check_times(exposures);
  std::optional<Artifact> bias_artifact;
  if (has_input(reader, "bias")) bias_artifact = reader.open("bias");
  const Frame* bias = bias_artifact ? &bias_artifact->as<Frame>() : nullptr;
  const double measured =
      measured_doubling(reader, exposures, bias, parameters.number("min_span_c"));
  const double doubling = std::isfinite(measured) ? measured : parameters.number("doubling_c");
  const double reference = middle_temperature(exposures);
  CombineOptions options;
  options.clip_sigma = static_cast<float>(parameters.number("clip_sigma"));
  const auto load = [&](std::size_t i) {
    reader.progress(static_cast<double>(i) / static_cast<double>(exposures.size()));
    const Exposure& exposure = exposures[i];
    const double scale =
        1.0 / (exposure.exposure_time_s *
               dark_temperature_factor(exposure.temperature_c, reference, doubling));
    StackPlane plane{dark_frame(reader, exposure, bias).pixels, static_cast<float>(scale), {}};
    for (std::size_t a = 0; a < exposure.amplifiers.size(); ++a) {
      const double read = scale * read_noise_adu(exposure, a, bias);
      plane.noise.push_back({static_cast<float>(read * read),
                             static_cast<float>(scale / gain_or_one(exposure.amplifiers[a]))});
    }
    return plane;
  };
  Frame master =
      master_from(stack_exposures(exposures.size(), exposures.front().amplifiers, options, load),
                  exposures, ImageType::dark, "adu/s", parameters.integer("few_frames"));
  master.exposure.temperature_c = reference;
  master.exposure.exposure_time_s = 1.0;
  master.facts["doubling_c"] = number_text(doubling);
  master.facts["doubling_from"] = std::isfinite(measured) ? "exposures" : "parameter";
  if (bias == nullptr)
    master.facts["caveat_no_bias"] = "no master bias: its structure is taken for dark current";
  const HotPixelOptions hot{parameters.number("hot_sigma"), parameters.number("hot_min_adu_per_s")};
  const std::size_t found =
      flag_hot_pixels(master.pixels.view(), master.variance.view(), hot, master.mask.view());
  master.facts["hot_pixels"] = std::to_string(found);
  master.facts["dark_rate_adu_per_s"] = number_text(image_level(master.pixels.view()).level);
  return {Artifact::of("master_dark", std::move(master)), {}};
}

}  // namespace

Task master_dark_task() {
  return {"master_dark",
          1,
          "master_dark",
          "combines dark exposures (role exposure; bias) to a dark rate per second and flags hot "
          "pixels",
          kParameters,
          run};
}

}  // namespace polis
