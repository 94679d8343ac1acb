#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "kernels/describe_curve.h"
#include "kernels/parallel.h"
#include "tasks/description_tables.h"
#include "tasks/number_list.h"
#include "tasks/observation_wishes.h"
#include "tasks/request_maker.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"shortest_period_days", "0.02", "shortest period that is looked for [day]"},
    {"shortest_dip_days", "0.02", "shortest transit-like dip that is looked for [day]"},
    {"longest_dip_days", "0.25", "longest transit-like dip that is looked for [day]"},
    {"min_dip_snr", "7", "S/N above which a dip counts, red noise included"},
    {"max_false_alarm", "1e-4", "chance of noise below which a period or a dip counts"},
    {"limb_darkening", "0.4,0.25", "quadratic coefficients u1,u2 of the stars"},
    {"max_field_false_alarm", "0.01",
     "chance that noise gives any star of the field such a period, below which it is asked for"},
    {"max_observations", "20",
     "at most this many observations are asked for: the most significant"},
};

DescribeSettings settings_from(const Parameters& parameters) {
  DescribeSettings settings;
  settings.shortest_period = parameters.number("shortest_period_days");
  settings.shortest_dip = parameters.number("shortest_dip_days");
  settings.longest_dip = parameters.number("longest_dip_days");
  settings.min_dip_snr = parameters.number("min_dip_snr");
  settings.max_false_alarm = parameters.number("max_false_alarm");
  const auto limb =
      parse_numbers(parameters.text("limb_darkening"), "describe_light_curves.limb_darkening");
  settings.limb = {limb[0], limb.size() > 1 ? limb[1] : 0.0};
  return settings;
}

/// What the light may follow besides the star, per frame.
struct FrameTrends {
  std::vector<double> airmass, fwhm_px;
};

FrameTrends trends_of(const Table& frames) {
  return {frames.get<double>("airmass"), frames.get<double>("fwhm_px")};
}

/// The curve about 1 without what is flagged; times from its first point.
struct Clean {
  std::vector<double> times, fluxes, errors;
  std::array<std::vector<double>, 5> trends;  ///< time, airmass, seeing, x, y
  double origin = 0.0;
  CurveView view() const {
    CurveView view{times, fluxes, errors};
    for (const std::vector<double>& trend : trends) {
      if (std::all_of(trend.begin(), trend.end(), [](double v) { return std::isfinite(v); }))
        view.trends.emplace_back(trend);
    }
    return view;
  }
};

Clean clean(const StarCurve& curve, const FrameTrends& trends) {
  Clean c;
  for (std::size_t i = 0; i < curve.time.size(); ++i) {
    const double flux = curve.flux[i] / curve.median_flux,
                 error = curve.flux_err[i] / curve.median_flux;
    if (curve.flags[i] != 0 || !std::isfinite(flux) || !(error > 0.0) ||
        !std::isfinite(curve.time[i]))
      continue;
    if (c.times.empty()) c.origin = curve.time[i];
    c.times.push_back(curve.time[i] - c.origin);
    c.fluxes.push_back(flux);
    c.errors.push_back(error);
    const auto frame = static_cast<std::size_t>(curve.frame[i]);
    c.trends[0].push_back(c.times.back());
    c.trends[1].push_back(frame < trends.airmass.size() ? trends.airmass[frame] : kUnknown);
    c.trends[2].push_back(frame < trends.fwhm_px.size() ? trends.fwhm_px[frame] : kUnknown);
    c.trends[3].push_back(curve.x[i]);
    c.trends[4].push_back(curve.y[i]);
  }
  return c;
}

CurveDescription describe(const StarCurve& curve, const FrameTrends& trends,
                          const DescribeSettings& settings) {
  // Below this S/N per point a star is not there in a single frame, and relative fluxes mean
  // nothing.
  constexpr double kLeastSnr = 3.0;
  if (!(curve.median_flux > 0.0) || !(curve.expected < 1.0 / kLeastSnr))
    return describe_curve({}, settings);
  const Clean c = clean(curve, trends);
  CurveDescription d = describe_curve(c.view(), settings);
  d.dip.mid_time += c.origin;
  d.transit.transit.mid_time += c.origin;
  return d;
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const Artifact artifact = reader.open("light_curves");
  const auto& set = artifact.as<TableSet>();
  const std::vector<StarCurve> curves = read_curves(set);
  const DescribeSettings settings = settings_from(parameters);
  const FrameTrends trends = trends_of(set.at("frames"));
  std::vector<CurveDescription> descriptions(curves.size());
  parallel_for(static_cast<std::ptrdiff_t>(curves.size()), [&](std::ptrdiff_t index) {
    const auto i = static_cast<std::size_t>(index);
    descriptions[i] = describe(curves[i], trends, settings);
  });
  RequestMaker maker(reader);
  WishSettings wishes;
  wishes.most = static_cast<std::size_t>(std::max(0, parameters.integer("max_observations")));
  wishes.max_field_false_alarm = parameters.number("max_field_false_alarm");
  for (const Wish& wish : observation_wishes(curves, descriptions, wishes)) {
    Request request;
    request.task = "observe";
    request.input.entries = {input("light_curves", reader.bundle().one("light_curves"))};
    request.parameters = wish.parameters;
    request.priority = wish.priority;
    request.reason = wish.why;
    request.label = "star " + std::to_string(wish.star);
    request.group = "observe";
    request.cost = 0.1;
    maker.add(std::move(request));
  }
  TableSet out;
  out.tables.push_back(descriptions_table(curves, descriptions));
  if (const auto found = set.facts.find("time_system"); found != set.facts.end())
    out.facts.insert(*found);
  return {Artifact::of("descriptions", std::move(out)), maker.take()};
}

}  // namespace

Task describe_light_curves_task() {
  return {
      "describe_light_curves",
      2,
      "descriptions",
      "says what each light curve shows, and asks for observations: roles light_curves, settings",
      kParameters,
      run};
}

}  // namespace polis
