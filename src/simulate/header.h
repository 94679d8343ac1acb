#pragma once

#include "simulate/detector.h"
#include "simulate/night.h"
#include "simulate/observation.h"

namespace polis {

/// What the exposure's header says of it, in the common vocabulary: with the site's clock and
/// pointing errors. `observation` is null for calibration frames.
Exposure described(const Night& night, const PlannedExposure& planned,
                   const Observation* observation, double temperature_c);

/// Writes the headers of `raw` (raw.exposure is set) in its site's dialect, and chooses the file's
/// form: amateur: one HDU, sexagesimal strings, "Light Frame", a TAN WCS, OBJCTRA/OBJCTDEC; mosaic:
/// pixels in the first extension, two amplifiers with DATASECn/BIASSECn, date and time in two
/// keywords, degrees; survey:  Rice-compressed, MJD, exposure in milliseconds, filters by number,
/// right ascension in hours, no WCS.
void write_dialect(const SceneSite& site, const PlannedExposure& planned, RawExposure& raw);

}  // namespace polis
