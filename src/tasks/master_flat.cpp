#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "kernels/calibrate.h"
#include "kernels/defects.h"
#include "kernels/robust.h"
#include "kernels/scale.h"
#include "tasks/detector_frame.h"
#include "tasks/stack.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"clip_sigma", "4", "values farther from the median than this are left out [sigma]"},
    {"relative_error", "0.01", "how far flats of one night may differ in shape, relative"},
    {"min_level_e", "500", "fainter flats are left out [electron]"},
    {"max_saturated", "0.02", "flats with a larger share of saturated pixels are left out"},
    {"dead_response", "0.5", "response relative to the neighbourhood below which a pixel is bad"},
    {"low_response", "0.8",
     "response relative to the neighbourhood below which a pixel is suspect"},
    {"vignetted_response", "0.2", "response below which a pixel lies outside the field"},
    {"few_frames", "3", "fewer frames than this are a caveat"},
};

struct FlatMasters {
  std::optional<Artifact> bias, dark;
  Masters masters;
};

FlatMasters open_masters(Reader& reader) {
  FlatMasters result;
  if (has_input(reader, "bias")) result.bias = reader.open("bias");
  if (has_input(reader, "dark")) result.dark = reader.open("dark");
  if (result.bias) result.masters.bias = &result.bias->as<Frame>();
  if (result.dark) result.masters.dark = &result.dark->as<Frame>();
  return result;
}

/// Level of a flat that can be used [electron]; 0 for one that cannot.
double usable_level(const Frame& frame, const Parameters& parameters) {
  const double pixels = static_cast<double>(frame.pixels.size());
  const double saturated =
      static_cast<double>(count_masked(frame.mask.view(), mask_bits::saturated)) / pixels;
  const double level = image_level(frame.pixels.view(), frame.mask.view()).level;
  return level >= parameters.number("min_level_e") &&
                 saturated <= parameters.number("max_saturated")
             ? level
             : 0.0;
}

Frame flat_frame(Reader& reader, const Exposure& exposure, const Masters& masters) {
  const Plane<float> raw = read_raw_pixels(reader, exposure);
  return calibrate_exposure(exposure, raw.view(), masters, PixelUnit::electron);
}

/// Leaves out flats that are too faint or saturated; gives the levels of the rest.
std::vector<double> choose_flats(Reader& reader, const Parameters& parameters,
                                 const Masters& masters, std::vector<Exposure>& exposures) {
  std::vector<Exposure> good;
  std::vector<double> levels;
  for (const Exposure& exposure : exposures) {
    const double level = usable_level(flat_frame(reader, exposure, masters), parameters);
    if (!(level > 0.0)) continue;
    good.push_back(exposure);
    levels.push_back(level);
  }
  if (good.empty()) {
    throw Error(ErrorKind::no_result,
                "cannot make a flat from " + exposures.front().exposure_id + " and others",
                "all " + std::to_string(exposures.size()) + " are too faint or saturated",
                "set min_level_e or max_saturated, or take other flats");
  }
  exposures = std::move(good);
  return levels;
}

void normalise(Frame& master) {
  const std::ptrdiff_t w = master.pixels.width();
  const std::ptrdiff_t h = master.pixels.height();
  const double level =
      image_level(master.pixels.view().cut(w / 4, h / 4, w - w / 2, h - h / 2)).level;
  if (level > 0.0)
    scale_image(master.pixels.view(), master.variance.view(), static_cast<float>(1.0 / level));
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  std::vector<Exposure> exposures = open_exposures(reader);
  const std::size_t given = exposures.size();
  const FlatMasters opened = open_masters(reader);
  const std::vector<double> levels = choose_flats(reader, parameters, opened.masters, exposures);
  CombineOptions options;
  options.clip_sigma = static_cast<float>(parameters.number("clip_sigma"));
  options.relative_error = static_cast<float>(parameters.number("relative_error"));
  const auto load = [&](std::size_t i) {
    reader.progress(static_cast<double>(i) / static_cast<double>(exposures.size()));
    Frame frame = flat_frame(reader, exposures[i], opened.masters);
    blank_masked(frame.pixels.view(), frame.mask.view(),
                 mask_bits::saturated | mask_bits::hot | mask_bits::no_data);
    StackPlane plane{std::move(frame.pixels), static_cast<float>(1.0 / levels[i]), {}};
    for (std::size_t a = 0; a < exposures[i].amplifiers.size(); ++a) {
      const double read = read_noise_adu(exposures[i], a, opened.masters.bias) *
                          gain_or_one(exposures[i].amplifiers[a]) / levels[i];
      // A pixel's own read noise is never 0: where it is not known, the Poisson noise of one
      // electron stands for it.
      plane.noise.push_back(
          {static_cast<float>(std::max(read * read, 1.0 / (levels[i] * levels[i]))),
           static_cast<float>(1.0 / levels[i])});
    }
    return plane;
  };
  Frame master =
      master_from(stack_exposures(exposures.size(), exposures.front().amplifiers, options, load),
                  exposures, ImageType::flat, "1", parameters.integer("few_frames"));
  normalise(master);
  const ResponseOptions response{parameters.number("dead_response"),
                                 parameters.number("low_response"), 1.5,
                                 parameters.number("vignetted_response")};
  const std::size_t bad = flag_response(master.pixels.view(), response, master.mask.view());
  master.facts["bad_pixels"] = std::to_string(bad);
  master.facts["frames_left_out"] = std::to_string(given - exposures.size());
  master.facts["level_e"] = number_text(*std::max_element(levels.begin(), levels.end()));
  if (!opened.bias)
    master.facts["caveat_no_bias"] = "no master bias: the response is measured with its structure";
  return {Artifact::of("master_flat", std::move(master)), {}};
}

}  // namespace

Task master_flat_task() {
  return {
      "master_flat",
      1,
      "master_flat",
      "combines flats of one filter and night (role exposure; bias, dark) to the relative response",
      kParameters,
      run};
}

}  // namespace polis
