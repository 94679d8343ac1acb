#include "simulate/night.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "formats/fits_image.h"
#include "formats/ingest.h"
#include "formats/instrument_file.h"
#include "kernels/mask_bits.h"
#include "kernels/parallel.h"
#include "simulate/detector.h"
#include "simulate/observation.h"
#include "sky/time.h"
#include "sky/wcs_facts.h"

namespace polis {
namespace {

const Night& tiny() {
  static const Night night = make_night("tiny", 7);
  return night;
}

int first_science(const Night& night, int site) {
  for (const PlannedExposure& e : night.exposures) {
    if (e.site == site && e.type == ImageType::science) return e.index;
  }
  return -1;
}

TEST(MakeNight, PlansEveryKindOfFrameAtEverySite) {
  std::map<std::pair<int, ImageType>, int> counts;
  std::set<std::string> names;
  for (const PlannedExposure& e : tiny().exposures) {
    ++counts[{e.site, e.type}];
    EXPECT_TRUE(names.insert(e.name).second);
  }
  for (int site = 0; site < 3; ++site) {
    EXPECT_EQ((counts[{site, ImageType::bias}]), 3);
    EXPECT_EQ((counts[{site, ImageType::dark}]), 3);
    EXPECT_EQ((counts[{site, ImageType::flat}]), 6);
    EXPECT_EQ((counts[{site, ImageType::science}]), 2 * tiny().scene.science_frames);
  }
}

TEST(MakeNight, ScienceIsTakenInTheDarkAndHighEnoughInOrderOfTime) {
  std::map<int, double> last;
  for (const PlannedExposure& e : tiny().exposures) {
    EXPECT_GT(e.mjd_begin, last[e.site]);
    last[e.site] = e.mjd_begin + e.exposure_s / 86400.0;
    if (e.type != ImageType::science) continue;
    const Observation o = observe(tiny(), e);
    EXPECT_LT(o.conditions.sun_altitude_deg, -14.0);
    EXPECT_LT(o.conditions.airmass, 2.3);
  }
}

TEST(Render, SameBytesForAnyNumberOfThreadsAndAnyOrder) {
  const Night& night = tiny();
  std::vector<int> some{first_science(night, 0), 1, 7, first_science(night, 1),
                        first_science(night, 2)};
  std::map<int, Bytes> once;
  set_thread_count(1);
  for (const int i : some) once[i] = fits_of(render(night, i));
  std::reverse(some.begin(), some.end());
  for (const int threads : {2, 4}) {
    set_thread_count(threads);
    for (const int i : some)
      EXPECT_EQ(digest_of(fits_of(render(make_night("tiny", 7), i))), digest_of(once[i])) << i;
  }
  set_thread_count(2);
  EXPECT_NE(digest_of(fits_of(render(make_night("tiny", 8), some[0]))), digest_of(once[some[0]]));
}

TEST(Render, ADifferentExposureOfTheSameKindDiffers) {
  EXPECT_NE(render(tiny(), 0).adu, render(tiny(), 1).adu);
}

TEST(Render, AnExposureThatDoesNotExistIsRefused) {
  EXPECT_THROW(render(tiny(), -1), Error);
  EXPECT_THROW(render(tiny(), 100000), Error);
}

TEST(Truth, WcsAgreesWithThePixelPositions) {
  for (int site = 0; site < 3; ++site) {
    const TableSet truth = truth_of(tiny(), first_science(tiny(), site));
    const Wcs wcs = wcs_from(truth.facts);
    ASSERT_TRUE(wcs.valid);
    const Table& stars = truth.at("stars");
    EXPECT_GT(stars.rows(), 40U);
    for (std::size_t i = 0; i < stars.rows(); ++i) {
      const PixelPosition p =
          wcs.to_pixel({stars.get<double>("ra")[i], stars.get<double>("dec")[i]});
      EXPECT_NEAR(p.x, stars.get<double>("x")[i], 1e-6);
      EXPECT_NEAR(p.y, stars.get<double>("y")[i], 1e-6);
    }
    EXPECT_NEAR(wcs.pixel_scale_arcsec(),
                tiny().scene.sites[static_cast<std::size_t>(site)].pixel_scale_arcsec, 1e-6);
    EXPECT_EQ(wcs.flipped(), tiny().scene.sites[static_cast<std::size_t>(site)].flipped);
  }
}

TEST(Truth, FluxIsWhatTheZeroPointAndMagnitudeSay) {
  const TableSet truth = truth_of(tiny(), first_science(tiny(), 1));
  const Table& stars = truth.at("stars");
  const double zero = std::stod(truth.facts.at("zero_point_mag"));
  const double seconds = std::stod(truth.facts.at("exposure_s"));
  const double term = std::stod(truth.facts.at("colour_term"));
  for (std::size_t i = 0; i < stars.rows(); ++i) {
    const double colour = stars.get<double>("mag_g")[i] - stars.get<double>("mag_r")[i];
    const double mag = zero - 2.5 * std::log10(stars.get<double>("flux_e")[i] / seconds);
    EXPECT_NEAR(mag, stars.get<double>("mag")[i] + term * (colour - 0.6), 1e-9);
  }
}

/// A night with one kind of light only, so that sums mean something.
Night quiet_night() {
  return make_night("tiny", 7,
                    {{"galaxy_density", "0"},
                     {"cosmic_rays_per_mpix_s", "0"},
                     {"satellites_per_frame", "0"},
                     {"aeroplanes_per_frame", "0"},
                     {"hot_fraction", "0"},
                     {"bad_columns", "0"},
                     {"star_faint_mag", "18"},
                     {"star_bright_mag", "14"},
                     {"rr_lyrae", "0"},
                     {"eclipsing", "0"},
                     {"transits", "0"},
                     {"flares", "0"},
                     {"supernovae", "0"},
                     {"asteroids", "0"},
                     {"star_density", "0.6"}});
}

TEST(IdealFrame, PixelsAroundAStarSumToItsFlux) {
  const Night night = quiet_night();
  double pulls = 0.0, pulls2 = 0.0;
  int used = 0;
  for (int site = 0; site < 3; ++site) {
    const int index = first_science(night, site);
    const Frame frame = ideal_frame(night, index);
    const TableSet truth = truth_of(night, index);
    const Table& stars = truth.at("stars");
    const auto& x = stars.get<double>("x");
    const auto& y = stars.get<double>("y");
    const auto& flux = stars.get<double>("flux_e");
    constexpr int kHalf = 20;
    for (std::size_t i = 0; i < stars.rows(); ++i) {
      const auto near = [&](std::size_t j) {
        return j != i && std::hypot(x[i] - x[j], y[i] - y[j]) < 55.0;
      };
      bool isolated = x[i] > 30 && y[i] > 30 && x[i] < frame.exposure.width - 30 &&
                      y[i] < frame.exposure.height - 30;
      for (std::size_t j = 0; isolated && j < stars.rows(); ++j) isolated = !near(j);
      if (!isolated || flux[i] < 3000.0) continue;
      const Observation o = observe(night, night.exposures[static_cast<std::size_t>(index)]);
      double sum = 0.0, variance = 0.0;
      bool clean = true;
      for (int dy = -kHalf; dy <= kHalf; ++dy) {
        for (int dx = -kHalf; dx <= kHalf; ++dx) {
          const auto px = static_cast<int>(std::lround(x[i])) + dx;
          const auto py = static_cast<int>(std::lround(y[i])) + dy;
          const SceneSite& s = night.scene.sites[static_cast<std::size_t>(site)];
          const double sky = o.sky_e_per_px *
                             (1.0 + o.sky_gradient_x * ((px + 0.5) / s.width - 0.5)) *
                             (1.0 + o.sky_gradient_y * ((py + 0.5) / s.height - 0.5));
          sum += static_cast<double>(frame.pixels(px, py)) - sky;
          variance += static_cast<double>(frame.variance(px, py));
          clean = clean && frame.mask(px, py) == 0;
        }
      }
      if (!clean) continue;
      // The wings beyond 20 px hold some parts in ten thousand.
      const double pull =
          (sum - flux[i] * (1.0 - 1.0e-3)) / std::hypot(std::sqrt(variance), 1.0e-3 * flux[i]);
      pulls += pull;
      pulls2 += pull * pull;
      ++used;
    }
  }
  ASSERT_GT(used, 6);
  EXPECT_NEAR(pulls / used, 0.0, 4.0 / std::sqrt(used));
  EXPECT_LT(pulls2 / used, 1.0 + 5.0 * std::sqrt(2.0 / used));
}

TEST(IdealFrame, NoiseOfTheSkyIsWhatTheVarianceSays) {
  SceneText changes{{"galaxy_density", "0"},
                    {"star_density", "0"},
                    {"cosmic_rays_per_mpix_s", "0"},
                    {"satellites_per_frame", "0"},
                    {"aeroplanes_per_frame", "0"},
                    {"hot_fraction", "0"},
                    {"bad_columns", "0"},
                    {"rr_lyrae", "0"},
                    {"eclipsing", "0"},
                    {"transits", "0"},
                    {"flares", "0"},
                    {"supernovae", "0"},
                    {"asteroids", "0"}};
  const Night night = make_night("tiny", 3, changes);
  const int index = first_science(night, 0);
  const Frame frame = ideal_frame(night, index);
  const Observation o = observe(night, night.exposures[static_cast<std::size_t>(index)]);
  double squares = 0.0, variance = 0.0;
  for (std::ptrdiff_t y = 0; y < frame.pixels.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < frame.pixels.width(); ++x) {
      const SceneSite& s = night.scene.sites[0];
      const double sky =
          o.sky_e_per_px *
          (1.0 + o.sky_gradient_y * ((static_cast<double>(y) + 0.5) / s.height - 0.5) +
           o.sky_gradient_x * ((static_cast<double>(x) + 0.5) / s.width - 0.5));
      const double off = static_cast<double>(frame.pixels(x, y)) - sky;
      squares += off * off;
      variance += static_cast<double>(frame.variance(x, y));
    }
  }
  const double n = static_cast<double>(frame.pixels.size());
  EXPECT_NEAR(squares / variance, 1.0, 0.01 + 5.0 * std::sqrt(2.0 / n));
}

TEST(Truth, CosmicRaysAreWhereItSays) {
  const Night with =
      make_night("tiny", 9, {{"satellites_per_frame", "0"}, {"aeroplanes_per_frame", "0"}});
  const Night without = make_night("tiny", 9,
                                   {{"satellites_per_frame", "0"},
                                    {"aeroplanes_per_frame", "0"},
                                    {"cosmic_rays_per_mpix_s", "0"}});
  const int index = first_science(with, 0);
  const Frame a = ideal_frame(with, index);
  const Frame b = ideal_frame(without, index);
  const Table pixels = truth_of(with, index).at("pixels");
  Plane<float> expected(a.pixels.width(), a.pixels.height());
  double sum = 0.0;
  for (std::size_t i = 0; i < pixels.rows(); ++i) {
    if (pixels.get<std::int32_t>("kind")[i] != static_cast<std::int32_t>(PixelKind::cosmic_ray))
      continue;
    expected(pixels.get<std::int32_t>("x")[i], pixels.get<std::int32_t>("y")[i]) +=
        pixels.get<float>("electrons")[i];
    sum += static_cast<double>(pixels.get<float>("electrons")[i]);
  }
  EXPECT_GT(sum, 1000.0);
  double worst = 0.0;
  for (std::ptrdiff_t y = 0; y < a.pixels.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < a.pixels.width(); ++x) {
      if ((a.mask(x, y) & (mask_bits::saturated | mask_bits::bleed)) != 0) continue;
      worst = std::max(
          worst, std::abs(static_cast<double>(a.pixels(x, y) - b.pixels(x, y) - expected(x, y))));
    }
  }
  EXPECT_LT(worst, 0.1);
}

TEST(Truth, SaturatedPixelsReachTheSaturationLevelInTheRawFrame) {
  const Night night = make_night("tiny", 7, {{"star_bright_mag", "9"}, {"star_density", "3"}});
  int checked = 0;
  for (int site = 0; site < 3; ++site) {
    const int index = first_science(night, site);
    const RawExposure raw = render(night, index);
    const Table pixels = truth_of(night, index).at("pixels");
    for (std::size_t i = 0; i < pixels.rows(); ++i) {
      if (pixels.get<std::int32_t>("kind")[i] != static_cast<std::int32_t>(PixelKind::saturated))
        continue;
      const int x = pixels.get<std::int32_t>("x")[i];
      const int y = pixels.get<std::int32_t>("y")[i];
      for (const Amplifier& amp : raw.exposure.amplifiers) {
        const int local = x - static_cast<int>(amp.origin.x);
        if (local < 0 || local >= amp.data.width) continue;
        EXPECT_GE(raw.adu(amp.data.x0 + local, amp.data.y0 + y), raw.exposure.saturation_adu);
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 20);
}

/// Values agree to what the header's digits hold; unknown agrees with unknown.
void expect_close(double got, double wanted, double tolerance, const std::string& what) {
  if (std::isnan(wanted)) {
    EXPECT_TRUE(std::isnan(got)) << what;
  } else {
    EXPECT_NEAR(got, wanted, tolerance) << what;
  }
}

void expect_same(const Exposure& got, const Exposure& wanted) {
  const std::string& name = wanted.exposure_id;
  EXPECT_EQ(got.exposure_id, name);
  EXPECT_EQ(got.site, wanted.site) << name;
  EXPECT_EQ(got.type, wanted.type) << name;
  if (wanted.type == ImageType::science || wanted.type == ImageType::flat) {
    EXPECT_EQ(got.physical_filter, wanted.physical_filter) << name;
  }
  expect_close(got.mjd_begin, wanted.mjd_begin, 0.02 / 86400.0, name + " mjd_begin");
  expect_close(got.exposure_time_s, wanted.exposure_time_s, 1e-3, name + " exposure_time_s");
  expect_close(got.temperature_c, wanted.temperature_c, 0.01, name + " temperature_c");
  expect_close(got.tracking_ra_deg, wanted.tracking_ra_deg, 1e-4, name + " tracking_ra_deg");
  expect_close(got.tracking_dec_deg, wanted.tracking_dec_deg, 1e-4, name + " tracking_dec_deg");
  expect_close(got.airmass, wanted.airmass, 2e-3, name + " airmass");
  expect_close(got.latitude_deg, wanted.latitude_deg, 1e-4, name + " latitude_deg");
  expect_close(got.longitude_deg, wanted.longitude_deg, 1e-4, name + " longitude_deg");
  expect_close(got.pixel_scale_arcsec, wanted.pixel_scale_arcsec, 1e-6,
               name + " pixel_scale_arcsec");
  expect_close(got.saturation_adu, wanted.saturation_adu, 0.5, name + " saturation_adu");
  expect_close(got.nonlinear_adu, wanted.nonlinear_adu, 0.5, name + " nonlinear_adu");
  EXPECT_EQ(got.linearity, wanted.linearity) << name;
  EXPECT_EQ(got.width, wanted.width) << name;
  EXPECT_EQ(got.height, wanted.height) << name;
  EXPECT_EQ(got.amplifiers, wanted.amplifiers) << name;
  EXPECT_EQ(got.hdu, wanted.hdu) << name;
  EXPECT_EQ(got.wcs.valid, wanted.wcs.valid) << name;
}

TEST(Headers, IngestReadsEveryDialectAndTypeAsItIsMeant) {
  const std::vector<Instrument> instruments =
      read_instruments(POLIS_SOURCE_DIR "/configs/instruments");
  // Cameras of other sizes and noise, and a site that no instrument file knows.
  const Night changed = make_night("tiny", 7,
                                   {{"sites", "sierra,karoo,mauna,andes"},
                                    {"andes.latitude_deg", "-29.25"},
                                    {"andes.longitude_deg", "-70.74"},
                                    {"width", "160"},
                                    {"height", "128"},
                                    {"pixel_scale_arcsec", "0.9"},
                                    {"gain_e_per_adu", "1.7"},
                                    {"read_noise_e", "6"},
                                    {"full_well_e", "50000"}});
  for (const Night* night : {&tiny(), &changed}) {
    std::set<std::pair<int, ImageType>> seen;
    for (const PlannedExposure& e : night->exposures) {
      if (!seen.insert({e.site, e.type}).second) continue;
      const RawExposure raw = render(*night, e.index);
      const Ingested ingested = ingest_file(fits_of(raw), raw.file_name, instruments);
      ASSERT_EQ(ingested.exposures.size(), 1U) << e.name;
      expect_same(ingested.exposures[0], raw.exposure);
      if (raw.site != "andes") {
        EXPECT_EQ(ingested.instrument, raw.exposure.instrument);
      }
    }
    EXPECT_EQ(seen.size(), 4U * night->scene.sites.size());
  }
}

TEST(Headers, PixelsAreReadBack) {
  for (int site = 0; site < 3; ++site) {
    const RawExposure raw = render(tiny(), first_science(tiny(), site));
    const RawImage image = read_raw_image(fits_of(raw), raw.exposure.hdu);
    ASSERT_EQ(image.pixels.width(), raw.adu.width());
    ASSERT_EQ(image.pixels.height(), raw.adu.height());
    for (std::ptrdiff_t y = 0; y < raw.adu.height(); ++y) {
      for (std::ptrdiff_t x = 0; x < raw.adu.width(); ++x) {
        ASSERT_EQ(image.pixels(x, y), static_cast<float>(raw.adu(x, y))) << x << "," << y;
      }
    }
  }
}

TEST(Headers, TimesCarryTheClockErrorAndPointingsTheirs) {
  const Night& night = tiny();
  const PlannedExposure& e = night.exposures[static_cast<std::size_t>(first_science(night, 2))];
  const RawExposure raw = render(night, e.index);
  EXPECT_NEAR((raw.extension.number("MJD-OBS").value() - e.mjd_begin) * 86400.0, 3.2, 0.01);
  const Observation o = observe(night, e);
  const SkyPosition said{15.0 * raw.extension.number("RAHOURS").value(),
                         raw.extension.number("DECDEG").value()};
  EXPECT_NEAR(separation_arcsec(said, night.scene.fields[0]) / 60.0, 15.0, 0.1);
  EXPECT_EQ(raw.extension.integer("EXPMS").value(), 50000);
  EXPECT_LT(separation_arcsec(o.pointing, night.scene.fields[0]) / 60.0, 3.0);
}

TEST(ReferenceCatalog, HoldsTheStarsOfTheFrameWithinTheirErrors) {
  const TableSet reference = reference_catalog(tiny());
  const Table& stars = reference.at("stars");
  std::map<std::int64_t, std::size_t> row;
  for (std::size_t i = 0; i < stars.rows(); ++i) row[stars.get<std::int64_t>("id")[i]] = i;
  const TableSet truth = truth_of(tiny(), first_science(tiny(), 0));
  const Table& seen = truth.at("stars");
  int matched = 0;
  double pull2 = 0.0;
  for (std::size_t i = 0; i < seen.rows(); ++i) {
    if (seen.get<double>("mag_r")[i] > 18.0 || seen.get<std::int32_t>("kind")[i] != 0) continue;
    const auto found = row.find(seen.get<std::int64_t>("id")[i]);
    ASSERT_NE(found, row.end());
    const std::size_t r = found->second;
    const double off = stars.get<double>("mag_r")[r] - seen.get<double>("mag_r")[i];
    pull2 += std::pow(off / stars.get<double>("mag_r_err")[r], 2.0);
    ++matched;
  }
  ASSERT_GT(matched, 20);
  EXPECT_NEAR(pull2 / matched, 1.0, 5.0 * std::sqrt(2.0 / matched));
}

TEST(TruthOfNight, ListsEveryExposureAndVariable) {
  const TableSet truth = truth_of_night(tiny());
  EXPECT_EQ(truth.at("exposures").rows(), tiny().exposures.size());
  EXPECT_EQ(truth.at("variables").rows(), 5U);
  EXPECT_EQ(truth.at("asteroids").rows(), 2U);
  EXPECT_EQ(truth.at("light_curves").rows(),
            5U * 6U * static_cast<std::size_t>(tiny().scene.science_frames));
}

TEST(Night, TransientsAppearAfterTheFirstNight) {
  const Night night = make_night("transients", 5);
  int supernovae = 0;
  for (const Variable& v : night.variables) {
    if (v.kind != VariableKind::supernova) continue;
    ++supernovae;
    EXPECT_GT(brightening(v, Band::r, night.scene.noon_mjd(0) + 1.0), 40.0);
    EXPECT_LT(brightening(v, Band::r, night.scene.noon_mjd(1) + 1.0), 40.0);
  }
  EXPECT_EQ(supernovae, night.scene.supernovae);
  std::map<int, int> science;
  for (const PlannedExposure& e : night.exposures) {
    if (e.type != ImageType::science) continue;
    ++science[e.night];
    EXPECT_NEAR(e.mjd_begin, night.scene.noon_mjd(e.night) + 0.6, 0.9);
  }
  EXPECT_EQ(science.size(), 2U);
}

}  // namespace
}  // namespace polis
