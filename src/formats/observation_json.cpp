#include "formats/observation_json.h"

#include <nlohmann/json.hpp>

namespace polis {

std::string write_observation(const ObservationRequest& request) {
  using Json = nlohmann::ordered_json;
  Json value{{"type", "observation_request"},
             {"target", request.target},
             {"ra_deg", request.position.ra_deg},
             {"dec_deg", request.position.dec_deg},
             {"goal", request.goal},
             {"why", request.why},
             {"priority", request.priority}};
  if (!request.filter.empty()) value["filter"] = request.filter;
  if (request.magnitude != ObservationRequest::kNoMagnitude) value["magnitude"] = request.magnitude;
  if (request.exposure_time_s > 0.0) value["exposure_time_s"] = request.exposure_time_s;
  if (request.cadence_s > 0.0) value["cadence_s"] = request.cadence_s;
  if (!request.deadline.empty()) value["deadline_utc"] = request.deadline;
  value["max_airmass"] = request.max_airmass;
  value["windows"] = Json::array();
  for (const ObservationWindow& window : request.windows) {
    value["windows"].push_back(Json{{"site", window.site},
                                    {"begin_utc", window.begin},
                                    {"end_utc", window.end},
                                    {"best_utc", window.best},
                                    {"least_airmass", window.least_airmass}});
  }
  return value.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace polis
