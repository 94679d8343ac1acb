#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "kernels/parallel.h"
#include "sky/time.h"
#include "tasks/night_series.h"
#include "tasks/number_list.h"
#include "tasks/target_tables.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"min_coverage", "0.6", "a comparison star is usable in at least this share of the frames"},
    {"comparison_snr", "50", "median S/N above which a star may be a comparison"},
    {"max_scatter_ratio", "2",
     "a star whose scatter exceeds its error by this much more than others do is no comparison"},
    {"like_stars", "8",
     "comparison stars of like brightness that have a say in a star's aperture, or PSF"},
    {"outlier_sigma", "5", "points this far from the running median of their curve are flagged"},
};

/// Stars that may be comparisons: bright enough, usable often enough, and not asked for because
/// they may vary.
std::vector<bool> candidates(const MagnitudeSeries& mags, const std::vector<Target>& targets,
                             double least_snr) {
  std::vector<bool> result(mags.stars, false);
  for (std::size_t i = 0; i < mags.stars; ++i) {
    if (targets[i].reason != "star") continue;
    double sum = 0.0, count = 0.0;
    for (std::size_t j = 0; j < mags.frames; ++j) {
      if (!std::isfinite(mags.err(i, j))) continue;
      sum += mags.err(i, j);
      count += 1.0;
    }
    result[i] = count > 0.0 && sum / count < 1.0857 / least_snr;
  }
  return result;
}

struct Solutions {
  std::vector<MagnitudeSeries> mags;  ///< per radius, and of the PSF
  std::vector<Ensemble> ensembles;
};

Solutions solve(const NightSeries& series, const std::vector<Target>& targets,
                const Parameters& parameters) {
  EnsembleSettings settings;
  settings.min_coverage = parameters.number("min_coverage");
  settings.max_scatter_ratio = parameters.number("max_scatter_ratio");
  Solutions s;
  s.mags.resize(series.flux.size());
  s.ensembles.resize(series.flux.size());
  const double least_snr = parameters.number("comparison_snr");
  parallel_for(static_cast<std::ptrdiff_t>(series.flux.size()), [&](std::ptrdiff_t i) {
    const auto k = static_cast<std::size_t>(i);
    s.mags[k] = magnitudes(series, k);
    s.ensembles[k] = solve_ensemble(s.mags[k], candidates(s.mags[k], targets, least_snr), settings);
  });
  return s;
}

/// Times become barycentric where the target is a real direction.
void set_times(StarCurve& curve, const NightSeries& series) {
  constexpr double kJulianDate = 2400000.5;
  for (std::size_t p = 0; p < curve.time.size(); ++p) {
    const ForcedFrame& frame = series.frames[static_cast<std::size_t>(curve.frame[p])];
    curve.time[p] =
        frame.on_sky ? bjd_tdb(frame.mjd_mid, curve.position) : frame.mjd_mid + kJulianDate;
  }
}

Table frames_table(const NightSeries& series, const Ensemble& ensemble) {
  std::vector<std::string> id;
  std::vector<double> mjd, airmass, fwhm;
  for (const ForcedFrame& frame : series.frames) {
    id.push_back(frame.exposure_id);
    mjd.push_back(frame.mjd_mid);
    airmass.push_back(frame.airmass);
    fwhm.push_back(frame.fwhm_px);
  }
  Table table("frames");
  table.add({"exposure_id", "", "meta.id", "exposure", std::move(id)})
      .add({"mjd_mid", "d", "time.epoch", "UTC, mid-exposure", std::move(mjd)})
      .add({"airmass", "", "obs.airMass", "of the field's centre", std::move(airmass)})
      .add({"fwhm_px", "pix", "", "of stars", std::move(fwhm)})
      .add({"zero_point", "mag", "phot.mag", "of the ensemble: larger when the sky is less clear",
            ensemble.zero_point})
      .add({"zero_point_err", "mag", "stat.error", "1 sigma", ensemble.zero_point_err});
  return table;
}

/// Facts of the frames that all of them share, and that an observation request needs.
constexpr std::string_view kSharedFacts[] = {"instrument", "detector",       "physical_filter",
                                             "site",       "latitude_deg",   "longitude_deg",
                                             "altitude_m", "exposure_time_s"};

NightSeries read_series(Reader& reader, std::size_t stars, Facts& facts) {
  std::vector<ForcedFrame> frames;
  for (const InputRef& ref : reader.bundle().with_role("forced")) {
    if (!reader.has(ref)) continue;
    const Artifact artifact = reader.open(ref);
    const auto& forced = artifact.as<TableSet>();
    for (const std::string_view name : kSharedFacts) {
      if (const auto found = forced.facts.find(std::string(name)); found != forced.facts.end())
        facts.insert(*found);
    }
    frames.push_back(read_forced(forced));
    artifact.drop_decoded();
  }
  if (frames.empty()) {
    throw Error(ErrorKind::no_result, "cannot build light curves",
                "no frame has forced photometry");
  }
  return gather_series(std::move(frames), stars);
}

/// The series most stars take: its zero points are shown.
std::size_t commonest(const std::vector<std::size_t>& choice, std::size_t series) {
  std::vector<std::size_t> votes(series, 0);
  for (std::size_t k : choice) ++votes[k];
  return static_cast<std::size_t>(std::max_element(votes.begin(), votes.end()) - votes.begin());
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const Artifact targets_artifact = reader.open("targets");
  const std::vector<Target> targets = targets_from(targets_artifact.as<TableSet>().at("targets"));
  TableSet set;
  const NightSeries series = read_series(reader, targets.size(), set.facts);
  const Solutions solutions = solve(series, targets, parameters);
  const auto choice = choose_series(
      solutions.ensembles, static_cast<std::size_t>(std::max(1, parameters.integer("like_stars"))));

  std::vector<StarCurve> curves(targets.size());
  parallel_for(static_cast<std::ptrdiff_t>(targets.size()), [&](std::ptrdiff_t index) {
    const auto i = static_cast<std::size_t>(index);
    StarCurve curve =
        star_curve(series, solutions.mags[choice[i]], solutions.ensembles[choice[i]], choice[i], i);
    curve.name = targets[i].name;
    curve.reason = targets[i].reason;
    curve.position = targets[i].position;
    set_times(curve, series);
    flag_outliers(curve, parameters.number("outlier_sigma"));
    curves[i] = std::move(curve);
  });
  std::erase_if(curves, [](const StarCurve& c) { return c.time.empty(); });

  const Ensemble& shown = solutions.ensembles[commonest(choice, series.flux.size())];
  set.tables = {stars_table(curves), frames_table(series, shown), points_table(curves)};
  set.facts["time_system"] = series.frames.front().on_sky ? "BJD_TDB" : "JD_UTC";
  set.facts["comparisons"] = std::to_string(shown.comparisons());
  set.facts["error_scale"] = format_number(shown.error_scale);
  set.facts["noise_floor_mag"] = format_number(shown.noise_floor);
  return {Artifact::of("light_curves", std::move(set)), {}};
}

}  // namespace

Task build_light_curves_task() {
  return {"build_light_curves",
          2,
          "light_curves",
          "differential photometry against an ensemble of stable stars: roles targets, forced",
          kParameters,
          run,
          true};
}

}  // namespace polis
