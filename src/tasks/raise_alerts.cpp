#include <algorithm>

#include "tasks/alert_inputs.h"
#include "tasks/alert_requests.h"
#include "tasks/target_tables.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"min_probability", "0.8", "p_real_transient above which a new detection is an alert"},
    {"history_probability", "0.2", "p_real_transient above which a candidate belongs to an object"},
    {"mover_probability", "0.5", "p_real_transient above which it may belong to a moving one"},
    {"min_snr", "7", "S/N of an alert where no network has judged the candidates"},
    {"link_sigma", "4", "detections this close, in units of their error, are one object"},
    {"position_floor_arcsec", "0.1", "how well the frames agree beyond these errors [arcsec]"},
    {"link_radius_arcsec", "3", "detections farther apart are never one object [arcsec]"},
    {"known_radius_arcsec", "2", "a star of the reference nearer than this is the object [arcsec]"},
    {"least_rate_arcsec_per_h", "1", "slower things are at rest [arcsec/h]"},
    {"most_rate_arcsec_per_h", "300", "faster things leave streaks [arcsec/h]"},
    {"mover_span_h", "4", "between the first and last detection of one moving object [h]"},
    {"mover_pairs", "true", "also link two detections where nothing else explains them"},
    {"max_mover_points", "3000",
     "at most so many detections of a site are tried as moving: the most probable"},
    {"max_per_frame", "100", "at most so many alerts of one frame: the most probable"},
    {"history_days", "30", "detections without an alert, and limits, are kept for so long [day]"},
    {"follow_photometry", "true", "ask for forced photometry and light curves of the objects"},
    {"follow_observation", "true", "ask for observations of what is new"},
    {"follow_days", "30", "frames of so many days before the last are measured [day]"},
    {"max_followed", "50", "at most so many objects are measured: the most probable"},
    {"max_observations", "10", "at most so many observations are asked for"},
    {"comparison_stars", "100", "stars that are measured along with the objects"},
};

FollowSettings settings_from(const Parameters& p) {
  FollowSettings s;
  s.min_probability = p.number("min_probability");
  s.history_probability = p.number("history_probability");
  s.mover_probability = p.number("mover_probability");
  s.history_days = p.number("history_days");
  s.most_alerts_per_frame = p.integer("max_per_frame");
  s.known_radius_arcsec = p.number("known_radius_arcsec");
  s.most_mover_points = static_cast<std::size_t>(std::max(0, p.integer("max_mover_points")));
  s.cut.least_snr = p.number("min_snr");
  s.associate.sigma = p.number("link_sigma");
  s.associate.floor_arcsec = s.movers.floor_arcsec = p.number("position_floor_arcsec");
  s.associate.most_arcsec = p.number("link_radius_arcsec");
  s.movers.least_rate_arcsec_per_h = p.number("least_rate_arcsec_per_h");
  s.movers.most_rate_arcsec_per_h = p.number("most_rate_arcsec_per_h");
  s.movers.longest_span_h = p.number("mover_span_h");
  s.movers.pairs = p.flag("mover_pairs");
  return s;
}

AlertFollowUp follow_up_from(const Parameters& p) {
  AlertFollowUp f;
  f.photometry = p.flag("follow_photometry");
  f.observation = p.flag("follow_observation");
  f.days = p.number("follow_days");
  f.most_objects = p.integer("max_followed");
  f.most_observations = p.integer("max_observations");
  f.comparison_stars = p.integer("comparison_stars");
  return f;
}

Facts facts_of(const AlertInputs& inputs, const Followed& followed) {
  Facts facts{{"frames", std::to_string(inputs.frames.size())},
              {"alerts", std::to_string(followed.set.alerts.size())},
              {"objects", std::to_string(followed.set.objects.size())},
              {"repeated", std::to_string(followed.repeated)}};
  if (inputs.missing > 0)
    facts["caveat_missing"] = "frames without candidates: " + std::to_string(inputs.missing);
  if (followed.dropped > 0)
    facts["caveat_dropped"] =
        std::to_string(followed.dropped) + " alerts left out: more than max_per_frame in a frame";
  if (followed.untried > 0)
    facts["caveat_movers"] =
        std::to_string(followed.untried) +
        " detections not tried as moving: more than max_mover_points at a site";
  std::size_t unjudged = 0;
  for (const CandidateFrame& frame : inputs.frames) unjudged += frame.frame.network.empty() ? 1 : 0;
  if (unjudged > 0)
    facts["caveat_network"] =
        std::to_string(unjudged) + " frames judged by no network: alerts by a cut in S/N and shape";
  return facts;
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const AlertInputs inputs = read_alert_inputs(reader);
  Followed followed =
      follow_candidates(inputs.earlier, inputs.frames, inputs.known, settings_from(parameters));
  fill_cutouts(inputs, followed.sources, reader, followed.set);
  followed.set.facts = facts_of(inputs, followed);
  const AlertFollowUp wanted = follow_up_from(parameters);
  TableSet tables = alert_tables(followed.set);
  tables.tables.push_back(targets_table(alert_targets(followed.set, wanted.most_objects)));
  RequestMaker maker(reader);
  const Task self = raise_alerts_task();
  const InputRef own{InputRef::From::job,
                     job_key(self.name, self.version, parameters.values(), reader.bundle()),
                     "alerts"};
  ask_for_follow_up(followed.set, wanted, own, reader, maker);
  return {Artifact::of("alerts", std::move(tables)), maker.take()};
}

}  // namespace

Task raise_alerts_task() {
  return {"raise_alerts",
          1,
          "alerts",
          "joins candidates of many frames to objects and raises alerts: roles candidates, "
          "exposure, alerts, reference, frame, catalog, settings",
          kParameters,
          run,
          true};
}

}  // namespace polis
