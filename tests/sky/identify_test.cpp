#include "sky/identify.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace polis {
namespace {

struct Sky {
  std::vector<SkySource> sources, reference;
};

/// `density` objects per square arcminute over 10 x 10; the first half of the sources are in the
/// reference.
Sky make_sky(std::uint64_t seed, double density, double source_error, double reference_error) {
  RandomStream stream(seed, "sky");
  const SkyPosition centre{150.0, 40.0};
  const auto count = static_cast<std::size_t>(100.0 * density);
  Sky sky;
  const auto place = [&](double x, double y) {
    return unproject_tan(centre, {x / 206264.8, y / 206264.8});
  };
  for (std::size_t i = 0; i < count; ++i) {
    const double x = stream.uniform(-300.0, 300.0);
    const double y = stream.uniform(-300.0, 300.0);
    const double magnitude = 20.0 + std::log10(stream.uniform()) / 0.3;
    sky.reference.push_back(
        {place(x + reference_error * stream.normal(), y + reference_error * stream.normal()),
         reference_error, magnitude, 0.02});
    if (i % 2 == 0) continue;
    sky.sources.push_back(
        {place(x + source_error * stream.normal(), y + source_error * stream.normal()),
         source_error, magnitude + 0.03 * stream.normal(), 0.03});
  }
  return sky;
}

TEST(IdentifySources, FindsTruePartnersInSparseAndCrowdedFields) {
  for (const double density : {1.0, 20.0, 100.0}) {
    const Sky sky = make_sky(1, density, 0.2, 0.05);
    const auto found = identify_sources(sky.sources, sky.reference, {});
    std::size_t right = 0;
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i].reference < 0) continue;
      ++(static_cast<std::size_t>(found[i].reference) == 2 * i + 1 ? right : wrong);
    }
    EXPECT_GT(right, 0.97 * static_cast<double>(found.size())) << density;
    EXPECT_LE(wrong, 0.005 * static_cast<double>(found.size()) + 1) << density;
  }
}

TEST(IdentifySources, ReachFollowsTheErrors) {
  const SkyPosition a{10.0, 0.0};
  const SkyPosition b{10.0, 1.0 / 3600.0};
  const SkyPosition far{10.1, 0.1};
  const SkyPosition farther{9.9, -0.1};
  const std::vector<SkySource> reference{
      {b, 0.05, kUnknown, 0.0}, {far, 0.05, kUnknown, 0.0}, {farther, 0.05, kUnknown, 0.0}};
  EXPECT_EQ(
      identify_sources(std::vector<SkySource>{{a, 0.1, kUnknown, 0.0}}, reference, {})[0].reference,
      -1);
  const Identification wide =
      identify_sources(std::vector<SkySource>{{a, 0.5, kUnknown, 0.0}}, reference, {})[0];
  EXPECT_EQ(wide.reference, 0);
  EXPECT_NEAR(wide.separation_arcsec, 1.0, 1e-6);
  EXPECT_NEAR(wide.sigma, 2.0, 0.02);
}

TEST(IdentifySources, BrightnessDecidesBetweenTwoNearCandidatesButAChangedStarIsStillItself) {
  const SkyPosition place{10.0, 0.0};
  const SkyPosition near{10.0, 0.3 / 3600.0};
  std::vector<SkySource> reference{{place, 0.3, 20.0, 0.02}, {near, 0.3, 15.0, 0.02}};
  for (int i = 0; i < 40; ++i)
    reference.push_back({{10.0 + 0.01 * (i + 1), 0.05 * (i % 5)}, 0.05, 15.0 + 0.2 * i, 0.02});
  EXPECT_EQ(identify_sources(std::vector<SkySource>{{place, 0.3, 15.02, 0.02}}, reference, {})[0]
                .reference,
            1);
  EXPECT_EQ(identify_sources(std::vector<SkySource>{{place, 0.3, 20.1, 0.05}}, reference, {})[0]
                .reference,
            0);
  const SkyPosition alone{10.05, 0.0 + 0.2};
  reference.push_back({alone, 0.05, 18.0, 0.02});
  EXPECT_GE(identify_sources(std::vector<SkySource>{{alone, 0.1, 14.0, 0.02}}, reference, {})[0]
                .reference,
            0);
}

TEST(IdentifySources, EachReferenceObjectGoesToOneSource) {
  const SkyPosition place{10.0, 0.0};
  const SkyPosition beside{10.0, 0.2 / 3600.0};
  const std::vector<SkySource> reference{{place, 0.1, kUnknown, 0.0},
                                         {{10.2, 0.1}, 0.1, kUnknown, 0.0}};
  const auto found = identify_sources(
      std::vector<SkySource>{{beside, 0.1, kUnknown, 0.0}, {place, 0.1, kUnknown, 0.0}}, reference,
      {});
  EXPECT_EQ(found[1].reference, 0);
  EXPECT_EQ(found[0].reference, -1);
}

TEST(IdentifySources, EmptyListsAndNanAreNoFault) {
  EXPECT_TRUE(identify_sources({}, {}, {}).empty());
  const std::vector<SkySource> bad{{{kUnknown, kUnknown}, kUnknown, kUnknown, 0.0}};
  EXPECT_EQ(identify_sources(bad, bad, {})[0].reference, -1);
  EXPECT_EQ(identify_sources(bad, {}, {})[0].reference, -1);
}

}  // namespace
}  // namespace polis
