#include "sky/cross_match.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "sky/astrometry.h"
#include "sky/catalog_stars.h"
#include "sky/photometry.h"
#include "sky/photometry_helpers.h"
#include "sky/scene_helpers.h"

namespace polis {
namespace {

using namespace testing_sky;

/// A solved and calibrated frame; columns that a real catalog has and the helper lacks are added.
Made calibrated(std::uint64_t seed) {
  Made made = make_frame(seed, 0.0, 0.0);
  write_photometry(made.catalog, made.exposure,
                   fit_zero_point(made.catalog, made.exposure, made.reference, {}), {});
  Table& sources = made.catalog.at("sources");
  std::vector<float> snr;
  for (std::size_t i = 0; i < sources.rows(); ++i) {
    snr.push_back(static_cast<float>(sources.get<double>("flux_psf")[i] /
                                     sources.get<double>("flux_psf_err")[i]));
  }
  sources.add({"snr", "", "", "", snr});
  return made;
}

std::vector<std::string> kinds(const TableSet& set) {
  return set.at("matches").get<std::string>("kind");
}

TEST(CrossMatch, OrdinaryFrameIsMatchedAndQuiet) {
  const Made made = calibrated(1);
  const TableSet set = cross_match(made.catalog, made.exposure, made.reference, {});
  const double rows = static_cast<double>(made.catalog.at("sources").rows());
  EXPECT_GT(number_of(set.facts, "matched"), 0.97 * rows);
  EXPECT_LE(number_of(set.facts, "changed"), 2.0);
  EXPECT_EQ(number_of(set.facts, "new"), 0.0);
  EXPECT_LE(number_of(set.facts, "missing"), 1.0);
}

TEST(CrossMatch, FindsWhatIsNewChangedAndMissing) {
  Made made = calibrated(2);
  Table& sources = made.catalog.at("sources");
  // Changed: three bright sources fade by half.
  std::set<std::size_t> faded;
  for (std::size_t i = 0; i < sources.rows() && faded.size() < 3; ++i) {
    const double m = static_cast<double>(sources.get<float>("mag")[i]);
    if (m > 16.5 || m < 14.0) continue;
    sources.get<float>("mag")[i] += 0.75F;
    faded.insert(i);
  }
  // New: two sources are struck from the reference. Missing: two reference stars are moved to empty
  // places.
  const TableSet before = cross_match(made.catalog, made.exposure, made.reference, {});
  std::set<std::int64_t> struck;
  Table& stars = made.reference.at("stars");
  std::vector<std::size_t> lost;
  for (std::size_t i = 0; i < sources.rows() && struck.size() < 2; ++i) {
    const auto reference_id = before.at("matches").get<std::int64_t>("reference_id")[i];
    if (faded.contains(i) || reference_id == 0 || sources.get<float>("mag")[i] > 16.0F) continue;
    struck.insert(static_cast<std::int64_t>(i + 1));
    const auto row = static_cast<std::size_t>(reference_id - 1000);
    stars.get<double>("dec")[row] += 20.0 / 3600.0;  // gone from here, missing there
    lost.push_back(row);
  }
  const TableSet set = cross_match(made.catalog, made.exposure, made.reference, {});
  const auto& kind = set.at("matches").get<std::string>("kind");
  const auto& id = set.at("matches").get<std::int64_t>("id");
  for (const std::size_t i : faded)
    EXPECT_EQ(kind[i], "changed") << set.at("matches").get<std::string>("reason")[i];
  for (const std::int64_t i : struck) EXPECT_EQ(kind[static_cast<std::size_t>(i - 1)], "new");
  std::size_t missing = 0;
  for (std::size_t row = 0; row < kind.size(); ++row) {
    if (kind[row] != "missing") continue;
    EXPECT_EQ(id[row], 0);
    for (const std::size_t j : lost)
      missing += set.at("matches").get<std::int64_t>("reference_id")[row] ==
                         static_cast<std::int64_t>(1000 + j)
                     ? 1
                     : 0;
  }
  EXPECT_EQ(missing, 2U);
  EXPECT_LE(number_of(set.facts, "changed"), 5.0);
  EXPECT_LE(number_of(set.facts, "new"), 3.0);
}

TEST(CrossMatch, FaintSourcesBeyondTheReferenceAreNoNews) {
  Made made = calibrated(3);
  Table& stars = made.reference.at("stars");
  // A reference that ends at 16 mag.
  for (std::size_t j = 0; j < stars.rows(); ++j) {
    if (stars.get<double>("mag_r")[j] > 16.0)
      stars.get<double>("ra")[j] = kUnknown, stars.get<double>("mag_r")[j] = kUnknown;
  }
  const TableSet set = cross_match(made.catalog, made.exposure, made.reference, {});
  EXPECT_EQ(number_of(set.facts, "new"), 0.0);
  EXPECT_GT(number_of(set.facts, "unmatched"), 50.0);
}

TEST(CrossMatch, FastStarIsFollowedByItsProperMotion) {
  Made made = calibrated(4);
  Table& stars = made.reference.at("stars");
  const std::size_t rows = stars.rows();
  std::vector<double> pmdec(rows, 0.0);
  // Positions are put back in time by 20 years at 0.5 arcsec/yr.
  for (std::size_t j = 0; j < rows; ++j) {
    pmdec[j] = 500.0;
    stars.get<double>("dec")[j] -= 10.0 / 3600.0;
  }
  stars.add({"pmra", "mas/yr", "", "", std::vector<double>(rows, 0.0)})
      .add({"pmdec", "mas/yr", "", "", pmdec});
  stars.add({"epoch", "yr", "", "", std::vector<double>(rows, 2020.4116 - 20.0)});
  const TableSet set = cross_match(made.catalog, made.exposure, made.reference, {});
  EXPECT_GT(number_of(set.facts, "matched"),
            0.97 * static_cast<double>(made.catalog.at("sources").rows()));
}

TEST(CrossMatch, WithoutWcsOrZeroPointNothingIsNews) {
  Made made = calibrated(5);
  Made no_wcs = made;
  no_wcs.catalog.facts.erase("wcs_cd");
  EXPECT_EQ(
      number_of(cross_match(no_wcs.catalog, made.exposure, made.reference, {}).facts, "unmatched"),
      static_cast<double>(made.catalog.at("sources").rows()));
  made.catalog.facts.erase("zero_point_mag");
  const TableSet set = cross_match(made.catalog, made.exposure, made.reference, {});
  EXPECT_EQ(number_of(set.facts, "new") + number_of(set.facts, "changed") +
                number_of(set.facts, "missing"),
            0.0);
  EXPECT_GT(number_of(set.facts, "matched"),
            0.9 * static_cast<double>(made.catalog.at("sources").rows()));
}

TEST(CrossMatch, EmptyCatalogMissesTheBrightStarsOnly) {
  Made made = calibrated(6);
  TableSet empty;
  empty.tables.emplace_back("sources");
  empty.facts = made.catalog.facts;
  const TableSet set = cross_match(empty, made.exposure, made.reference, {});
  EXPECT_EQ(kinds(set).size(), static_cast<std::size_t>(number_of(set.facts, "missing")));
  EXPECT_GT(number_of(set.facts, "missing"), 100.0);
}

}  // namespace
}  // namespace polis
