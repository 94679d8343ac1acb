#include <cmath>
#include <optional>

#include "kernels/bleed.h"
#include "kernels/cosmic_rays.h"
#include "kernels/noise_check.h"
#include "kernels/scale.h"
#include "kernels/trails.h"
#include "tasks/detector_frame.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"noise_check", "true",
     "whether to correct a variance that the scatter of the sky contradicts by more than a factor "
     "2"},
    {"bleeds", "true", "whether to look for charge bled from saturated stars"},
    {"trails", "true", "whether to look for trails of satellites and aeroplanes"},
    {"trail_significance", "7",
     "of a line's sum among all lines' sums, from which on it is looked at [sigma]"},
    {"cosmic_rays", "true", "whether to look for cosmic rays"},
    {"cosmic_ray_sigma", "4.5",
     "significance of the Laplacian from which on a pixel is a cosmic ray"},
    {"cosmic_ray_contrast", "2",
     "least contrast with the fine structure; raised where stars are sharp"},
    {"cosmic_ray_most", "0.05",
     "share of a frame's pixels that may be hits; more is a caveat, and none are rejected"},
    {"cosmic_ray_iterations", "4", "most rounds of search"},
};

struct OpenMasters {
  std::optional<Artifact> bias, dark, flat;
  Masters masters;
};

OpenMasters open_masters(Reader& reader) {
  OpenMasters open;
  const auto fetch = [&](std::string_view role, std::optional<Artifact>& artifact,
                         const Frame*& frame) {
    if (!has_input(reader, role)) return;
    artifact = reader.open(role);
    frame = &artifact->as<Frame>();
  };
  fetch("bias", open.bias, open.masters.bias);
  fetch("dark", open.dark, open.masters.dark);
  fetch("flat", open.flat, open.masters.flat);
  return open;
}

void write_caveats(const Exposure& exposure, const Masters& masters, Facts& facts) {
  if (masters.bias == nullptr) {
    facts["caveat_no_bias"] =
        exposure.amplifiers.front().overscan.empty()
            ? "no master bias and no overscan: the background holds the bias level"
            : "no master bias: only the overscan was subtracted";
  }
  if (masters.dark == nullptr)
    facts["caveat_no_dark"] = "no master dark: dark current counts as background";
  if (masters.flat == nullptr)
    facts["caveat_no_flat"] = "no master flat: the response is taken as even";
  if (masters.dark != nullptr && !(exposure.exposure_time_s > 0.0)) {
    facts["caveat_dark_not_scaled"] =
        "the exposure time is not known: no dark current was subtracted";
  }
  bool gain_known = true;
  for (const Amplifier& amplifier : exposure.amplifiers)
    gain_known = gain_known && amplifier.gain_e_per_adu > 0.0;
  if (!gain_known) facts["caveat_no_gain"] = "the gain is not known: taken as 1 electron per ADU";
  if (!(read_noise_adu(exposure, 0, masters.bias) > 0.0)) {
    facts["caveat_no_read_noise"] =
        "the read noise is not known: errors are too small for faint sources";
  }
  if (!(exposure.saturation_adu > 0.0)) {
    facts["caveat_no_saturation"] =
        "the saturation level is not known: saturated stars are not marked";
  }
}

double rounded(double value) {
  const double unit = std::pow(10.0, std::floor(std::log10(std::abs(value))) - 2.0);
  return std::round(value / unit) * unit;
}

/// Frames whose sky was subtracted, or that were averaged or resampled before, have another noise
/// than gain and read noise say.
void check_variance(Frame& frame) {
  const NoiseCheck check =
      check_noise(frame.pixels.view(), frame.variance.view(), frame.mask.view());
  const NoiseVerdict verdict = judge_noise(check);
  if (verdict == NoiseVerdict::unknown) return;
  frame.facts["noise_ratio"] = number_text(check.coarse);
  frame.facts["noise_ratio_fine"] = number_text(check.fine);
  if (verdict == NoiseVerdict::holds) return;
  correct_variance(check, frame.variance.view());
  const std::string measured = "the sky's variance is " + number_text(rounded(check.coarse)) +
                               " times what gain and read noise say: ";
  frame.facts["caveat_variance"] =
      verdict == NoiseVerdict::too_small
          ? measured + number_text(rounded(check.excess)) + " electron^2 were added to each pixel's"
          : measured + "each pixel's was scaled by that";
}

void reject_cosmic_rays(const Parameters& parameters, Frame& frame) {
  CosmicRayOptions options;
  options.sigma_clip = static_cast<float>(parameters.number("cosmic_ray_sigma"));
  options.min_contrast = static_cast<float>(parameters.number("cosmic_ray_contrast"));
  options.max_iterations = parameters.integer("cosmic_ray_iterations");
  const CosmicRays found =
      find_cosmic_rays(frame.pixels.view(), frame.variance.view(), options, frame.mask.view());
  const double share = static_cast<double>(found.pixels) / static_cast<double>(frame.mask.size());
  const double most = parameters.number("cosmic_ray_most");
  if (share > most) {
    // The variance does not fit these pixels (sky subtracted, resampled, averaged before): noise
    // looks like hits.
    for (MaskPixel* pixel = frame.mask.data(); pixel != frame.mask.data() + frame.mask.size();
         ++pixel) {
      *pixel &= ~mask_bits::cosmic_ray;
    }
    frame.facts["caveat_cosmic_rays"] =
        "not rejected: " + number_text(std::round(1000.0 * share) / 10.0) +
        " % of the pixels looked like hits, so the variance does not describe this frame";
  }
  frame.facts["cosmic_ray_pixels"] = std::to_string(share > most ? 0 : found.pixels);
  frame.facts["fwhm_estimate_px"] = number_text(found.fwhm_px);
}

void mask_trails(const Parameters& parameters, Frame& frame) {
  TrailOptions options;
  options.min_significance = parameters.number("trail_significance");
  const auto trails =
      find_trails(frame.pixels.view(), frame.variance.view(), options, frame.mask.view());
  frame.facts["trails"] = std::to_string(trails.size());
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const Artifact artifact = reader.open("exposure");
  const auto& exposure = artifact.as<Exposure>();
  const OpenMasters open = open_masters(reader);
  Frame frame;
  {
    const Plane<float> raw = read_raw_pixels(reader, exposure);
    frame = calibrate_exposure(exposure, raw.view(), open.masters, PixelUnit::electron);
  }
  write_caveats(exposure, open.masters, frame.facts);
  if (parameters.flag("noise_check")) check_variance(frame);
  if (parameters.flag("bleeds")) {
    flag_bleeds(frame.pixels.view(), frame.variance.view(), {}, frame.mask.view());
  }
  // Before cosmic rays, for which the pixels of a sharp trail could be taken.
  if (parameters.flag("trails")) mask_trails(parameters, frame);
  if (parameters.flag("cosmic_rays")) reject_cosmic_rays(parameters, frame);
  frame.facts["saturated_pixels"] =
      std::to_string(count_masked(frame.mask.view(), mask_bits::saturated));
  return {Artifact::of("frame", std::move(frame)), {}};
}

}  // namespace

Task calibrate_frame_task() {
  return {"calibrate_frame",
          4,
          "frame",
          "raw pixels to electrons with variance and mask: roles exposure and, if there are, bias, "
          "dark, flat",
          kParameters,
          run};
}

}  // namespace polis
