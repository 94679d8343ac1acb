#include "sky/night_quality.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/number_text.h"
#include "base/random.h"

namespace polis {
namespace {

/// Frames of one site over a night with extinction 0.15 mag/airmass; `cloudy` of them are dimmed by
/// 0.1 to 1 mag.
std::vector<Facts> make_night(std::uint64_t seed, int frames, int cloudy, double low = 1.0,
                              double high = 2.0) {
  RandomStream stream(seed, "night");
  std::vector<Facts> night;
  for (int i = 0; i < frames; ++i) {
    const double airmass = low + (high - low) * i / std::max(1, frames - 1);
    double zero_point = 26.0 - 0.15 * airmass + 0.004 * stream.normal();
    if (i % std::max(1, frames / std::max(1, cloudy)) == 0 && cloudy > 0)
      zero_point -= stream.uniform(0.1, 1.0);
    night.push_back({{"exposure_id", "e" + std::to_string(i)},
                     {"site", "sierra"},
                     {"filter", "r"},
                     {"airmass", number_text(airmass)},
                     {"mjd_mid", number_text(60000.0 + 0.01 * i)},
                     {"zero_point_mag", number_text(zero_point)},
                     {"zero_point_err_mag", "0.003"},
                     {"seeing_arcsec", "1.5"},
                     {"sky_mag_arcsec2", "20.5"}});
  }
  return night;
}

TEST(NightQuality, ClearNightGivesExtinctionAndIsPhotometric) {
  const TableSet set = judge_night(make_night(1, 40, 0), {});
  const Table& sites = set.at("sites");
  ASSERT_EQ(sites.rows(), 1U);
  EXPECT_NEAR(sites.get<double>("extinction")[0], 0.15, 0.01);
  EXPECT_NEAR(sites.get<double>("zero_point")[0], 26.0, 0.012);
  EXPECT_EQ(sites.get<std::int32_t>("photometric")[0], 1);
  EXPECT_EQ(sites.get<std::string>("verdict")[0], "photometric");
}

TEST(NightQuality, CloudsDimFramesButNotTheLine) {
  const TableSet set = judge_night(make_night(2, 40, 13), {});
  const Table& sites = set.at("sites");
  EXPECT_NEAR(sites.get<double>("extinction")[0], 0.15, 0.02);
  EXPECT_NEAR(sites.get<double>("zero_point")[0], 26.0, 0.03);
  EXPECT_EQ(sites.get<std::int32_t>("photometric")[0], 0);
  const auto& transparency = set.at("frames").get<float>("transparency");
  EXPECT_LT(transparency[0], 0.93F);
  EXPECT_NEAR(static_cast<double>(transparency[1]), 1.0, 0.02);
}

TEST(NightQuality, NarrowRangeOfAirmassTakesTheDefault) {
  const TableSet set = judge_night(make_night(3, 20, 0, 1.1, 1.15), {});
  EXPECT_EQ(set.at("sites").get<double>("extinction")[0], 0.12);
  EXPECT_TRUE(std::isnan(set.at("sites").get<double>("extinction_err")[0]));
}

TEST(NightQuality, SitesAreApartAndOrderOfInputDoesNotMatter) {
  std::vector<Facts> night = make_night(4, 10, 0);
  for (Facts& facts : make_night(5, 10, 0)) {
    facts["site"] = "andes";
    night.push_back(facts);
  }
  const TableSet a = judge_night(night, {});
  std::reverse(night.begin(), night.end());
  const TableSet b = judge_night(night, {});
  EXPECT_EQ(a.at("sites").get<std::string>("site"), (std::vector<std::string>{"andes", "sierra"}));
  EXPECT_EQ(a.at("sites").get<double>("zero_point"), b.at("sites").get<double>("zero_point"));
  EXPECT_EQ(a.at("frames").get<std::string>("exposure_id"),
            b.at("frames").get<std::string>("exposure_id"));
}

TEST(NightQuality, FramesWithoutZeroPointAreUnknownNotAFault) {
  const TableSet set = judge_night({Facts{}, Facts{{"site", "x"}}, Facts{{"site", "x"}}}, {});
  EXPECT_EQ(set.at("sites").rows(), 2U);
  EXPECT_EQ(set.at("sites").get<std::int32_t>("photometric")[0], 0);
  EXPECT_NE(set.at("sites").get<std::string>("verdict")[0].find("unknown"), std::string::npos);
  EXPECT_EQ(judge_night({}, {}).at("frames").rows(), 0U);
}

}  // namespace
}  // namespace polis
