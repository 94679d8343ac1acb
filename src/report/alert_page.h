#pragma once

#include <string>

#include "sky/alert.h"

namespace polis {

struct AlertPageSettings {
  std::size_t most_objects = 200;  ///< cards; the table lists all
  std::size_t most_alerts = 6;     ///< cut-outs of further alerts of one object
};

/// The alerts of one product as a page for people: one HTML file that needs nothing else, neither
/// network nor scripts. A table of the objects, the most probable first, then a card for each:
/// cut-outs of its best alert, light curve with limits, class probabilities, position, what is
/// known of it, and its further alerts. Equal alerts give equal bytes.
std::string alert_page(const AlertSet& set, const AlertPageSettings& settings = {});

}  // namespace polis
