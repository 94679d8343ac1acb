#include "kernels/psf_stars.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/measure_image.h"
#include "kernels/scene_helpers.h"

namespace polis {
namespace {

using test::Scene;

struct Dirt {
  const char* name;
  int hot_pixels, hits;
};

/// Stars among hot pixels and particle hits that nothing has masked.
Scene dirty_field(int stars, double fwhm, const Dirt& dirt) {
  Scene s(420, 420, 5);
  const double faintest = 60.0 * fwhm * std::sqrt(s.sky_e);
  test::add_stars(s, stars, faintest, 100.0 * faintest, fwhm);
  RandomStream stream(s.seed, "hot");
  for (int i = 0; i < dirt.hot_pixels; ++i) {
    const auto at =
        static_cast<std::ptrdiff_t>(stream.uniform(0.0, static_cast<double>(s.stars.size())));
    s.hits.data()[at] += static_cast<float>(1000.0 * std::pow(stream.uniform(), -0.7));
  }
  test::add_hits(s, dirt.hits);
  test::expose(s);
  return s;
}

double seeing_of(const Scene& s) {
  return measure_image(s.image.view(), s.variance.view(), {}).psf.fwhm_px;
}

TEST(PsfStars, SeeingIsThatOfTheStarsWhateverSharpDirtThereIs) {
  for (const double fwhm : {1.8, 3.0, 6.0}) {
    const double clean = seeing_of(dirty_field(40, fwhm, {"clean", 0, 0}));
    EXPECT_NEAR(clean / fwhm, 1.05, 0.1);
    for (const Dirt& dirt : {Dirt{"hot pixels", 800, 0}, Dirt{"hits", 0, 300}}) {
      EXPECT_NEAR(seeing_of(dirty_field(40, fwhm, dirt)), clean, 0.05 * clean)
          << dirt.name << ", " << fwhm << " px";
    }
  }
}

TEST(PsfStars, WideStarsOnABadDetectorAreStarsStill) {
  Scene s = dirty_field(12, 10.0, {"hits", 0, 200});
  Plane<MaskPixel> mask(s.width(), s.height());
  RandomStream stream(3, "mask");
  for (std::ptrdiff_t i = 0; i < mask.size(); ++i)
    if (stream.uniform() < 0.005) mask.data()[i] = mask_bits::hot;
  const MeasuredImage image = measure_image(s.image.view(), s.variance.view(), mask.view());
  EXPECT_NEAR(image.psf.fwhm_px, 10.0, 1.0);
  EXPECT_GE(image.psf.stars, 4);
}

SourceMeasurement source(double x, double fwhm, double peak_share, double elongation = 1.05) {
  SourceMeasurement made;
  made.x = x;
  made.y = 50.0;
  made.flux_auto = made.flux_iso = 1e5;
  made.peak = static_cast<float>(peak_share * made.flux_auto);
  made.fwhm = static_cast<float>(fwhm);
  made.half_light_radius = static_cast<float>(0.53 * fwhm);
  made.a = static_cast<float>(0.5 * fwhm * elongation);
  made.b = static_cast<float>(0.5 * fwhm);
  made.snr = 100.0F;
  return made;
}

TEST(PsfStars, TakesTheWidthOfThoseThatAreAlike) {
  std::vector<SourceMeasurement> sources;
  for (int k = 0; k < 12; ++k) sources.push_back(source(100.0 * k, 5.0 + 0.02 * k, 0.03));
  // Twice as many narrow ones, each of its own kind.
  for (int k = 0; k < 24; ++k)
    sources.push_back(source(100.0 * k, 1.0 + 0.05 * k, 0.1 + 0.3 * (k * 7 % 24) / 24.0,
                             1.0 + 1.2 * (k * 5 % 24) / 24.0));
  EXPECT_NEAR(choose_psf_stars(sources).fwhm_px, 5.1, 0.1);
}

TEST(PsfStars, NeverTakesLightThatLiesInOnePixel) {
  std::vector<SourceMeasurement> sources(40, source(10.0, 0.9, 0.9));
  EXPECT_TRUE(choose_psf_stars(sources).stars.empty());
  EXPECT_TRUE(choose_psf_stars({}).stars.empty());
}

}  // namespace
}  // namespace polis
