#pragma once

#include <string>
#include <vector>

#include "app/city.h"
#include "app/settings.h"
#include "formats/manifest.h"

namespace polis {

/// Which exposures of a city a run is about, and which positions it is to measure besides.
struct NightChoice {
  std::vector<std::string> nights;  ///< empty: all
  std::vector<std::string> sites;   ///< empty: all
  std::string targets_file;         ///< CSV with id, ra, dec; empty: none
};

/// The one request that a person makes: open_night over the exposures chosen, with the settings as
/// an artifact. Errors: not_found (nothing was ingested that fits), bad_input (targets).
Request night_request(const City& city, Lake& lake, const Settings& settings,
                      const NightChoice& choice);

}  // namespace polis
