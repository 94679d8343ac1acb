#pragma once

#include <string>
#include <vector>

#include "sky/alert.h"

namespace polis {

/// An object with the rows of its alerts in `set.alerts`, the most probable first.
struct AlertedObject {
  std::int32_t object = 0;
  std::vector<std::size_t> alerts;
};
/// In the order of their most probable alerts.
std::vector<AlertedObject> alerted_objects(const AlertSet& set);

/// "new in or near a galaxy": a tag in words.
std::string tag_in_words(const std::string& tag);

/// The HTML section of one object; `rank` counts from 1.
std::string alert_card(const AlertSet& set, const AlertedObject& object, std::size_t rank,
                       std::size_t most_alerts);

}  // namespace polis
