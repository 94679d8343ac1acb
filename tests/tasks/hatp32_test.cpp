#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "formats/paths.h"
#include "tasks/light_curve_tables.h"
#include "tasks/whole_night_helpers.h"

namespace polis {
namespace {

/// The settings of configs/pipelines/hatp32.ini.
constexpr char kSettings[] =
    R"({"open_night": {"field_share": "1"}, "calibrate_frame": {"cosmic_rays": "false"},
  "measure_frame": {"threshold_snr": "10", "find_hidden": "no", "psf_order": "0"},
  "forced_photometry": {"psf": "no"},
  "collect_targets": {"pixel_targets": "HAT-P-32,HATP-32171220013343,424,286"}})";

// Published for exactly these frames: Rp/Rs 0.1503 +- 0.0009, mid-time BJD_TDB 2458107.714007 +-
// 0.000856.
constexpr double kMidTime = 2458107.7140;

double scatter_out_of_transit(const StarCurve& curve, double mid, double duration, double slope) {
  std::vector<double> outside;
  for (std::size_t i = 0; i < curve.time.size(); ++i) {
    const double dt = curve.time[i] - mid;
    if (curve.flags[i] == 0 && std::abs(dt) > 0.5 * duration)
      outside.push_back(curve.flux[i] / (1.0 + slope * dt));
  }
  double mean = 0.0, squares = 0.0;
  for (double f : outside) mean += f / static_cast<double>(outside.size());
  for (double f : outside) squares += (f - mean) * (f - mean);
  return std::sqrt(squares / static_cast<double>(outside.size())) / mean;
}

TEST(HatP32, TheTransitComesOutOfTheRawFrames) {
  const std::filesystem::path folder =
      std::filesystem::path(POLIS_REAL_DATA_DIR) / "hatp32/HatP32Dec202017";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "skipped: no real data";
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  ASSERT_EQ(files.size(), 142U);
  WholeNight night;
  for (const std::string& file : files) night.ingest(read_foreign_file(file), file);
  const RunReport report = night.run(kSettings);
  EXPECT_GE(report.rounds, 4);
  EXPECT_TRUE(night.failures().empty()) << night.failures().front();

  const auto targets = night.of_kind("targets");
  ASSERT_EQ(targets.size(), 1U);
  EXPECT_EQ(targets[0].as<TableSet>().facts.at("frames_solved"), "142");
  const auto curves_found = night.of_kind("light_curves"),
             descriptions = night.of_kind("descriptions");
  ASSERT_EQ(curves_found.size(), 1U);
  ASSERT_EQ(descriptions.size(), 1U);
  const auto curves = read_curves(curves_found[0].as<TableSet>());
  const auto curve = std::find_if(curves.begin(), curves.end(),
                                  [](const StarCurve& c) { return c.name == "HAT-P-32"; });
  ASSERT_NE(curve, curves.end());
  const Table& table = descriptions[0].as<TableSet>().at("descriptions");
  const auto row = static_cast<std::size_t>(curve - curves.begin());
  const double mid = table.get<double>("transit_mid_time")[row],
               k = table.get<double>("radius_ratio")[row];
  const double scatter =
      scatter_out_of_transit(*curve, mid, table.get<double>("transit_duration")[row],
                             table.get<double>("transit_slope")[row]);
  RecordProperty("scatter_percent", std::to_string(100 * scatter));
  EXPECT_EQ(table.get<std::int32_t>("dip")[row], 1);
  EXPECT_LE(scatter, 0.0055);
  EXPECT_NEAR(k * k, 0.0224, 0.0015);
  EXPECT_NEAR(mid, kMidTime, 10.0 / 1440.0);
  EXPECT_GE(curve->time.size(), 140U);
  std::cout << "HAT-P-32: scatter " << 100 * scatter << " %, (Rp/Rs)^2 " << 100 * k * k
            << " %, mid-time off by " << 1440 * (mid - kMidTime) << " min, " << curve->time.size()
            << " points, aperture " << curve->aperture_px << " px\n";
}

}  // namespace
}  // namespace polis
