#include "kernels/match.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "kernels/parallel.h"
#include "kernels/triangles.h"

namespace polis {
namespace {

struct FieldSpec {
  std::uint64_t seed = 1;
  double size = 2000.0;            // of the detector [px]
  double margin = 800.0;           // by how much the reference reaches farther, each side [px]
  std::size_t stars = 300;         // on the detector
  double missing = 0.0;            // of the detector's stars that the reference lacks
  double spurious = 0.0;           // detections that are no stars, as a share of all
  double magnitude_scatter = 0.3;  // between the two brightnesses
  double centroid_error = 0.1;     // [px]
  double distortion_px = 4.0;      // at the corners
  double scale = 1.3;
  bool mirrored = false;
};

struct Field {
  std::vector<PlanePoint> detected, reference;  // brightest first
  std::vector<std::ptrdiff_t> truth;            // reference index of each detection, or -1
  LinearMap map;
};

Field make_field(const FieldSpec& spec) {
  RandomStream stream(spec.seed, "field");
  const double turn = stream.uniform(0.0, 6.283185307);
  const double shift_x = stream.uniform(-0.7, 0.7) * spec.margin;
  const double shift_y = stream.uniform(-0.7, 0.7) * spec.margin;
  const double side = spec.mirrored ? -1.0 : 1.0;
  Field field;
  field.map.m = {spec.scale * std::cos(turn), -side * spec.scale * std::sin(turn),
                 spec.scale * std::sin(turn), side * spec.scale * std::cos(turn)};
  field.map.offset = {spec.scale * shift_x, spec.scale * shift_y};
  const double reach = 0.5 * spec.size + spec.margin;
  const double area_ratio = std::pow(2.0 * reach / spec.size, 2);
  const auto total = static_cast<std::size_t>(static_cast<double>(spec.stars) * area_ratio);
  struct Star {
    PlanePoint place;
    double brightness;
    std::ptrdiff_t partner;
  };
  std::vector<Star> reference;
  std::vector<Star> detected;
  const double det = field.map.determinant();
  for (std::size_t i = 0; i < total; ++i) {
    const PlanePoint p{stream.uniform(-reach, reach) * spec.scale,
                       stream.uniform(-reach, reach) * spec.scale};
    const double magnitude =
        std::log10(stream.uniform()) / 0.3;  // counts grow tenfold in 3.3 magnitudes
    const bool in_reference = stream.uniform() >= spec.missing;
    if (in_reference) reference.push_back({p, magnitude, static_cast<std::ptrdiff_t>(i)});
    const double x = p.x - field.map.offset.x;
    const double y = p.y - field.map.offset.y;
    PlanePoint q{(field.map.m[3] * x - field.map.m[1] * y) / det,
                 (field.map.m[0] * y - field.map.m[2] * x) / det};
    const double half = 0.5 * spec.size;
    if (std::abs(q.x) > half || std::abs(q.y) > half) continue;
    const double r2 = (q.x * q.x + q.y * q.y) / (2.0 * half * half);
    q.x += spec.distortion_px * r2 * q.x / half + spec.centroid_error * stream.normal();
    q.y += spec.distortion_px * r2 * q.y / half + spec.centroid_error * stream.normal();
    detected.push_back({q, magnitude + spec.magnitude_scatter * stream.normal(),
                        in_reference ? static_cast<std::ptrdiff_t>(i) : -1});
  }
  const auto spurious = static_cast<std::size_t>(spec.spurious / (1.0 - spec.spurious) *
                                                 static_cast<double>(detected.size()));
  for (std::size_t i = 0; i < spurious; ++i) {
    detected.push_back(
        {{stream.uniform(-0.5, 0.5) * spec.size, stream.uniform(-0.5, 0.5) * spec.size},
         std::log10(stream.uniform()) / 0.3,
         -1});
  }
  const auto brighter = [](const Star& a, const Star& b) { return a.brightness < b.brightness; };
  std::sort(reference.begin(), reference.end(), brighter);
  std::sort(detected.begin(), detected.end(), brighter);
  for (const Star& star : reference) field.reference.push_back(star.place);
  for (const Star& star : detected) {
    field.detected.push_back(star.place);
    const auto found = std::find_if(reference.begin(), reference.end(), [&](const Star& r) {
      return star.partner >= 0 && r.partner == star.partner;
    });
    field.truth.push_back(found == reference.end() ? -1 : found - reference.begin());
  }
  return field;
}

PatternSettings settings_for(const FieldSpec& spec, double scale_tolerance) {
  PatternSettings settings;
  settings.scale_low = spec.scale * (1.0 - scale_tolerance);
  settings.scale_high = spec.scale * (1.0 + scale_tolerance);
  settings.detected_area = spec.size * spec.size;
  return settings;
}

/// How far the found map is from the true one at the corners of the detector, in detected units.
double worst_corner(const PatternMatch& match, const Field& field, const FieldSpec& spec) {
  double worst = 0.0;
  for (const double x : {-0.5, 0.5}) {
    for (const double y : {-0.5, 0.5}) {
      const PlanePoint a = match.map({x * spec.size, y * spec.size});
      const PlanePoint b = field.map({x * spec.size, y * spec.size});
      worst = std::max(worst, std::hypot(a.x - b.x, a.y - b.y) / spec.scale);
    }
  }
  return worst;
}

std::size_t count_solved(FieldSpec spec, double scale_tolerance, int fields) {
  std::size_t solved = 0;
  for (int i = 0; i < fields; ++i) {
    spec.seed = static_cast<std::uint64_t>(100 + i);
    spec.mirrored = i % 2 == 1;
    const Field field = make_field(spec);
    const PatternMatch match =
        match_patterns(field.detected, field.reference, settings_for(spec, scale_tolerance));
    if (!match.found) continue;
    EXPECT_LT(worst_corner(match, field, spec), 2.0 * spec.distortion_px + 2.0)
        << "false match, seed " << spec.seed;
    ++solved;
  }
  return solved;
}

TEST(MatchPatterns, FindsAnyRotationAndParity) { EXPECT_EQ(count_solved({}, 0.03, 40), 40U); }

TEST(MatchPatterns, SurvivesHalfTheStarsMissingAndThirtyPercentSpurious) {
  FieldSpec spec;
  spec.missing = 0.5;
  spec.spurious = 0.3;
  EXPECT_GE(count_solved(spec, 0.03, 40), 40U);
}

TEST(MatchPatterns, NeedsNoScale) {
  FieldSpec spec;
  spec.margin = 300.0;
  for (int i = 0; i < 10; ++i) {
    spec.seed = static_cast<std::uint64_t>(i);
    const Field field = make_field(spec);
    PatternSettings settings;
    const PatternMatch match = match_patterns(field.detected, field.reference, settings);
    ASSERT_TRUE(match.found) << i;
    EXPECT_LT(worst_corner(match, field, spec), 10.0);
  }
}

TEST(MatchPatterns, FindsASmallDetectorInAWideReference) {
  FieldSpec spec;
  spec.size = 1000.0;
  spec.margin = 2500.0;  // the reference covers 36 times the detector
  spec.stars = 80;
  EXPECT_GE(count_solved(spec, 0.02, 20), 20U);
}

TEST(MatchPatterns, HandlesCrowdedAndSparseFields) {
  FieldSpec crowded;
  crowded.stars = 8000;
  crowded.magnitude_scatter = 0.5;
  EXPECT_EQ(count_solved(crowded, 0.03, 4), 4U);
  FieldSpec sparse;
  sparse.stars = 14;
  sparse.margin = 300.0;
  sparse.distortion_px = 1.0;
  EXPECT_GE(count_solved(sparse, 0.02, 20), 19U);
}

TEST(MatchPatterns, UnrelatedFieldsNeverMatch) {
  FieldSpec spec;
  std::size_t matched = 0;
  for (int i = 0; i < 20; ++i) {
    spec.seed = static_cast<std::uint64_t>(1000 + i);
    spec.stars = i % 3 == 0 ? 25 : 300;
    const Field a = make_field(spec);
    spec.seed = static_cast<std::uint64_t>(5000 + i);
    const Field b = make_field(spec);
    PatternSettings settings = settings_for(spec, 0.03);
    settings.most_hypotheses = 20000;
    if (match_patterns(a.detected, b.reference, settings).found) ++matched;
  }
  EXPECT_EQ(matched, 0U);
}

TEST(MatchPatterns, FewPointsNoPointsAndBadPointsAreNoMatch) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<PlanePoint> two{{0.0, 0.0}, {1.0, 2.0}};
  const std::vector<PlanePoint> same(50, PlanePoint{3.0, 3.0});
  const std::vector<PlanePoint> bad(50, PlanePoint{nan, nan});
  std::vector<PlanePoint> line;
  for (int i = 0; i < 50; ++i) line.push_back({i * 1.7, i * 3.4});
  const Field field = make_field({});
  for (const auto& list : {std::vector<PlanePoint>{}, two, same, bad, line}) {
    EXPECT_FALSE(match_patterns(list, field.reference, {}).found);
    EXPECT_FALSE(match_patterns(field.detected, list, {}).found);
    EXPECT_FALSE(match_patterns(list, list, {}).found);
  }
}

TEST(MatchPatterns, RespectsAKnownParity) {
  FieldSpec spec;
  spec.mirrored = true;
  const Field field = make_field(spec);
  PatternSettings settings = settings_for(spec, 0.03);
  settings.most_hypotheses = 100000;
  settings.parity = 1;
  EXPECT_FALSE(match_patterns(field.detected, field.reference, settings).found);
  settings.parity = -1;
  EXPECT_TRUE(match_patterns(field.detected, field.reference, settings).found);
}

TEST(MatchPatterns, PairsNameTheSameStars) {
  FieldSpec spec;
  spec.missing = 0.3;
  const Field field = make_field(spec);
  const PatternMatch match =
      match_patterns(field.detected, field.reference, settings_for(spec, 0.03));
  ASSERT_TRUE(match.found);
  std::size_t wrong = 0;
  for (const auto& [i, j] : match.pairs)
    wrong += field.truth[static_cast<std::size_t>(i)] != j ? 1U : 0U;
  EXPECT_LE(wrong, match.pairs.size() / 20);
  EXPECT_GE(match.pairs.size(), match.tested / 2);
}

TEST(FitLinearMap, RecoversAnExactMapAndRefusesALine) {
  LinearMap truth{{3.0, -4.0}, {1.1, 0.2, -0.3, 0.9}};
  std::vector<PlanePoint> from;
  std::vector<PlanePoint> to;
  RandomStream stream(4, "map");
  for (int i = 0; i < 9; ++i) {
    from.push_back({stream.uniform(0.0, 100.0), stream.uniform(0.0, 100.0)});
    to.push_back(truth(from.back()));
  }
  LinearMap found;
  ASSERT_TRUE(fit_linear_map(from, to, found));
  EXPECT_NEAR(found.offset.x, truth.offset.x, 1e-10);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(found.m.at(i), truth.m.at(i), 1e-12);
  for (std::size_t i = 0; i < 9; ++i)
    from[i] = {static_cast<double>(i), 2.0 * static_cast<double>(i)};
  EXPECT_FALSE(fit_linear_map(from, to, found));
}

TEST(BinomialTail, BoundsTheExactSumFromAbove) {
  const int n = 20;
  const double p = 0.1;
  for (int k = 3; k <= n; ++k) {
    double exact = 0.0;
    for (int i = k; i <= n; ++i) {
      exact += std::exp(std::lgamma(n + 1) - std::lgamma(i + 1) - std::lgamma(n - i + 1) +
                        i * std::log(p) + (n - i) * std::log(1 - p));
    }
    const double bound = log10_binomial_tail(static_cast<std::size_t>(k), n, p);
    EXPECT_GE(bound, std::log10(exact) - 1e-9);
    EXPECT_LE(bound, std::log10(exact) + 1.5);
  }
}

TEST(Triangles, LikenessFindsTheSameTriangleTurnedAndScaled) {
  const Field field = make_field({});
  const auto triangles = make_triangles(field.reference, 40, 1e9);
  const TriangleIndex index(triangles);
  ASSERT_EQ(index.size(), triangles.size());
  for (const Triangle& t : triangles) {
    std::size_t found = 0;
    index.each_like(t, 0.004, t.longest * 0.99, t.longest * 1.01, [&](const Triangle& other) {
      found += other.corners == t.corners ? 1U : 0U;
      return true;
    });
    ASSERT_EQ(found, 1U);
  }
}

}  // namespace
}  // namespace polis
