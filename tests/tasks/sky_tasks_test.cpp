#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "kernels/measure_image.h"
#include "kernels/parallel.h"
#include "simulate/night.h"
#include "sky/catalog_stars.h"
#include "sky/measured_catalog.h"
#include "sky/wcs_facts.h"
#include "tasks/detector_helpers.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

using test::MemoryReader;
using test::run_task;

/// A measured science frame of the simulated night, with what is known of it.
struct Measured {
  Exposure exposure;
  TableSet catalog, truth;
};

const Night& night() {
  static const Night made = make_night("tiny", 5);
  return made;
}

const Artifact& reference() {
  static const Artifact made = Artifact::of("reference_catalog", reference_catalog(night()));
  return made;
}

/// The `number`-th science frame of a site.
const Measured& frame_of(const std::string& site, int number) {
  static std::map<std::pair<std::string, int>, Measured> made;
  const auto key = std::pair(site, number);
  if (const auto found = made.find(key); found != made.end()) return found->second;
  for (const PlannedExposure& e : night().exposures) {
    if (e.type != ImageType::science || night().site_of(e).name != site || number-- > 0) continue;
    const Frame frame = ideal_frame(night(), e.index);
    const MeasuredImage image =
        measure_image(frame.pixels.view(), frame.variance.view(), frame.mask.view());
    return made[key] = {frame.exposure, catalog_of(image), truth_of(night(), e.index)};
  }
  throw std::runtime_error("no such frame");
}

Artifact solve(const Measured& frame, const std::vector<std::pair<std::string, Artifact>>& more) {
  MemoryReader reader;
  reader.add("catalog", Artifact::of("catalog", frame.catalog));
  reader.add("exposure", Artifact::of("exposure", frame.exposure));
  for (const auto& [role, artifact] : more) reader.add(role, artifact);
  return run_task(solve_astrometry_task(), reader);
}

Artifact next(const Task& task, const Artifact& catalog, const Exposure& exposure) {
  MemoryReader reader;
  reader.add("catalog", catalog);
  reader.add("exposure", Artifact::of("exposure", exposure));
  reader.add("reference", reference());
  return run_task(task, reader);
}

/// Distance of two WCS over the detector, at most. [px]
double difference_px(const Wcs& a, const Wcs& b, const Exposure& exposure) {
  double worst = 0.0;
  for (const double x : {0.1, 0.5, 0.9}) {
    for (const double y : {0.1, 0.5, 0.9}) {
      const PixelPosition p{x * exposure.width, y * exposure.height};
      worst = std::max(worst, separation_arcsec(a.to_sky(p), b.to_sky(p)) / b.pixel_scale_arcsec());
    }
  }
  return worst;
}

TEST(SkyTasks, SolveEverySiteAgainstTheReference) {
  for (const char* site : {"sierra", "karoo", "mauna"}) {
    const Measured& frame = frame_of(site, 0);
    const Artifact solved = solve(frame, {{"reference", reference()}});
    const Facts& facts = solved.as<TableSet>().facts;
    ASSERT_TRUE(wcs_from(facts).valid) << site << ": " << facts.at("caveat_astrometry");
    EXPECT_LT(difference_px(wcs_from(facts), wcs_from(frame.truth.facts), frame.exposure), 0.3)
        << site;
  }
}

TEST(SkyTasks, ChainOfANightGivesZeroPointMatchesAndQuality) {
  const Measured& frame = frame_of("sierra", 0);
  const Artifact solved = solve(frame, {{"reference", reference()}});
  const Artifact calibrated = next(calibrate_photometry_task(), solved, frame.exposure);
  const Facts& facts = calibrated.as<TableSet>().facts;
  // The truth holds for g - r = 0.6; a colour term of 0.03 moves the stars' mean by some 0.01 mag.
  EXPECT_NEAR(number_of(facts, "zero_point_mag"), number_of(frame.truth.facts, "zero_point_mag"),
              0.04);
  const Artifact matches = next(cross_match_task(), calibrated, frame.exposure);
  const Facts& counts = matches.as<TableSet>().facts;
  EXPECT_GT(number_of(counts, "matched"),
            0.5 * static_cast<double>(frame.catalog.at("sources").rows()));
  EXPECT_LT(number_of(counts, "changed") + number_of(counts, "new"), 8.0);
  MemoryReader reader;
  reader.add("catalog", calibrated);
  reader.add("catalog", calibrated);
  const Artifact quality = run_task(night_quality_task(), reader);
  EXPECT_EQ(quality.as<TableSet>().at("frames").rows(), 2U);
  EXPECT_EQ(quality.as<TableSet>().at("sites").get<std::string>("site")[0], "sierra");
}

TEST(SkyTasks, WithoutReferenceFramesAreRegisteredToTheAnchor) {
  const Measured& anchor = frame_of("mauna", 0);
  const Measured& other = frame_of("mauna", 2);
  const std::vector<std::pair<std::string, Artifact>> roles{
      {"anchor", Artifact::of("catalog", anchor.catalog)},
      {"anchor_exposure", Artifact::of("exposure", anchor.exposure)}};
  const Artifact own = solve(anchor, roles);
  const Artifact solved = solve(other, roles);
  ASSERT_TRUE(wcs_from(solved.as<TableSet>().facts).valid);
  EXPECT_EQ(solved.as<TableSet>().facts.at("astrometry_frame"), "anchor");
  // The same star has the same place in both, however the field turned between them.
  const Wcs here = wcs_from(solved.as<TableSet>().facts);
  const Wcs there = wcs_from(own.as<TableSet>().facts);
  const Wcs true_here = wcs_from(other.truth.facts);
  const Wcs true_there = wcs_from(anchor.truth.facts);
  const SkyPosition star = true_there.to_sky({240.0, 240.0});
  const double off =
      separation_arcsec(here.to_sky(true_here.to_pixel(star)), there.to_sky({240.0, 240.0}));
  EXPECT_LT(off / here.pixel_scale_arcsec(), 0.3);
}

TEST(SkyTasks, NothingKnownIsACaveatNotADeadJob) {
  Measured frame = frame_of("sierra", 0);
  frame.exposure.wcs = {};
  const Artifact solved = solve(frame, {});
  EXPECT_FALSE(wcs_from(solved.as<TableSet>().facts).valid);
  EXPECT_TRUE(solved.as<TableSet>().facts.contains("caveat_astrometry"));
  const Artifact calibrated = next(calibrate_photometry_task(), solved, frame.exposure);
  EXPECT_EQ(calibrated.as<TableSet>().facts.at("photometric"), "unknown");
  EXPECT_EQ(
      number_of(next(cross_match_task(), calibrated, frame.exposure).as<TableSet>().facts, "new"),
      0.0);
}

TEST(SkyTasks, SameBytesForAnyNumberOfThreads) {
  const Measured& frame = frame_of("karoo", 0);
  const int before = thread_count();
  Digest first;
  for (const int threads : {1, 2, 4}) {
    set_thread_count(threads);
    const Artifact solved = solve(frame, {{"reference", reference()}});
    const Artifact calibrated = next(calibrate_photometry_task(), solved, frame.exposure);
    const Digest digest = next(cross_match_task(), calibrated, frame.exposure).digest();
    if (threads == 1) first = digest;
    EXPECT_EQ(digest, first) << threads;
  }
  set_thread_count(before);
}

}  // namespace
}  // namespace polis
