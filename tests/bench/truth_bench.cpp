// Astrometry, zero points and cross-match on simulated frames against the simulator's truth. Frames
// are as perfect calibration leaves them (noise, cosmic rays, trails and defects are in), so that
// the figures are those of detection, measurement, astrometry and photometry. usage: truth_bench
// [preset [every nth science frame]]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "kernels/measure_image.h"
#include "kernels/neighbours.h"
#include "simulate/night.h"
#include "sky/astrometry.h"
#include "sky/cross_match.h"
#include "sky/measured_catalog.h"
#include "sky/photometry.h"
#include "sky/time.h"
#include "sky/wcs_facts.h"

namespace {

using namespace polis;
using Clock = std::chrono::steady_clock;

struct Tally {
  int frames = 0, solved = 0, calibrated = 0, clear = 0;
  double solve_seconds = 0.0, measure_seconds = 0.0, photometry_seconds = 0.0;
  std::vector<double> position_px;     // stars with S/N > 100
  std::vector<double> position_pull2;  // squared, per axis
  std::vector<double> flux_mag;        // measured against true flux, S/N > 100
  std::vector<double> zero_point_mag;  // measured minus true, clear frames
  std::vector<double> zero_point_pull;
  std::map<std::string, double> matches;
  int true_changes = 0, false_changes = 0, false_new = 0, false_missing = 0;
};

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0.0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void compare_positions(const TableSet& catalog, const TableSet& truth, Tally& tally) {
  const Table& sources = catalog.at("sources");
  const Table& stars = truth.at("stars");
  std::vector<PlanePoint> places;
  std::vector<std::size_t> rows;
  const auto x = numbers_of(stars, "x");
  const auto y = numbers_of(stars, "y");
  const auto kind = numbers_of(stars, "kind");
  const auto flux = numbers_of(stars, "flux_e");
  for (std::size_t j = 0; j < x.size(); ++j) {
    if (kind[j] == 4.0) continue;  // asteroids move during the exposure
    places.push_back({x[j], y[j]});
    rows.push_back(j);
  }
  const NeighbourGrid grid(places);
  const double scale = wcs_from(catalog.facts).pixel_scale_arcsec();
  const auto ra = numbers_of(sources, "ra"), dec = numbers_of(sources, "dec"),
             sx = numbers_of(sources, "x"), sy = numbers_of(sources, "y");
  const auto measured = numbers_of(sources, "flux_psf"),
             error = numbers_of(sources, "flux_psf_err"), flags = numbers_of(sources, "flags");
  const auto ra_err = numbers_of(sources, "ra_err"), dec_err = numbers_of(sources, "dec_err");
  for (std::size_t i = 0; i < sources.rows(); ++i) {
    if (!(measured[i] > 100.0 * error[i]) || (static_cast<int>(flags[i]) & ~2) != 0) continue;
    const std::ptrdiff_t j = grid.nearest({sx[i], sy[i]}, 1.5);
    if (j < 0) continue;
    const std::size_t row = rows[static_cast<std::size_t>(j)];
    if (std::abs(measured[i] / flux[row] - 1.0) > 0.3) continue;  // another object
    const SkyPosition true_place{stars.get<double>("ra")[row], stars.get<double>("dec")[row]};
    const double off = separation_arcsec({ra[i], dec[i]}, true_place);
    tally.flux_mag.push_back(-2.5 * std::log10(measured[i] / flux[row]));
    tally.position_px.push_back(off / scale);
    tally.position_pull2.push_back(off * off / (ra_err[i] * ra_err[i] + dec_err[i] * dec_err[i]));
  }
}

void compare_zero_point(const ZeroPoint& zero, const TableSet& truth, double colour_term,
                        Tally& tally) {
  if (!zero.found) return;
  ++tally.calibrated;
  if (number_of(truth.facts, "cloud_mag") > 0.05) return;
  ++tally.clear;
  // The truth is for g - r = 0.6 (src/simulate/observe.cpp), what is measured for the stars' mean
  // colour.
  const double expected =
      number_of(truth.facts, "zero_point_mag") - colour_term * (zero.mean_colour - 0.6);
  const double off = zero.mag - expected;
  tally.zero_point_mag.push_back(off);
  tally.zero_point_pull.push_back(off / zero.error_mag);
}

void compare_matches(const TableSet& matches, const Night& night, double mjd, Tally& tally) {
  for (const char* kind : {"matched", "changed", "new", "missing", "unmatched"})
    tally.matches[kind] += number_of(matches.facts, kind);
  const Table& table = matches.at("matches");
  const auto& kind = table.get<std::string>("kind");
  for (std::size_t i = 0; i < table.rows(); ++i) {
    if (kind[i] != "new" && kind[i] != "changed") continue;
    const SkyPosition place{table.get<double>("ra")[i], table.get<double>("dec")[i]};
    const bool variable = std::any_of(
        night.variables.begin(), night.variables.end(),
        [&](const Variable& v) { return separation_arcsec(v.star.position, place) < 3.0; });
    const bool asteroid =
        std::any_of(night.asteroids.begin(), night.asteroids.end(),
                    [&](const Asteroid& a) { return separation_arcsec(a.at(mjd), place) < 5.0; });
    if (kind[i] == "changed")
      ++(variable ? tally.true_changes : tally.false_changes);
    else if (!variable && !asteroid)
      ++tally.false_new;
  }
}

void run_frame(const Night& night, int index, const TableSet& reference, Tally& tally) {
  const Frame frame = ideal_frame(night, index);
  const TableSet truth = truth_of(night, index);
  ++tally.frames;
  auto start = Clock::now();
  TableSet catalog =
      catalog_of(measure_image(frame.pixels.view(), frame.variance.view(), frame.mask.view()));
  tally.measure_seconds += since(start);
  start = Clock::now();
  const auto stars = reference_stars(reference.at("stars"), julian_year(frame.exposure.mjd_mid),
                                     frame.exposure.physical_filter);
  const FieldSolution solution = solve_catalog(catalog, frame.exposure, stars, {});
  write_astrometry(catalog, solution, "icrs");
  tally.solve_seconds += since(start);
  if (!solution.found) {
    std::printf("# %s not solved: %s (%zu sources)\n", frame.exposure.exposure_id.c_str(),
                solution.reason.c_str(), catalog.at("sources").rows());
    return;
  }
  ++tally.solved;
  compare_positions(catalog, truth, tally);
  start = Clock::now();
  const ZeroPoint zero = fit_zero_point(catalog, frame.exposure, reference, {});
  write_photometry(catalog, frame.exposure, zero, {});
  tally.photometry_seconds += since(start);
  compare_zero_point(zero, truth,
                     night.site_of(night.exposures[static_cast<std::size_t>(index)]).colour_term,
                     tally);
  const TableSet matches = cross_match(catalog, frame.exposure, reference, {});
  compare_matches(matches, night, night.exposures[static_cast<std::size_t>(index)].mjd_mid(),
                  tally);
  std::printf(
      "# %s %s: %zu sources, %zu stars in the WCS, sip %d, rms %.3f px, chi2 %.2f; zero point "
      "%+.1f mmag (cloud %.2f), %zu stars\n",
      frame.exposure.exposure_id.c_str(), frame.exposure.physical_filter.c_str(),
      catalog.at("sources").rows(), solution.pairs.size(), solution.wcs.sip_order,
      solution.fit.rms_px, solution.fit.reduced_chi2,
      tally.zero_point_mag.empty() ? 0.0 : 1e3 * tally.zero_point_mag.back(),
      number_of(truth.facts, "cloud_mag"), zero.stars);
}

double rms_of(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double v : values) sum += v * v;
  return values.empty() ? 0.0 : std::sqrt(sum / static_cast<double>(values.size()));
}

void print(const std::string& preset, const Tally& t) {
  const char* p = preset.c_str();
  std::printf("truth %s: frames solved | %.1f %% of %d | - | - | >= 99 %%\n", p,
              100.0 * t.solved / std::max(1, t.frames), t.frames);
  std::printf("truth %s: position error, S/N > 100, median of %zu | %.4f px | - | - | <= 0.02 px\n",
              p, t.position_px.size(), quantile(t.position_px, 0.5));
  std::printf("truth %s: position error, S/N > 100, 95 %% | %.4f px | - | - | -\n", p,
              quantile(t.position_px, 0.95));
  std::vector<double> absolute;
  for (const double off : t.zero_point_mag) absolute.push_back(std::abs(off));
  std::printf("truth %s: PSF flux of stars, S/N > 100, median error | %+.2f mmag | - | - | 0\n", p,
              1e3 * quantile(t.flux_mag, 0.5));
  std::printf("truth %s: zero point bias, clear frames | %+.2f mmag | - | - | 0\n", p,
              1e3 * quantile(t.zero_point_mag, 0.5));
  double pull = 0.0;
  for (const double v : t.position_pull2) pull += std::min(v, 25.0);
  std::printf(
      "truth %s: position pull rms (capped at 5) | %.3f | - | - | 1\n", p,
      std::sqrt(pull / static_cast<double>(std::max<std::size_t>(1, t.position_pull2.size()))));
  std::printf(
      "truth %s: zero point error, clear frames, median of %d | %.2f mmag | - | - | <= 5 mmag\n", p,
      t.clear, 1e3 * quantile(absolute, 0.5));
  std::printf("truth %s: zero point error, clear frames, 95 %% | %.2f mmag | - | - | <= 5 mmag\n",
              p, 1e3 * quantile(absolute, 0.95));
  std::printf("truth %s: zero point pull rms | %.2f | - | - | 1\n", p, rms_of(t.zero_point_pull));
  std::printf("truth %s: cross-match, sources matched | %.0f | - | - | -\n", p,
              t.matches.count("matched") ? t.matches.at("matched") : 0.0);
  std::printf("truth %s: changed that are variables | %d of %d | - | - | -\n", p, t.true_changes,
              t.true_changes + t.false_changes);
  std::printf(
      "truth %s: new that are no variables, supernovae or asteroids | %d of %.0f | - | - | -\n", p,
      t.false_new, t.matches.count("new") ? t.matches.at("new") : 0.0);
  std::printf("truth %s: missing reference stars | %.0f | - | - | -\n", p,
              t.matches.count("missing") ? t.matches.at("missing") : 0.0);
  std::printf("truth %s: time per frame, astrometry / photometry | %.1f / %.1f ms | - | - | -\n", p,
              1e3 * t.solve_seconds / std::max(1, t.frames),
              1e3 * t.photometry_seconds / std::max(1, t.frames));
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::string preset = argc > 1 ? argv[1] : "tiny";
  const int every = argc > 2 ? std::max(1, std::atoi(argv[2])) : 1;
  const Night night = make_night(preset, 1);
  const TableSet reference = reference_catalog(night);
  Tally tally;
  int science = 0;
  for (const PlannedExposure& exposure : night.exposures) {
    if (exposure.type != ImageType::science || science++ % every != 0) continue;
    run_frame(night, exposure.index, reference, tally);
  }
  print(preset, tally);
  return 0;
}
