#include <cmath>

#include "kernels/calibrate.h"
#include "kernels/defects.h"
#include "kernels/photon_transfer.h"
#include "tasks/detector_frame.h"
#include "tasks/stack.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"clip_sigma", "5", "values farther from the median than this are left out [sigma]"},
    {"bad_column_sigma", "7",
     "deviation above which a column is bad [sigma]; 0: none is looked for"},
    {"few_frames", "5", "fewer frames than this are a caveat"},
};

View<const float> cut_to(const Plane<float>& plane, const Amplifier& amplifier) {
  return plane.view().cut(std::lround(amplifier.origin.x), std::lround(amplifier.origin.y),
                          amplifier.data.width, amplifier.data.height);
}

/// Read noise per amplifier: measured from the first two exposures, or the header's if that is
/// larger.
class ReadNoise {
 public:
  explicit ReadNoise(const Exposure& exposure) : exposure_(exposure) {
    for (std::size_t a = 0; a < exposure.amplifiers.size(); ++a) {
      sigma_adu_.push_back(read_noise_adu(exposure, a, nullptr));
    }
  }
  void measure(std::vector<StackPlane>& group) {
    for (std::size_t a = 0; a < sigma_adu_.size(); ++a) {
      if (!measured_ && group.size() > 1) {
        const Amplifier& amplifier = exposure_.amplifiers[a];
        const double sigma =
            pair_noise(cut_to(group[0].pixels, amplifier), cut_to(group[1].pixels, amplifier));
        sigma_adu_[a] = std::fmax(sigma_adu_[a], sigma);
      }
      const auto variance = static_cast<float>(sigma_adu_[a] * sigma_adu_[a]);
      for (StackPlane& plane : group) plane.noise[a].read_variance = variance;
    }
    measured_ = true;
  }
  void write(Facts& facts) const {
    for (std::size_t a = 0; a < sigma_adu_.size(); ++a) {
      facts["read_noise_adu_" + std::to_string(a)] = number_text(sigma_adu_[a]);
    }
  }

 private:
  const Exposure& exposure_;
  std::vector<double> sigma_adu_;
  bool measured_ = false;
};

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const std::vector<Exposure> exposures = open_exposures(reader);
  ReadNoise noise(exposures.front());
  CombineOptions options;
  options.clip_sigma = static_cast<float>(parameters.number("clip_sigma"));
  const auto load = [&](std::size_t i) {
    reader.progress(static_cast<double>(i) / static_cast<double>(exposures.size()));
    const Plane<float> raw = read_raw_pixels(reader, exposures[i]);
    Frame frame = calibrate_exposure(exposures[i], raw.view(), {}, PixelUnit::adu);
    blank_masked(frame.pixels.view(), frame.mask.view(), mask_bits::unusable);
    return StackPlane{std::move(frame.pixels), 1.0F,
                      std::vector<StackNoise>(exposures[i].amplifiers.size())};
  };
  Stack stack = stack_exposures(exposures.size(), exposures.front().amplifiers, options, load,
                                [&](std::vector<StackPlane>& group) { noise.measure(group); });
  Frame master = master_from(std::move(stack), exposures, ImageType::bias, "adu",
                             parameters.integer("few_frames"));
  noise.write(master.facts);
  BadColumnOptions columns;
  columns.sigma = parameters.number("bad_column_sigma");
  if (columns.sigma > 0.0) {
    const std::size_t bad = flag_bad_columns(master.pixels.view(), columns, master.mask.view());
    master.facts["bad_pixels"] = std::to_string(bad);
  }
  return {Artifact::of("master_bias", std::move(master)), {}};
}

}  // namespace

Task master_bias_task() {
  return {"master_bias",
          1,
          "master_bias",
          "combines bias exposures (role exposure) to the master bias, and measures the read noise",
          kParameters,
          run};
}

}  // namespace polis
