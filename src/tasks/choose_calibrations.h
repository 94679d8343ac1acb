#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tasks/night_exposures.h"
#include "tasks/request_maker.h"

namespace polis {

struct CalibrationRules {
  double max_age_days = 30.0;            ///< of a calibration, from the frame that it is for
  double temperature_tolerance_c = 5.0;  ///< of darks, where both temperatures are known
};

/// The masters of one science frame, and what was missing.
struct ChosenCalibrations {
  std::optional<InputRef> bias, dark, flat;
  std::vector<std::string> caveats;  ///< "no flat for filter r within 30 days: calibrated without"
};

/// Picks calibration exposures for science frames and asks for the masters made of them: those of
/// the nearest night within the allowed age, one master per detector, layout and night (and filter,
/// for flats). Asked for twice, a master is made once.
class CalibrationChooser {
 public:
  CalibrationChooser(const std::vector<NightExposure>& all, const CalibrationRules& rules,
                     RequestMaker& maker)
      : all_(all), rules_(rules), maker_(maker) {}

  ChosenCalibrations choose(const Exposure& science);

 private:
  using Exposures = std::vector<const NightExposure*>;
  Exposures nearest(ImageType type, const Exposure& science, const std::string& filter) const;
  std::optional<InputRef> bias_for(const Exposure& science);
  std::optional<InputRef> dark_for(const Exposure& science);
  std::optional<InputRef> flat_for(const Exposure& science);
  InputRef ask(const std::string& task, const Exposures& exposures,
               std::vector<BundleEntry> masters);
  std::string missing(const std::string& what) const;

  const std::vector<NightExposure>& all_;
  const CalibrationRules& rules_;
  RequestMaker& maker_;
};

}  // namespace polis
