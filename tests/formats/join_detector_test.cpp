#include "formats/join_detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "formats/exposure_json.h"
#include "formats/fits_helpers.h"
#include "formats/ingest.h"
#include "formats/instrument_file.h"
#include "formats/raw_array.h"

namespace polis {
namespace {

using test::error_of;
using testing::HasSubstr;

constexpr const char* kMosaic = R"([instrument]
name = mosaic
join = DETSEC
[match]
CAMERA = ^mosaic
[keywords]
exposure_id = @file
detector = CCDNAME
image_type = 'science'
datetime_begin = DATE-OBS
exposure_time_s = EXPTIME
[pixels]
data = DATASEC
overscan = BIASSEC
gain_e_per_adu = GAIN
read_noise_e = 5
saturation_adu = 60000
)";

constexpr int kWidth = 20, kHeight = 12, kOverscan = 6;  // of a quadrant

std::string section_text(int x0, int x1, int y0, int y1) {
  return "[" + std::to_string(x0) + ":" + std::to_string(x1) + "," + std::to_string(y0) + ":" +
         std::to_string(y1) + "]";
}

/// What the detector saw: a value for each pixel.
float seen(int x, int y) { return static_cast<float>(100 * y + x); }

/// A quadrant as an amplifier at its outer corner reads it: from the edge to the middle, then
/// overscan.
Plane<float> quadrant(bool right, bool upper) {
  Plane<float> raw(kWidth + kOverscan, kHeight, -1.0F);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x)
      raw(x, y) = seen(right ? 2 * kWidth - 1 - x : x, upper ? 2 * kHeight - 1 - y : y);
  }
  return raw;
}

/// A WCS of a quadrant's own pixels, such that all agree on the sky.
void add_wcs(FitsHeader& header, bool right, bool upper) {
  header.set_text("CTYPE1", "RA---TAN").set_text("CTYPE2", "DEC--TAN");
  header.set_number("CRVAL1", 30.0).set_number("CRVAL2", 10.0);
  header.set_number("CRPIX1", right ? 2 * kWidth - 15.0 : 16.0);
  header.set_number("CRPIX2", upper ? 2 * kHeight - 7.0 : 8.0);
  header.set_number("CD1_1", right ? 1e-4 : -1e-4).set_number("CD1_2", 0.0);
  header.set_number("CD2_1", 0.0).set_number("CD2_2", upper ? -1e-4 : 1e-4);
}

struct Mosaic {
  std::vector<Plane<float>> pixels;
  std::vector<FitsHduOut> hdus;
};

/// Two CCDs of four amplifiers each, binned 2 x 2, at different places of the focal plane.
Mosaic mosaic() {
  Mosaic made;
  FitsHeader primary = test::usual_header();
  primary.set_text("CAMERA", "mosaic");
  made.hdus.push_back({"", primary, {}, FitsCompression::none});
  for (int ccd = 0; ccd < 2; ++ccd) {
    for (int k = 0; k < 4; ++k) made.pixels.push_back(quadrant(k % 2 == 1, k / 2 == 1));
  }
  for (int n = 0; n < 8; ++n) {
    const bool right = n % 2 == 1, upper = n / 2 % 2 == 1;
    const int left = 1000 * (n / 4);
    FitsHeader header;
    header.set_text("CCDNAME", n < 4 ? "east" : "west").set_number("GAIN", 1.0 + 0.1 * (n % 4));
    header.set_text("DATASEC", section_text(1, kWidth, 1, kHeight));
    header.set_text("BIASSEC", section_text(kWidth + 1, kWidth + kOverscan, 1, kHeight));
    const int w = 2 * kWidth, h = 2 * kHeight;
    header.set_text("DETSEC", section_text(left + (right ? 2 * w : 1), left + (right ? w + 1 : w),
                                           upper ? 2 * h : 1, upper ? h + 1 : h));
    add_wcs(header, right, upper);
    made.hdus.push_back({"A" + std::to_string(n + 1), header,
                         made.pixels[static_cast<std::size_t>(n)].view(), FitsCompression::none});
  }
  return made;
}

Ingested ingest(const Mosaic& made) {
  const std::vector<Instrument> instruments{parse_instrument(kMosaic, "mosaic.ini")};
  return ingest_file(write_fits(made.hdus), "m1.fits", instruments);
}

TEST(JoinDetector, AmplifiersInSeveralHdusBecomeOneExposureOfEachDetector) {
  const Mosaic made = mosaic();
  const Ingested ingested = ingest(made);
  ASSERT_EQ(ingested.exposures.size(), 2U);
  EXPECT_EQ(ingested.exposures[0].detector, "east");
  EXPECT_EQ(ingested.exposures[1].detector, "west");
  for (const Exposure& e : ingested.exposures) {
    EXPECT_EQ(e.exposure_id, "m1");
    EXPECT_EQ(e.width, 2 * kWidth);
    EXPECT_EQ(e.height, 2 * kHeight);
    ASSERT_EQ(e.amplifiers.size(), 4U);
    ASSERT_EQ(e.parts.size(), 4U);
    EXPECT_NEAR(e.amplifiers[3].gain_e_per_adu, 1.3, 1e-9);
    EXPECT_TRUE(e.parts[3].flip_x && e.parts[3].flip_y);
    EXPECT_EQ(e.hdu, e.parts[0].hdu);
    for (const std::string& caveat : e.caveats) ADD_FAILURE() << caveat;
  }
}

TEST(JoinDetector, EveryPixelLandsWhereItWasSeen) {
  const Mosaic made = mosaic();
  const Bytes file = write_fits(made.hdus);
  for (const Exposure& e : ingest(made).exposures) {
    const Plane<float> raw = read_raw_array(file, e, ChecksumPolicy::refuse);
    ASSERT_EQ(raw.width(), e.raw_width);
    ASSERT_EQ(raw.height(), e.raw_height);
    for (const Amplifier& a : e.amplifiers) {
      for (int y = 0; y < a.data.height; ++y) {
        for (int x = 0; x < a.data.width; ++x) {
          ASSERT_EQ(raw(a.data.x0 + x, a.data.y0 + y),
                    seen(static_cast<int>(a.origin.x) + x, static_cast<int>(a.origin.y) + y));
        }
        for (int x = 0; x < a.overscan.width; ++x)
          ASSERT_EQ(raw(a.overscan.x0 + x, a.overscan.y0 + y), -1.0F);
      }
      EXPECT_EQ(a.overscan.width, kOverscan);
    }
  }
}

TEST(JoinDetector, TheSkyIsTheSameWhicheverAmplifierTellsIt) {
  for (int first = 1; first <= 4; ++first) {
    Mosaic made = mosaic();
    for (int n = 1; n <= 4; ++n)
      if (n != first) made.hdus[static_cast<std::size_t>(n)].header.set_text("CTYPE1", "LINEAR");
    const Exposure e = ingest(made).exposures.at(0);
    ASSERT_TRUE(e.wcs.valid) << first;
    EXPECT_NEAR(e.wcs.reference_pixel.x, 15.0, 1e-9) << first;
    EXPECT_NEAR(e.wcs.reference_pixel.y, 7.0, 1e-9) << first;
    EXPECT_NEAR(e.wcs.cd[0], -1e-4, 1e-12) << first;
    EXPECT_NEAR(e.wcs.cd[3], 1e-4, 1e-12) << first;
  }
}

TEST(JoinDetector, TurningAWcsTurnsItsDistortionAsWell) {
  Wcs wcs;
  wcs.valid = true;
  wcs.reference = {30.0, 10.0};
  wcs.reference_pixel = {11.0, 17.0};
  wcs.cd = {-1e-4, 2e-5, 1e-5, 1e-4};
  wcs.sip_order = 3;
  for (std::size_t i = 0; i < sip_size(3); ++i) {
    wcs.sip_a.push_back(i < 3 ? 0.0 : 1e-5 * static_cast<double>(i));
    wcs.sip_b.push_back(i < 3 ? 0.0 : -7e-6 * static_cast<double>(i));
  }
  for (const bool flip_x : {false, true}) {
    for (const bool flip_y : {false, true}) {
      const Wcs other = turned(wcs, 40, 30, flip_x, flip_y);
      const SkyPosition a = wcs.to_sky({31.0, 5.0});
      const SkyPosition b = other.to_sky({flip_x ? 39.0 - 31.0 : 31.0, flip_y ? 29.0 - 5.0 : 5.0});
      EXPECT_LT(separation_arcsec(a, b), 1e-9) << flip_x << flip_y;
    }
  }
}

TEST(JoinDetector, SaysWhatDoesNotFit) {
  const auto error = [](const char* key, const std::string& value) {
    Mosaic made = mosaic();
    made.hdus[2].header.set_text(key, value);
    return error_of([&] { ingest(made); });
  };
  EXPECT_EQ(error("OBJECT", "nothing"), "");
  EXPECT_THAT(error("DETSEC", "everywhere"), HasSubstr("is no [x1:x2,y1:y2]"));
  EXPECT_THAT(error("DETSEC", ""), HasSubstr("it has no DETSEC"));
  EXPECT_THAT(error("DETSEC", section_text(80, 41, 1, 25)), HasSubstr("its data 12"));
  EXPECT_THAT(error("DETSEC", section_text(1, 40, 1, 24)), HasSubstr("two amplifiers"));
  EXPECT_THAT(error("DETSEC", section_text(140, 101, 1, 24)), HasSubstr("gaps"));
  EXPECT_THAT(error("DATASEC", section_text(1, 400, 1, 12)), HasSubstr("lies in the image"));
}

TEST(JoinDetector, PartsComeBackFromJson) {
  const Exposure e = ingest(mosaic()).exposures.at(1);
  const Exposure again = exposure_from_json(exposure_to_json(e));
  EXPECT_EQ(again.parts, e.parts);
  EXPECT_EQ(again.amplifiers, e.amplifiers);
  Json json = exposure_to_json(e);
  for (const Json& wrong :
       {Json::array(), Json(1), Json::array({1}), Json::array({{{"hdu", 1}, {"flip_x", 2}}})}) {
    json["parts"] = wrong;
    EXPECT_NE(error_of([&] { exposure_from_json(json); }), "");
  }
}

TEST(JoinDetector, InstrumentFilesWithAmplifierSectionsDoNotJoin) {
  std::string text = kMosaic;
  for (const std::string line : {"data = DATASEC\n", "overscan = BIASSEC\n"})
    text.erase(text.find(line), line.size());
  EXPECT_THAT(error_of([&] {
                parse_instrument(text + "[amplifier.a]\ndata = D1\n[amplifier.b]\ndata = D2\n",
                                 "m.ini");
              }),
              HasSubstr("join takes one amplifier per HDU"));
}

}  // namespace
}  // namespace polis
