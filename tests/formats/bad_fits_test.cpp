// What arrives broken, FITS part: each test is named after what comes in. Errors are typed; caveats
// are reported.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "formats/artifact.h"
#include "formats/fits_helpers.h"
#include "formats/fits_image.h"
#include "formats/gzip.h"
#include "formats/ingest.h"
#include "formats/instrument_file.h"

namespace polis {
namespace {

using test::error_of;
using test::fits_header;
using test::fits_of;
using test::plain_fits;
using test::usual_header;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<Instrument>& generic() {
  static const std::vector<Instrument> list{
      read_instrument(POLIS_SOURCE_DIR "/configs/instruments/generic.ini")};
  return list;
}

std::string read_error(const Bytes& file) {
  return error_of([&] { ingest_file(file, "a.fits", generic()); });
}

std::vector<std::string> cards(std::string bitpix, std::vector<std::string> axes) {
  std::vector<std::string> list{"SIMPLE  = T", "BITPIX  = " + bitpix,
                                "NAXIS   = " + std::to_string(axes.size())};
  for (std::size_t i = 0; i < axes.size(); ++i)
    list.push_back("NAXIS" + std::to_string(i + 1) + "  = " + axes[i]);
  return list;
}

Exposure ingest_image(const Plane<float>& image, const FitsHeader& header) {
  const std::vector<FitsHduOut> hdus{{"", header, image.view(), FitsCompression::none}};
  return ingest_file(write_fits(hdus), "a.fits", generic()).exposures.at(0);
}

Exposure ingest_header(const FitsHeader& header) {
  return ingest_image(test::test_image(20, 20), header);
}

TEST(BadFits, R01_EmptyFile) { EXPECT_THAT(read_error({}), HasSubstr("no bytes")); }

TEST(BadFits, R02_HeaderWithoutEnd) {
  Bytes file = plain_fits();
  file.resize(2880);
  for (std::byte& b : file) b = b == std::byte{'E'} ? std::byte{'X'} : b;
  EXPECT_THAT(read_error(file), HasSubstr("END"));
  Bytes part = plain_fits();
  part.resize(1000);
  EXPECT_NE(read_error(part), "");
}

TEST(BadFits, R03_DataShorterThanAnnounced) {
  Bytes file = plain_fits({}, 100, 100);
  file.resize(2880 + 19999);
  EXPECT_THAT(read_error(file), HasSubstr("announces"));
}

TEST(BadFits, R04_JunkAfterTheLastHdu) {
  Bytes file = plain_fits();
  const Bytes junk = to_bytes("some junk that is no HDU");
  file.insert(file.end(), junk.begin(), junk.end());
  EXPECT_THAT(read_raw_image(file, 0).caveats, Contains(HasSubstr("junk")));
}

TEST(BadFits, R05_NumberOfAxes) {
  for (const char* naxis : {"-1", "1000", "2147483648", "99999999999999999999"}) {
    EXPECT_NE(read_error(fits_of({"SIMPLE  = T", "BITPIX  = 16", std::string("NAXIS   = ") + naxis},
                                 2880)),
              "")
        << naxis;
  }
}

TEST(BadFits, R06_AxesWhoseProductOverflows) {
  EXPECT_THAT(read_error(fits_of(cards("16", {"4294967296", "4294967296"}), 2880)),
              HasSubstr("axes"));
  EXPECT_NE(read_error(fits_of(cards("-64", {"3037000500", "3037000500"}), 2880)), "");
}

TEST(BadFits, R07_Bitpix) {
  for (const char* bitpix : {"0", "12", "-16", "'x'"}) {
    EXPECT_THAT(read_error(fits_of(cards(bitpix, {"10", "10"}), 2880)), HasSubstr("BITPIX"))
        << bitpix;
  }
}

TEST(BadFits, R08_NoImageAtAll) {
  EXPECT_THAT(read_error(to_bytes(fits_header({"SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0"}))),
              HasSubstr("no HDU"));
}

TEST(BadFits, R09_DegenerateAxes) {
  EXPECT_EQ(read_raw_image(fits_of(cards("16", {"10", "10", "1", "1"}), 200), 0).pixels.width(),
            10);
  const RawImage zero = read_raw_image(fits_of(cards("16", {"10", "10", "0", "1"}), 200), 0);
  EXPECT_EQ(zero.pixels.height(), 10);
  EXPECT_THAT(zero.caveats, Contains(HasSubstr("length 0")));
}

TEST(BadFits, R10_UnknownExtension) {
  Bytes file = plain_fits();
  const std::string more = fits_header(
      {"XTENSION= 'WHATEVER'", "BITPIX  = 8", "NAXIS   = 0", "PCOUNT  = 0", "GCOUNT  = 1"});
  const Bytes extension = to_bytes(more);
  file.insert(file.end(), extension.begin(), extension.end());
  EXPECT_THAT(read_error(file), HasSubstr("WHATEVER"));
}

TEST(BadFits, R11_NewlineAndNonAsciiInACard) {
  const RawImage image = read_raw_image(plain_fits({"OBJECT  = 'a\nb\xc3\xa9'"}), 0);
  EXPECT_THAT(image.caveats, Contains(HasSubstr("text that FITS does not allow")));
  EXPECT_EQ(image.header.text("OBJECT"), "a?b??");
}

TEST(BadFits, R12_NanAsValue) {
  const Bytes file =
      plain_fits({"EXPTIME = NaN", "DATE-OBS= '2026-01-01T00:00:00'", "AIRMASS = nan"});
  const Exposure e = ingest_file(file, "a.fits", generic()).exposures.at(0);
  EXPECT_TRUE(std::isnan(e.exposure_time_s));
  EXPECT_THAT(e.caveats, Contains(HasSubstr("exposure_time_s is 'NaN'")));
}

TEST(BadFits, R13_UnparsableBzero) {
  EXPECT_THAT(read_error(plain_fits({"BZERO   = 3276x"})), HasSubstr("BZERO"));
}

TEST(BadFits, R14_OverlongInteger) {
  EXPECT_THAT(read_error(plain_fits({"COUNTER = " + std::string(65, '9')})),
              HasSubstr("65 digits"));
  EXPECT_NE(read_error(plain_fits({"BLANK   = 99999999999999999999999"})), "");
}

TEST(BadFits, R15_EndlessHeader) {
  EXPECT_THAT(read_error(plain_fits(std::vector<std::string>(100000, "COMMENT"))),
              HasSubstr("cards"));
  std::vector<std::string> chain{"LONGSTR = 'x&'"};
  chain.resize(5000, "CONTINUE  '" + std::string(60, 'x') + "&'");
  EXPECT_THAT(read_error(plain_fits(chain)), HasSubstr("CONTINUE"));
}

TEST(BadFits, R16_WrongChecksum) {
  const Plane<float> image = test::test_image(20, 20);
  const std::vector<FitsHduOut> hdus{{"", usual_header(), image.view(), FitsCompression::none}};
  Bytes file = write_fits(hdus);
  EXPECT_EQ(read_error(file), "");
  Bytes data = file;
  data[2880 * 1 + 17] ^= std::byte{1};
  EXPECT_THAT(read_error(data), HasSubstr("DATASUM"));
  Bytes head = file;
  const std::size_t at = as_text(head).find("M1");
  head[at] = std::byte{'N'};
  EXPECT_THAT(read_error(head), HasSubstr("CHECKSUM"));
  EXPECT_THAT(read_raw_image(data, 0, ChecksumPolicy::caveat).caveats,
              Contains(HasSubstr("DATASUM")));
}

TEST(BadFits, R17_AllPixelsNan) {
  EXPECT_THAT(
      ingest_image(Plane<float>(10, 10, std::numeric_limits<float>::quiet_NaN()), usual_header())
          .caveats,
      Contains(HasSubstr("none has a value")));
}

TEST(BadFits, R18_ConstantImage) {
  EXPECT_THAT(ingest_image(Plane<float>(10, 10, 5.0f), usual_header()).caveats,
              Contains(HasSubstr("same value")));
}

TEST(BadFits, R19_InfinitePixelsAndOddScales) {
  Plane<float> image = test::test_image(10, 10);
  image(3, 3) = std::numeric_limits<float>::infinity();
  EXPECT_THAT(ingest_image(image, usual_header()).caveats, Contains(HasSubstr("infinite")));
  EXPECT_THAT(read_raw_image(plain_fits({"BSCALE  = 0.0"}), 0).caveats,
              Contains(HasSubstr("BSCALE")));
  EXPECT_THAT(read_raw_image(plain_fits({"BSCALE  = NaN"}), 0).caveats,
              Contains(HasSubstr("BSCALE")));
  FitsHeader header = usual_header();
  header.set_integer("BLANK", 0);
  EXPECT_THAT(ingest_image(test::test_image(10, 10), header).caveats, Contains(HasSubstr("BLANK")));
}

TEST(BadFits, R20_SaturatedFromEdgeToEdge) {
  FitsHeader header = usual_header();
  header.set_number("SATURATE", 500.0);
  EXPECT_THAT(ingest_image(test::test_image(10, 10), header).caveats,
              Contains(HasSubstr("saturated")));
}

TEST(BadFits, R23_PlanesOfDifferentSize) {
  Frame frame;
  frame.pixels = Plane<float>(4, 4);
  frame.variance = Plane<float>(4, 4);
  frame.mask = Plane<MaskPixel>(4, 5);
  const Bytes bytes = Artifact::of("frame", frame).bytes();
  EXPECT_THAT(error_of([&] { Artifact::from_bytes("frame", bytes).as<Frame>(); }),
              HasSubstr("differ in size"));
}

TEST(BadFits, R23_OddShapes) {
  EXPECT_EQ(ingest_image(Plane<float>(1, 1, 3.0f), usual_header()).width, 1);
  const Exposure tall = ingest_image(test::test_image(20, 3000), usual_header());
  EXPECT_EQ(tall.height, 3000);
}

/// A tile-compressed image whose header is changed after the fact.
Bytes compressed_with(const std::string& keyword, const std::string& value,
                      FitsCompression compression = FitsCompression::rice) {
  const Plane<std::int32_t> image(16, 4, 3);
  const std::vector<FitsHduOut> hdus{{"SCI", usual_header(), image.view(), compression}};
  const Bytes file = write_fits(hdus);
  std::string text(as_text(file));
  std::string card = keyword;
  card.resize(8, ' ');
  card += "= " + value;
  card.resize(80, ' ');
  text.replace(text.find(card.substr(0, 10)), 80, card);
  for (const char* sum : {"CHECKSUM=", "DATASUM ="}) {
    for (std::size_t at = text.find(sum); at != std::string::npos; at = text.find(sum))
      text.replace(at, 9, "COMMENT  ");
  }
  return to_bytes(text);
}

TEST(BadFits, R24_Hcompress) {
  EXPECT_THAT(read_error(compressed_with("ZCMPTYPE", "'HCOMPRESS_1'")), HasSubstr("HCOMPRESS_1"));
}
TEST(BadFits, R25_Plio) {
  EXPECT_THAT(read_error(compressed_with("ZCMPTYPE", "'PLIO_1'")), HasSubstr("PLIO_1"));
}
TEST(BadFits, R28_RiceOfInt64) {
  EXPECT_THAT(read_error(compressed_with("ZBITPIX", "64")), HasSubstr("64-bit"));
}

TEST(BadFits, CompressedImageTooLargeForItsFile) {
  EXPECT_THAT(read_error(compressed_with("ZNAXIS1", "100000000")), HasSubstr("too large"));
  EXPECT_THAT(read_error(compressed_with("ZNAXIS2", "5")), HasSubstr("fewer tiles"));
  EXPECT_THAT(read_error(compressed_with("TFORM1", "'1PZ(20)'")), HasSubstr("column type"));
}

TEST(BadFits, R29_GzipBomb) {
  const Bytes bomb = deflate_gzip(Bytes(std::size_t{64} << 20), 9);
  ASSERT_LT(bomb.size(), (std::size_t{64} << 20) / 500);
  EXPECT_THAT(read_error(bomb), HasSubstr("expands to more than"));
  Bytes cut = deflate_gzip(plain_fits());
  cut.resize(cut.size() / 2);
  EXPECT_THAT(read_error(cut), HasSubstr("gzip"));
}

FitsHeader wcs_header() {
  FitsHeader header = usual_header();
  header.set_text("CTYPE1", "RA---TAN")
      .set_text("CTYPE2", "DEC--TAN")
      .set_number("CRVAL1", 10.0)
      .set_number("CRVAL2", 20.0);
  header.set_number("CRPIX1", 5.0)
      .set_number("CRPIX2", 5.0)
      .set_number("CD1_1", -1e-4)
      .set_number("CD2_2", 1e-4);
  return header;
}

TEST(BadFits, R30_UnusableWcs) {
  EXPECT_TRUE(ingest_header(wcs_header()).wcs.valid);
  EXPECT_FALSE(ingest_header(usual_header()).wcs.valid);
  FitsHeader singular = wcs_header();
  singular.set_number("CD1_1", 0.0);
  EXPECT_THAT(ingest_header(singular).caveats, Contains(HasSubstr("singular")));
  FitsHeader nan = wcs_header();
  nan.set_text("CRVAL1", "NaN");
  EXPECT_THAT(ingest_header(nan).caveats, Contains(HasSubstr("CRVAL1")));
}

TEST(BadFits, R31_ValuesOutOfRange) {
  FitsHeader header = usual_header();
  header.set_text("RA", "N/A").set_number("DEC", 91.0).set_number("EXPTIME", -5.0);
  const Exposure e = ingest_header(header);
  EXPECT_TRUE(std::isnan(e.tracking_ra_deg) && std::isnan(e.tracking_dec_deg) &&
              std::isnan(e.exposure_time_s));
  EXPECT_EQ(e.caveats.size(), 3u);
  header.set_number("RA", 400.0).set_number("EXPTIME", 0.0);
  EXPECT_THAT(ingest_header(header).caveats, Contains(HasSubstr("tracking_ra_deg")));
  EXPECT_THAT(ingest_header(header).caveats, Contains(HasSubstr("exposure time is 0")));
}

TEST(BadFits, R32_OddDates) {
  FitsHeader header = usual_header();
  header.set_text("DATE-OBS", "yesterday");
  EXPECT_THAT(ingest_header(header).caveats, Contains(HasSubstr("is no date")));
  EXPECT_EQ(ingest_header(header).night(), "unknown");
  header.set_text("DATE-OBS", "2026-01-01T10:20:60");
  EXPECT_EQ(ingest_header(header).datetime_begin, "2026-01-01T10:21:00.000");
}

TEST(BadFits, R32_UnknownFilter) {
  std::vector<Instrument> instruments{parse_instrument(
      "[instrument]\nname = x\n[keywords]\ndatetime_begin = DATE-OBS\nexposure_time_s = EXPTIME\n"
      "physical_filter = FILTER\n[filters]\ng = ^g\n",
      "x.ini")};
  const Plane<float> image = test::test_image(10, 10);
  const std::vector<FitsHduOut> hdus{{"", usual_header(), image.view(), FitsCompression::none}};
  EXPECT_THAT(ingest_file(write_fits(hdus), "a.fits", instruments).exposures.at(0).caveats,
              Contains(HasSubstr("unknown filter 'r'")));
}

TEST(GoodFits, LeavesNoCaveat) { EXPECT_THAT(ingest_header(usual_header()).caveats, IsEmpty()); }

}  // namespace
}  // namespace polis
