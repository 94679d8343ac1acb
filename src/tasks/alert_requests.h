#pragma once

#include <vector>

#include "sky/alert.h"
#include "sky/target_list.h"
#include "tasks/request_maker.h"

namespace polis {

/// What is done about alerts, and how much of it.
struct AlertFollowUp {
  bool photometry = true;  ///< forced photometry, light curves, their description
  bool observation = true;
  double days = 30.0;  ///< frames of so many days before the last are measured
  int most_objects = 50;
  int most_observations = 10;
  int comparison_stars = 100;
};

/// The objects that new alerts tell of, at rest, the most probable first: targets of photometry.
std::vector<Target> alert_targets(const AlertSet& set, int most);

/// Asks for what follows. `own`: where the alerts (with their table `targets`) will be.
void ask_for_follow_up(const AlertSet& set, const AlertFollowUp& wanted, const InputRef& own,
                       Reader& reader, RequestMaker& maker);

}  // namespace polis
