#include "formats/fits_image.h"

#include <fitsio.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <limits>

#include "base/error.h"
#include "base/random.h"
#include "formats/fits_helpers.h"
#include "formats/gzip.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

/// CFITSIO's own compressed files in memory are broken (4.2), so the oracle works on disk.
std::string scratch_name() {
  return testing::TempDir() + "polis_oracle_" + std::to_string(getpid()) + ".fits";
}

Bytes slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  return to_bytes(text);
}

/// The oracle: what CFITSIO reads.
std::vector<float> cfitsio_read(const Bytes& bytes, int hdu) {
  const std::string path = scratch_name();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  fitsfile* file = nullptr;
  int status = 0;
  fits_open_diskfile(&file, path.c_str(), READONLY, &status);
  fits_movabs_hdu(file, hdu + 1, nullptr, &status);
  long axes[2] = {0, 0};
  fits_get_img_size(file, 2, axes, &status);
  std::vector<float> pixels(static_cast<std::size_t>(axes[0] * axes[1]));
  float null = std::numeric_limits<float>::quiet_NaN();
  int any = 0;
  fits_read_img(file, TFLOAT, 1, static_cast<LONGLONG>(pixels.size()), &null, pixels.data(), &any,
                &status);
  int ignored = 0;
  fits_close_file(file, &ignored);
  std::remove(path.c_str());
  EXPECT_EQ(status, 0);
  return pixels;
}

template <class T>
void write_as(fitsfile* file, int type, const std::vector<float>& pixels, int& status) {
  std::vector<T> integers;
  for (const float pixel : pixels) integers.push_back(static_cast<T>(pixel));
  fits_write_img(file, type, 1, static_cast<LONGLONG>(integers.size()), integers.data(), &status);
}

/// CFITSIO compresses integers only if they come in the type of the image.
void write_integers(fitsfile* file, int bitpix, const std::vector<float>& pixels, int& status) {
  if (bitpix == BYTE_IMG) write_as<unsigned char>(file, TBYTE, pixels, status);
  if (bitpix == SHORT_IMG) write_as<short>(file, TSHORT, pixels, status);
  if (bitpix == USHORT_IMG) write_as<unsigned short>(file, TUSHORT, pixels, status);
  if (bitpix == LONG_IMG) write_as<int>(file, TINT, pixels, status);
}

/// A file that CFITSIO itself compressed, with the given options.
Bytes cfitsio_compress(const Plane<float>& image, int bitpix, int algorithm, float quantise,
                       int dither) {
  const std::string path = scratch_name();
  std::remove(path.c_str());
  fitsfile* file = nullptr;
  int status = 0;
  fits_create_diskfile(&file, path.c_str(), &status);
  fits_set_compression_type(file, algorithm, &status);
  if (bitpix < 0) fits_set_quantize_level(file, quantise, &status);
  if (quantise > 0.0f) {
    fits_set_quantize_dither(file, dither, &status);
    fits_set_dither_seed(file, 17, &status);
  }
  long axes[2] = {static_cast<long>(image.width()), static_cast<long>(image.height())};
  fits_create_img(file, bitpix, 2, axes, &status);
  // CFITSIO compares with the null value, which no NaN equals.
  float null = -99999.0f;
  std::vector<float> values(image.data(), image.data() + image.size());
  for (float& value : values) value = std::isnan(value) ? null : value;
  float* pixels = values.data();
  if (bitpix < 0) {
    fits_write_imgnull(file, TFLOAT, 1, image.size(), pixels, &null, &status);
  } else {
    write_integers(file, bitpix, std::vector<float>(pixels, pixels + image.size()), status);
  }
  fits_write_chksum(file, &status);
  fits_close_file(file, &status);
  const Bytes bytes = slurp(path);
  std::remove(path.c_str());
  EXPECT_EQ(status, 0);
  return bytes;
}

/// `ulps`: quantised floats may differ in their last bit, since we multiply and add in one
/// rounding.
void expect_same(const Plane<float>& image, const std::vector<float>& wanted, float ulps = 0.0f) {
  ASSERT_EQ(static_cast<std::size_t>(image.size()), wanted.size());
  std::size_t different = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const float a = image.data()[i];
    const float room = ulps * std::numeric_limits<float>::epsilon() * std::abs(wanted[i]);
    const bool same = std::abs(a - wanted[i]) <= room || (std::isnan(a) && std::isnan(wanted[i]));
    if (!same && different++ == 0)
      ADD_FAILURE() << "pixel " << i << ": " << a << ", CFITSIO has " << wanted[i];
  }
  EXPECT_EQ(different, 0u);
}

struct Compressed {
  const char* name;
  int bitpix;
  int algorithm;
  float quantise;
  int dither;
};

class ReadsLikeCfitsio : public testing::TestWithParam<Compressed> {};

TEST_P(ReadsLikeCfitsio, Compressed) {
  Plane<float> image = test::test_image(203, 37);
  if (GetParam().bitpix < 0) {
    image(5, 5) = std::numeric_limits<float>::quiet_NaN();
    for (int x = 20; x < 60; ++x) image(x, 7) = 0.0f;
  } else if (GetParam().bitpix == BYTE_IMG) {
    for (std::ptrdiff_t i = 0; i < image.size(); ++i)
      image.data()[i] = std::fmod(image.data()[i], 200.0f);
  }
  image(0, 9) = GetParam().bitpix == BYTE_IMG ? 255.0f : 32767.0f;
  const Bytes file = cfitsio_compress(image, GetParam().bitpix, GetParam().algorithm,
                                      GetParam().quantise, GetParam().dither);
  expect_same(read_raw_image(file, 1).pixels, cfitsio_read(file, 1),
              GetParam().quantise > 0.0f ? 1.0f : 0.0f);
}

INSTANTIATE_TEST_SUITE_P(
    Schemes, ReadsLikeCfitsio,
    testing::Values(Compressed{"rice8", BYTE_IMG, RICE_1, 0, 0},
                    Compressed{"rice16", SHORT_IMG, RICE_1, 0, 0},
                    Compressed{"rice_unsigned16", USHORT_IMG, RICE_1, 0, 0},
                    Compressed{"rice32", LONG_IMG, RICE_1, 0, 0},
                    Compressed{"gzip1_16", SHORT_IMG, GZIP_1, 0, 0},
                    Compressed{"gzip2_16", SHORT_IMG, GZIP_2, 0, 0},
                    Compressed{"gzip2_32", LONG_IMG, GZIP_2, 0, 0},
                    Compressed{"gzip1_float", FLOAT_IMG, GZIP_1, 0, 0},
                    Compressed{"gzip2_float", FLOAT_IMG, GZIP_2, 0, 0},
                    Compressed{"gzip2_double", DOUBLE_IMG, GZIP_2, 0, 0},
                    Compressed{"rice_float", FLOAT_IMG, RICE_1, 4, NO_DITHER},
                    Compressed{"rice_float_dither1", FLOAT_IMG, RICE_1, 4, SUBTRACTIVE_DITHER_1},
                    Compressed{"rice_float_dither2", FLOAT_IMG, RICE_1, 4, SUBTRACTIVE_DITHER_2},
                    Compressed{"gzip1_float_dither1", FLOAT_IMG, GZIP_1, 4, SUBTRACTIVE_DITHER_1},
                    Compressed{"gzip2_float_dither2", FLOAT_IMG, GZIP_2, 8, SUBTRACTIVE_DITHER_2}),
    [](const auto& name) { return std::string(name.param.name); });

TEST(BadFits, R26_NanInARiceTile) {
  Plane<float> image = test::test_image(64, 8);
  image(5, 5) = std::numeric_limits<float>::quiet_NaN();
  const Plane<float> read =
      read_raw_image(cfitsio_compress(image, FLOAT_IMG, RICE_1, 4, SUBTRACTIVE_DITHER_1), 1).pixels;
  EXPECT_TRUE(std::isnan(read(5, 5)));
  EXPECT_FALSE(std::isnan(read(6, 5)));
}

TEST(BadFits, R27_QuantisedGzip2WithoutDither) {
  const Bytes file = cfitsio_compress(test::test_image(64, 8), FLOAT_IMG, GZIP_2, 4, NO_DITHER);
  EXPECT_NE(test::error_of([&] { read_raw_image(file, 1); }), "");
}

template <class T>
Plane<T> integers(int width, int height, double scale) {
  Plane<T> image(width, height);
  RandomStream random(9, "integers");
  for (std::ptrdiff_t i = 0; i < image.size(); ++i)
    image.data()[i] = static_cast<T>(static_cast<std::int64_t>(scale * random.normal()));
  return image;
}

/// What we write, CFITSIO reads.
template <class T>
void expect_cfitsio_reads(const Plane<T>& image, FitsCompression compression) {
  const std::vector<FitsHduOut> hdus{{"SCI", {}, image.view(), compression}};
  const Bytes file = write_fits(hdus);
  const int hdu = compression == FitsCompression::none ? 0 : 1;
  std::vector<float> wanted(static_cast<std::size_t>(image.size()));
  for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = static_cast<float>(image.data()[i]);
  const std::vector<float> found = cfitsio_read(file, hdu);
  EXPECT_EQ(found, wanted);
  expect_same(read_raw_image(file, hdu).pixels, wanted);
}

TEST(WriteFits, CfitsioReadsEveryType) {
  for (const FitsCompression c :
       {FitsCompression::none, FitsCompression::rice, FitsCompression::gzip2}) {
    expect_cfitsio_reads(integers<std::uint8_t>(33, 9, 40), c);
    expect_cfitsio_reads(integers<std::int16_t>(70, 9, 3000), c);
    expect_cfitsio_reads(integers<std::uint16_t>(70, 9, 1e9), c);
    expect_cfitsio_reads(integers<std::int32_t>(70, 9, 4e8), c);
    expect_cfitsio_reads(integers<std::uint32_t>(70, 9, 1e12), c);
    expect_cfitsio_reads(Plane<std::uint16_t>(1, 1, 7), c);
  }
  expect_cfitsio_reads(test::test_image(65, 9), FitsCompression::none);
  expect_cfitsio_reads(test::test_image(65, 9), FitsCompression::gzip2);
}

TEST(WriteFits, ChecksumsSatisfyCfitsio) {
  const Plane<float> image = test::test_image(65, 9);
  for (int n = 0; n < 50; ++n) {
    FitsHeader header;
    header.set_integer("COUNTER", n * 7919);
    const std::vector<FitsHduOut> hdus{{"SCI", header, image.view(), FitsCompression::none}};
    Bytes file = write_fits(hdus);
    void* memory = file.data();
    std::size_t size = file.size();
    fitsfile* opened = nullptr;
    int status = 0, data_good = 0, hdu_good = 0;
    fits_open_memfile(&opened, "memory.fits", READONLY, &memory, &size, 0, nullptr, &status);
    fits_verify_chksum(opened, &data_good, &hdu_good, &status);
    fits_close_file(opened, &status);
    EXPECT_EQ(data_good, 1);
    EXPECT_EQ(hdu_good, 1);
  }
}

TEST(WriteFits, SameBytesForAnyNumberOfThreads) {
  const Plane<float> image = test::test_image(300, 200);
  const std::vector<FitsHduOut> hdus{{"SCI", {}, image.view(), FitsCompression::gzip2}};
  const int before = thread_count();
  set_thread_count(1);
  const Bytes one = write_fits(hdus);
  set_thread_count(4);
  const Bytes four = write_fits(hdus);
  set_thread_count(before);
  EXPECT_EQ(one, four);
}

TEST(FitsHeader, LongStringsAndNamesComeBack) {
  FitsHeader header;
  std::string longest;
  for (int i = 0; i < 300; ++i) longest += i % 7 == 0 ? "it's " : "word ";
  header.set_text("LONGSTR", longest + "end")
      .set_text("ESO DET CHIP1 NAME", "x")
      .set_number("PI", 3.141592653589793);
  header.set_text("EMPTY", "")
      .set_flag("YES", true)
      .set_integer("BIG", std::numeric_limits<std::int64_t>::max());
  const FitsHeader again = parse_fits_header(encode_fits_header(header)).header;
  EXPECT_EQ(again.text("LONGSTR"), longest + "end");
  EXPECT_EQ(again.text("ESO DET CHIP1 NAME"), "x");
  EXPECT_EQ(again.number("PI"), 3.141592653589793);
  EXPECT_EQ(again.text("EMPTY"), "");
  EXPECT_EQ(again.flag("YES"), true);
  EXPECT_EQ(again.integer("BIG"), std::numeric_limits<std::int64_t>::max());
  EXPECT_FALSE(again.number("LONGSTR"));
}

TEST(ReadRawImage, ScalesAndBlanks) {
  Bytes file = test::plain_fits({"BSCALE  = 0.5", "BZERO   = 100.", "BLANK   = -1"});
  file[2880 + 1] = std::byte{4};
  file[2880 + 2] = std::byte{0xff};
  file[2880 + 3] = std::byte{0xff};
  const Plane<float> image = read_raw_image(file, 0).pixels;
  EXPECT_EQ(image(0, 0), 102.0f);
  EXPECT_TRUE(std::isnan(image(1, 0)));
  EXPECT_EQ(image(2, 0), 100.0f);
}

TEST(ReadRawImage, WholeFileInGzip) {
  const Bytes plain = test::plain_fits();
  EXPECT_EQ(read_raw_image(deflate_gzip(plain), 0).pixels, read_raw_image(plain, 0).pixels);
}

}  // namespace
}  // namespace polis
