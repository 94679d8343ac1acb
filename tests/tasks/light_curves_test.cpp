#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>

#include "base/error.h"
#include "base/random.h"
#include "kernels/psf.h"
#include "kernels/transit.h"
#include "sky/psf_table.h"
#include "sky/time.h"
#include "sky/wcs_facts.h"
#include "tasks/light_curve_tables.h"
#include "tasks/target_tables.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

class FakeReader : public Reader {
 public:
  const Bundle& bundle() const override { return bundle_; }
  Artifact open(const InputRef& ref) override { return artifacts_.at(ref.name); }
  using Reader::open;
  void add(const std::string& role, const std::string& kind, Artifact artifact) {
    const InputRef ref{InputRef::From::lake, digest_of(role + std::to_string(artifacts_.size())),
                       kind};
    artifacts_[ref.name] = std::move(artifact);
    bundle_.entries.push_back({role, ref});
  }

 private:
  Bundle bundle_;
  std::map<Digest, Artifact> artifacts_;
};

TaskOutput run(const Task& task, FakeReader& reader, const ParameterMap& given = {}) {
  const TaskTable table(all_tasks());
  return task.run(table.complete(task, given), reader);
}

constexpr int kStars = 12;
constexpr double kScale = 2.0 / 3600.0;

Wcs wcs_of(double shift_px) {
  Wcs wcs;
  wcs.valid = true;
  wcs.reference = {30, 45};
  wcs.reference_pixel = {100 + shift_px, 100};
  wcs.cd = {-kScale, 0, 0, kScale};
  return wcs;
}

std::vector<Target> field_targets() {
  std::vector<Target> targets;
  for (int i = 0; i < kStars; ++i) {
    const PixelPosition p{30.0 + 45 * (i % 4), 40.0 + 50 * (i / 4)};
    targets.push_back(
        {i == 0 ? "planet host" : "", wcs_of(0).to_sky(p), i == 0 ? "user" : "star", 1e5, 9});
  }
  return targets;
}

/// A drifting field of Gaussian stars under changing transparency; star 0 has a transit.
Frame frame_of(int number, double light_of_first) {
  Frame frame;
  Exposure& e = frame.exposure;
  e.exposure_id = "f" + std::to_string(1000 + number);
  e.site = "site";
  e.instrument = "camera";
  e.mjd_mid = 60000.2 + 0.002 * number;
  e.exposure_time_s = 60;
  e.tracking_ra_deg = 30;
  e.tracking_dec_deg = 45;
  e.latitude_deg = 30;
  e.longitude_deg = -110;
  e.altitude_m = 1000;
  e.width = e.height = 200;
  frame.unit = "electron";
  frame.pixels = Plane<float>(200, 200, 400.0F);
  frame.wcs = wcs_of(0.1 * number);
  RandomStream random(7, "frame", static_cast<std::uint64_t>(number));
  const double transparency = random.uniform(0.7, 1.0);
  const auto targets = field_targets();
  for (int i = 0; i < kStars; ++i) {
    const PixelPosition p = frame.wcs.to_pixel(targets[static_cast<std::size_t>(i)].position);
    const double flux = (60000.0 + 10000.0 * i) * transparency * (i == 0 ? light_of_first : 1.0);
    for (int dy = -12; dy <= 12; ++dy) {
      for (int dx = -12; dx <= 12; ++dx) {
        const int x = static_cast<int>(std::lround(p.x)) + dx,
                  y = static_cast<int>(std::lround(p.y)) + dy;
        if (!frame.pixels.view().contains(x, y)) continue;
        const double r2 = (x - p.x) * (x - p.x) + (y - p.y) * (y - p.y);
        frame.pixels(x, y) +=
            static_cast<float>(flux / (2 * std::numbers::pi * 1.44) * std::exp(-r2 / 2.88));
      }
    }
  }
  frame.variance = Plane<float>(200, 200);
  for (int y = 0; y < 200; ++y) {
    for (int x = 0; x < 200; ++x) {
      frame.variance(x, y) = frame.pixels(x, y) + 100;
      frame.pixels(x, y) += static_cast<float>(std::sqrt(frame.variance(x, y)) * random.normal());
    }
  }
  frame.mask = Plane<MaskPixel>(200, 200, 0);
  return frame;
}

TableSet targets_set() {
  TableSet set;
  set.tables.push_back(targets_table(field_targets()));
  return set;
}

Artifact forced_of(const Frame& frame, TableSet catalog = {}) {
  FakeReader reader;
  set_wcs(catalog.facts, frame.wcs);
  catalog.facts["fwhm_px"] = "2.8";
  reader.add("frame", "frame", Artifact::of("frame", frame));
  reader.add("catalog", "catalog", Artifact::of("catalog", catalog));
  reader.add("targets", "targets", Artifact::of("targets", targets_set()));
  return run(forced_photometry_task(), reader).artifact;
}

constexpr double kMid = 2460000.5 + 0.2 + 0.002 * 60;
const Transit kTransit{0.12, 0.15, 20.0, 0.1, 1.0, 0.0};

/// The night's curves: made once for all tests.
const Artifact& night_curves() {
  static const Artifact curves = [] {
    FakeReader reader;
    reader.add("targets", "targets", Artifact::of("targets", targets_set()));
    for (int j = 0; j < 120; ++j) {
      reader.add("forced", "forced", forced_of(frame_of(j, kTransit.flux(0.002 * j, {}))));
    }
    return run(build_light_curves_task(), reader).artifact;
  }();
  return curves;
}

TEST(ForcedPhotometry, MeasuresLightWhereItIsTold) {
  const Artifact forced = forced_of(frame_of(3, 1.0));
  const Table& table = forced.as<TableSet>().at("forced");
  ASSERT_EQ(table.rows(), static_cast<std::size_t>(kStars));
  const auto& flux = table.get<double>("flux_7");  // 5 px
  const auto& err = table.get<double>("flux_err_7");
  const double ratio = flux[11] / flux[0];
  EXPECT_NEAR(ratio, 170.0 / 60.0, 4 * ratio * (err[0] / flux[0] + err[11] / flux[11]));
}

TEST(ForcedPhotometry, FitsThePsfWhereTheCatalogHasOne) {
  TableSet catalog;
  catalog.tables.push_back(psf_table(gaussian_psf(2.826, 4.0, 200, 200)));
  const Artifact forced = forced_of(frame_of(3, 1.0), catalog);
  const Table& table = forced.as<TableSet>().at("forced");
  const auto& flux = table.get<double>("flux_psf");
  const auto& err = table.get<double>("flux_psf_err");
  const double ratio = flux[11] / flux[0];
  EXPECT_NEAR(ratio, 170.0 / 60.0, 4 * ratio * (err[0] / flux[0] + err[11] / flux[11]));
  EXPECT_FALSE(forced_of(frame_of(3, 1.0)).as<TableSet>().at("forced").has("flux_psf"));
}

TEST(ForcedPhotometry, LeavesOutWhatIsNotOnTheFrame) {
  Frame frame = frame_of(0, 1.0);
  frame.wcs = wcs_of(-60);
  FakeReader reader;
  const Artifact forced = forced_of(frame);
  EXPECT_LT(forced.as<TableSet>().at("forced").rows(), static_cast<std::size_t>(kStars));
  frame.wcs = Wcs{};
  EXPECT_THROW(forced_of(frame), Error);
}

TEST(BuildLightCurves, TakesOutTheTransparency) {
  const auto curves = read_curves(night_curves().as<TableSet>());
  ASSERT_EQ(curves.size(), static_cast<std::size_t>(kStars));
  double pulls = 0, count = 0;
  for (std::size_t i = 1; i < curves.size(); ++i) {
    EXPECT_LT(curves[i].scatter, 0.012) << i;
    EXPECT_EQ(curves[i].time.size(), 120U);
    for (std::size_t j = 0; j < curves[i].flux.size(); ++j) {
      pulls += std::pow((curves[i].flux[j] - curves[i].median_flux) / curves[i].flux_err[j], 2);
      count += 1;
    }
  }
  EXPECT_NEAR(std::sqrt(pulls / count), 1.0, 0.1);
}

TEST(BuildLightCurves, GivesBarycentricTimes) {
  const auto curves = read_curves(night_curves().as<TableSet>());
  EXPECT_EQ(night_curves().as<TableSet>().facts.at("time_system"), "BJD_TDB");
  EXPECT_NEAR(curves[0].time[0], bjd_tdb(60000.2, curves[0].position), 1e-8);
}

TEST(DescribeLightCurves, FindsTheTransitAndAsksForTheNext) {
  FakeReader reader;
  reader.add("light_curves", "light_curves", night_curves());
  const TaskOutput output = run(describe_light_curves_task(), reader);
  const Table& d = output.artifact.as<TableSet>().at("descriptions");
  EXPECT_EQ(d.get<std::int32_t>("dip")[0], 1);
  EXPECT_NEAR(std::pow(d.get<double>("radius_ratio")[0], 2), 0.0225, 0.003);
  const double shift = bjd_tdb(60000.32, {30, 45}) - 2460000.5 - 0.32;
  EXPECT_NEAR(d.get<double>("transit_mid_time")[0], kMid + shift, 0.004);
  for (std::size_t i = 1; i < d.rows(); ++i) EXPECT_EQ(d.get<std::int32_t>("dip")[i], 0) << i;
  ASSERT_EQ(output.requests.size(), 1U);
  EXPECT_EQ(output.requests[0].task, "observe");
  EXPECT_EQ(output.requests[0].parameters.at("goal"), "next_transit");

  FakeReader observer;
  observer.add("light_curves", "light_curves", night_curves());
  const std::string text =
      run(observe_task(), observer, output.requests[0].parameters).artifact.as<std::string>();
  EXPECT_NE(text.find("\"target\": \"planet host\""), std::string::npos);
  EXPECT_NE(text.find("\"begin_utc\""), std::string::npos);
}

TEST(DescribeLightCurves, AsksForNoMoreThanItMay) {
  FakeReader reader;
  reader.add("light_curves", "light_curves", night_curves());
  EXPECT_TRUE(
      run(describe_light_curves_task(), reader, {{"max_observations", "0"}}).requests.empty());
}

TEST(LightCurveTables, ComeBackAsTheyWere) {
  const auto& set = night_curves().as<TableSet>();
  const auto curves = read_curves(set);
  EXPECT_EQ(points_table(curves).get<double>("flux"), set.at("points").get<double>("flux"));
  EXPECT_EQ(stars_table(curves).get<double>("scatter"), set.at("stars").get<double>("scatter"));
}

TEST(BuildLightCurves, SaysSoWhenThereIsNothing) {
  FakeReader reader;
  reader.add("targets", "targets", Artifact::of("targets", targets_set()));
  EXPECT_THROW(run(build_light_curves_task(), reader), Error);
}

}  // namespace
}  // namespace polis
