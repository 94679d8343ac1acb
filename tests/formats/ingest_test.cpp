#include "formats/ingest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "formats/detector_layout.h"
#include "formats/fits_helpers.h"
#include "formats/fits_image.h"
#include "formats/instrument_file.h"
#include "formats/observation_time.h"
#include "formats/paths.h"

namespace polis {
namespace {

using test::error_of;
using testing::HasSubstr;

const std::vector<Instrument>& shipped() {
  static const std::vector<Instrument> list =
      read_instruments(POLIS_SOURCE_DIR "/configs/instruments");
  return list;
}

Ingested ingest_real(const std::string& path) {
  return ingest_file(read_foreign_file(POLIS_REAL_DATA_DIR "/" + path), path, shipped());
}

#define NEED_REAL_DATA() \
  if (!std::filesystem::exists(POLIS_REAL_DATA_DIR)) GTEST_SKIP() << "skipped: no real data"

TEST(RealFrames, MicroObservatory) {
  NEED_REAL_DATA();
  const Exposure e = ingest_real("hatp32/HatP32Dec202017/HATP-32171220013343.FITS").exposures.at(0);
  EXPECT_EQ(e.instrument, "microobservatory");
  EXPECT_EQ(e.physical_filter, "clear");
  EXPECT_EQ(e.datetime_begin, "2017-12-20T01:33:43.317");
  EXPECT_EQ(e.night(), "2017-12-19");
  EXPECT_NEAR(e.temperature_c, -2.15, 1e-9);
  EXPECT_NEAR(e.longitude_deg, -110.88, 1e-9);
  EXPECT_NEAR(e.tracking_ra_deg, 31.312099, 1e-9);
  EXPECT_EQ(e.width, 650);
}

TEST(RealFrames, AllOfHatP32AreRead) {
  NEED_REAL_DATA();
  std::size_t count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(POLIS_REAL_DATA_DIR "/hatp32/HatP32Dec202017")) {
    if (entry.path().extension() != ".FITS") continue;
    EXPECT_EQ(
        ingest_real("hatp32/HatP32Dec202017/" + entry.path().filename().string()).exposures.size(),
        1u);
    ++count;
  }
  EXPECT_EQ(count, 142u);
}

TEST(RealFrames, St8TypesOfCalibrationFrames) {
  NEED_REAL_DATA();
  const std::string folder = "umd-st8/20250624_14in_1998UB17/";
  EXPECT_EQ(ingest_real(folder + "calibration/calib-001-bi.fit").exposures.at(0).type,
            ImageType::bias);
  EXPECT_EQ(ingest_real(folder + "calibration/calib-001-d.fit").exposures.at(0).type,
            ImageType::dark);
  EXPECT_EQ(ingest_real(folder + "calibration/flat-001-c.fit").exposures.at(0).type,
            ImageType::flat);
  const Exposure e = ingest_real(folder + "science/UB17-001-c.fit").exposures.at(0);
  EXPECT_EQ(e.type, ImageType::science);
  EXPECT_NEAR(e.amplifiers.at(0).gain_e_per_adu, 2.6, 1e-6);
  EXPECT_EQ(e.exposure_time_s, 300.0);
}

TEST(RealFrames, DecamTpvBecomesTanSip) {
  NEED_REAL_DATA();
  const Exposure e = ingest_real("decam-pairs/input_data/DEC-OBS04a.mini.fits").exposures.at(0);
  EXPECT_EQ(e.physical_filter, "i");
  ASSERT_TRUE(e.wcs.valid);
  EXPECT_NEAR(e.wcs.pixel_scale_arcsec(), 0.263, 0.002);
  // The frame's own reference of its CCD's centre, far from this cut-out: only roughly.
  EXPECT_NEAR(e.wcs.to_sky({128, 128}).dec_deg, -66.0, 0.5);
}

TEST(RealFrames, TwoMassSinInGzip) {
  NEED_REAL_DATA();
  const Exposure e = ingest_real("2mass-m17/aK_asky_990502s1350080.fits.gz").exposures.at(0);
  EXPECT_EQ(e.exposure_id, "aK_asky_990502s1350080");
  EXPECT_EQ(e.physical_filter, "K");
  EXPECT_EQ(e.datetime_begin, "1999-05-02T09:22:50.090");
  ASSERT_TRUE(e.wcs.valid);
  EXPECT_NEAR(separation_arcsec(e.wcs.to_sky({255.5, 511.5}), {274.998757, -16.2469759}), 0.0,
              1e-3);
}

TEST(RealFrames, EmmiGmosAndYstar) {
  NEED_REAL_DATA();
  EXPECT_EQ(ingest_real("ntt-emmi/image.fits").exposures.at(0).datetime_begin.substr(0, 16),
            "1992-10-26T03:04");
  const Exposure gmos = ingest_real("gmos-cosmic-rays/gmos.fits").exposures.at(0);
  EXPECT_EQ(gmos.hdu, 1);
  EXPECT_EQ(gmos.instrument, "gmos-cutout");
  const Exposure streak = ingest_real("streak/samples/long.fits").exposures.at(0);
  EXPECT_EQ(streak.night(), "2002-07-26");
  EXPECT_NEAR(streak.tracking_ra_deg, 232.14875, 1e-5);
  EXPECT_NEAR(streak.wcs.pixel_scale_arcsec(), 3.04, 0.01);
}

TEST(Instruments, ShippedFilesAreSound) {
  EXPECT_GE(shipped().size(), 8u);
  for (const Instrument& instrument : shipped()) EXPECT_FALSE(instrument.name.empty());
}

constexpr const char* kTwoAmplifiers = R"([instrument]
name = two-amps
[match]
CAMERA = ^two
[keywords]
exposure_id = NUMBER
detector = EXTNAME, '7'
image_type = KIND
physical_filter = WHEEL
datetime_begin = DAY & CLOCK
exposure_time_s = EXPMS:milliseconds
temperature_c = TEMPK:kelvin
tracking_ra_deg = RAH:hours
extra.wind = WINDSPD   # a comment
[extract]
exposure_id = ^run-(\d+)$
[site]
name = 'here'
latitude_deg = -30:15:00
longitude_deg = 70.5
[image_types]
flat = ^dome
science = ^sky
[filters]
r = ^(Bessell )?R$
[pixels]
read_noise_e = 5
saturation_adu = 60000
linearity = 1e-7 -2e-13
[amplifier.left]
data = [1:100,1:50]
overscan = [101:110,1:50]
gain_e_per_adu = GAIN1
[amplifier.right]
data = [121:220,1:50]
overscan = [111:120,1:50]
gain_e_per_adu = GAIN2:times(2)
)";

FitsHeader two_amplifier_header() {
  FitsHeader header;
  header.set_text("CAMERA", "Two")
      .set_text("NUMBER", "run-0042")
      .set_text("KIND", "sky exposure")
      .set_text("WHEEL", "Bessell R");
  header.set_text("DAY", "26/11/25")
      .set_text("CLOCK", "01:02:03.25")
      .set_integer("EXPMS", 1500)
      .set_number("TEMPK", 263.15);
  header.set_number("RAH", 12.5)
      .set_number("GAIN1", 1.5)
      .set_number("GAIN2", 1.0)
      .set_number("WINDSPD", 3.0);
  return header;
}

Bytes file_of(const FitsHeader& header, int width, int height) {
  const Plane<float> image = test::test_image(width, height);
  const std::vector<FitsHduOut> hdus{{"", header, image.view(), FitsCompression::none}};
  return write_fits(hdus);
}

TEST(Ingest, ReadsADialectOfItsOwn) {
  const std::vector<Instrument> instruments{parse_instrument(kTwoAmplifiers, "two.ini")};
  const Bytes file = file_of(two_amplifier_header(), 220, 50);
  const Ingested ingested = ingest_file(file, "night/a.fits", instruments);
  const Exposure& e = ingested.exposures.at(0);
  EXPECT_EQ(e.exposure_id, "0042");
  EXPECT_EQ(e.detector, "7");
  EXPECT_EQ(e.type, ImageType::science);
  EXPECT_EQ(e.physical_filter, "r");
  EXPECT_EQ(e.exposure_time_s, 1.5);
  EXPECT_NEAR(e.temperature_c, -10.0, 1e-9);
  EXPECT_EQ(e.tracking_ra_deg, 187.5);
  EXPECT_EQ(e.latitude_deg, -30.25);
  EXPECT_EQ(e.extra.at("wind"), "3.0");
  EXPECT_EQ(e.linearity, (std::vector<double>{1e-7, -2e-13}));
  EXPECT_EQ(e.raw, digest_of(file));
  ASSERT_EQ(e.amplifiers.size(), 2u);
  EXPECT_EQ(e.amplifiers[1].data, (Section{120, 0, 100, 50}));
  EXPECT_EQ(e.amplifiers[1].origin.x, 100.0);
  EXPECT_EQ(e.amplifiers[1].gain_e_per_adu, 2.0);
  EXPECT_EQ(e.amplifiers[0].read_noise_e, 5.0);
  EXPECT_EQ(e.width, 200);
  EXPECT_EQ(e.height, 50);
}

TEST(Ingest, MissingKeywordSaysWhatToDo) {
  const std::vector<Instrument> instruments{parse_instrument(kTwoAmplifiers, "two.ini")};
  FitsHeader header;
  header.set_text("CAMERA", "Two").set_text("DAY", "2026-01-01").set_text("CLOCK", "00:00:00");
  const std::string error =
      error_of([&] { ingest_file(file_of(header, 220, 50), "b.fits", instruments); });
  EXPECT_THAT(error, HasSubstr("b.fits"));
  EXPECT_THAT(error, HasSubstr("tried EXPMS:milliseconds"));
  EXPECT_THAT(error,
              HasSubstr("add the line 'exposure_time_s = KEYWORD' to [keywords] of two.ini"));
}

TEST(Ingest, SectionsOutsideTheImageAreRefused) {
  const std::vector<Instrument> instruments{parse_instrument(kTwoAmplifiers, "two.ini")};
  EXPECT_THAT(error_of([&] {
                ingest_file(file_of(two_amplifier_header(), 200, 50), "b.fits", instruments);
              }),
              HasSubstr("lies in the image"));
}

TEST(Ingest, ReadsEveryDetectorOfAMosaic) {
  const Plane<float> image = test::test_image(30, 20);
  FitsHeader primary = test::usual_header();
  const std::vector<FitsHduOut> hdus{{"", primary, {}, FitsCompression::none},
                                     {"N1", {}, image.view(), FitsCompression::none},
                                     {"N2", {}, image.view(), FitsCompression::gzip2}};
  const Ingested ingested = ingest_file(write_fits(hdus), "m.fits", shipped());
  ASSERT_EQ(ingested.exposures.size(), 2u);
  EXPECT_EQ(ingested.exposures[0].detector, "N1");
  EXPECT_EQ(ingested.exposures[1].detector, "N2");
  EXPECT_EQ(ingested.exposures[1].hdu, 2);
  EXPECT_EQ(ingested.exposures[1].physical_filter, "r");
}

TEST(Ingest, RefusesTiesBetweenInstruments) {
  const std::vector<Instrument> twice{parse_instrument(kTwoAmplifiers, "two.ini"),
                                      parse_instrument(kTwoAmplifiers, "copy.ini")};
  EXPECT_THAT(
      error_of([&] { ingest_file(file_of(two_amplifier_header(), 220, 50), "b.fits", twice); }),
      HasSubstr("two.ini and copy.ini"));
  EXPECT_THAT(error_of([&] { ingest_file(file_of({}, 220, 50), "b.fits", twice); }),
              HasSubstr("no instrument file matches"));
}

TEST(Probe, TellsHowAFileWouldBeRead) {
  const std::vector<Instrument> instruments{parse_instrument(kTwoAmplifiers, "two.ini")};
  const std::string text =
      probe_file(file_of(two_amplifier_header(), 220, 50), "a.fits", instruments);
  EXPECT_THAT(text, HasSubstr("instrument two-amps (two.ini)"));
  EXPECT_THAT(text, HasSubstr("from EXPMS:milliseconds"));
  EXPECT_THAT(text, HasSubstr("data [121:220,1:50]"));
  EXPECT_THAT(probe_file(to_bytes("junk"), "a.fits", instruments), HasSubstr("error: "));
  EXPECT_THAT(probe_file({}, "a.fits[1]", instruments), HasSubstr("error: "));
}

TEST(InstrumentFile, RefusesWhatItDoesNotKnow) {
  const auto error = [](const std::string& text) {
    return error_of([&] { parse_instrument("[instrument]\nname = x\n" + text, "x.ini"); });
  };
  EXPECT_EQ(error(""), "");
  EXPECT_THAT(error("[keywords]\nexptime = EXPTIME\n"), HasSubstr("line 4: unknown key 'exptime'"));
  EXPECT_THAT(error("[keyword]\n"), HasSubstr("unknown section"));
  EXPECT_THAT(error("[keywords]\nairmass = AM:squared\n"), HasSubstr("no conversion 'squared'"));
  EXPECT_THAT(error("[filters]\nr = (r\n"), HasSubstr("regular expression"));
  EXPECT_THAT(error("[image_types]\nlight = x\n"), HasSubstr("unknown key 'light'"));
  EXPECT_THAT(error("[keywords]\nobject = A\nobject = B\n"), HasSubstr("given twice"));
  EXPECT_THAT(error("[keywords]\nobject\n"), HasSubstr("no '='"));
  EXPECT_THAT(error_of([] { parse_instrument("[match]\nA = b\n", "x.ini"); }),
              HasSubstr("no name"));
}

TEST(HeaderDates, OfManyObservatories) {
  const double wanted = 58107.0 + (1.0 + 33.0 / 60 + 43.0 / 3600) / 24;
  for (const char* text :
       {"2017-12-20T01:33:43", "2017-12-20 01:33:43", "2017/12/20T01:33:43", "20/12/2017T01:33:43",
        "20171220T01:33:43", "2017-12-19T18:33:43-0700", "2017-12-20T01:33:43Z",
        "2017-12-20T03:33:43+02:00", "20/12/117T01:33:43"}) {
    ASSERT_TRUE(mjd_from_header_date(text)) << text;
    EXPECT_NEAR(*mjd_from_header_date(text), wanted, 1e-9) << text;
  }
  for (const char* text :
       {"", "T", "2017-13-01", "20/12", "2017-12-20T25:00:00", "a/b/c", "99999999999999/1/1"})
    EXPECT_FALSE(mjd_from_header_date(text)) << text;
}

TEST(Sections, CountFromOneInEitherDirectionOrFromTheEnd) {
  EXPECT_EQ(parse_section("[1:10,3:4]", 10, 4), (Section{0, 2, 10, 2}));
  EXPECT_EQ(parse_section("[10:1, 4:3]", 10, 4), (Section{0, 2, 10, 2}));
  EXPECT_EQ(parse_section("[3:-1,1:-2]", 10, 4), (Section{2, 0, 8, 3}));
  for (const char* text : {"", "[0:10,1:2]", "[1:10]", "[1:10,1:2", "[1:99999999999,1:2]",
                           "1:10,1:2", "[1:11,1:2]", "[-11:1,1:2]", "[1:2,1:2]x"}) {
    EXPECT_FALSE(parse_section(text, 10, 4)) << text;
  }
}

TEST(BadNames, R34_WhatOtherReadersTakeForCommands) {
  for (const char* name :
       {"a.fits(x.fits)", "x[1]", "http://a/b.fits", "-", "", "a\nb", "ftp://x"}) {
    EXPECT_THROW(check_file_name(name), Error) << name;
    EXPECT_THROW(ingest_file(test::plain_fits(), name, shipped()), Error) << name;
  }
  EXPECT_THROW(check_file_name(std::string_view("a\0b", 3)), Error);
  EXPECT_NO_THROW(check_file_name("/data/night 1/a-b_c.fits.gz"));
}

TEST(BadNames, R35_PathsInRequests) {
  const std::string root = testing::TempDir() + "polis_paths";
  std::filesystem::create_directories(root + "/in");
  std::filesystem::remove(root + "/link");
  std::filesystem::create_directory_symlink("/tmp", root + "/link");
  for (const char* path : {"../a", "in/../../a", "/etc/passwd", "link/a", "", "in/a(b)"})
    EXPECT_THROW(resolve_inside(root, path), Error) << path;
  EXPECT_THROW(resolve_inside(root, std::string_view("in\0a", 4)), Error);
  EXPECT_EQ(resolve_inside(root, "in/a.fits"), root + "/in/a.fits");
  EXPECT_THROW(read_foreign_file(root + "/in"), Error);
  EXPECT_THROW(read_foreign_file(root + "/none"), Error);
}

}  // namespace
}  // namespace polis
