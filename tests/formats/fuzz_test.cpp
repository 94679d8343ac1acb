// Valid artifacts and files, cut short or with bytes changed, in ways that a fixed seed gives: each
// must be read or refused with a typed error. Anything else (a crash, another exception, a hang)
// ends the program.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "formats/artifact.h"
#include "formats/fits_helpers.h"
#include "formats/fits_image.h"
#include "formats/gzip.h"
#include "formats/hdf5_seal.h"
#include "formats/ingest.h"
#include "formats/instrument_file.h"
#include "formats/manifest.h"
#include "kernels/parallel.h"
#include "sky/table.h"

namespace polis {
namespace {

/// Cuts, overwrites, or repeats a few bytes.
Bytes damaged(const Bytes& good, RandomStream& random) {
  Bytes bytes = good;
  const std::uint64_t how = random.below(4);
  if (how == 0) bytes.resize(random.below(bytes.size()));
  const std::uint64_t changes = how == 0 ? 0 : 1 + random.below(8);
  for (std::uint64_t i = 0; i < changes && !bytes.empty(); ++i) {
    // Half of the damage goes into the first bytes, where headers are.
    const std::uint64_t reach =
        random.below(2) == 0 ? std::min<std::uint64_t>(bytes.size(), 6000) : bytes.size();
    const std::uint64_t at = random.below(reach);
    if (how == 3) {
      constexpr std::string_view tempting = "0123456789-'.=&ZPQT ";
      bytes[at] = static_cast<std::byte>(tempting[random.below(tempting.size())]);
    } else {
      bytes[at] = static_cast<std::byte>(random.below(256));
    }
  }
  return bytes;
}

/// Reads `rounds` damaged copies; returns how many were refused.
/// One thread, so that the time goes into reading.
template <class Read>
int refused(const char* name, const Bytes& good, int rounds, Read&& read) {
  const int threads = thread_count();
  set_thread_count(1);
  int count = 0;
  for (int round = 0; round < rounds; ++round) {
    RandomStream random(20260301, name, static_cast<std::uint64_t>(round));
    const Bytes bytes = damaged(good, random);
    try {
      read(bytes);
    } catch (const Error&) {
      ++count;
    }
  }
  set_thread_count(threads);
  return count;
}

std::vector<FitsHduOut> some_hdus(const Plane<float>& image, const Plane<std::uint16_t>& counts,
                                  const FitsHeader& header) {
  return {{"", header, image.view(), FitsCompression::none},
          {"RICE", header, counts.view(), FitsCompression::rice},
          {"GZIP", header, image.view(), FitsCompression::gzip2}};
}

TEST(Fuzz, ImagesOfEveryKind) {
  const Plane<float> image = test::test_image(40, 12);
  const Plane<std::uint16_t> counts(40, 12, 1234);
  FitsHeader header = test::usual_header();
  header.set_text("CTYPE1", "RA---TPV")
      .set_text("CTYPE2", "DEC--TPV")
      .set_number("CRVAL1", 10.0)
      .set_number("CRVAL2", 20.0);
  header.set_number("CRPIX1", 5.0)
      .set_number("CRPIX2", 5.0)
      .set_number("CD1_1", -1e-4)
      .set_number("CD2_2", 1e-4);
  header.set_number("PV1_1", 1.0).set_number("PV2_1", 1.0).set_number("PV1_4", 1e-4);
  const Bytes file = write_fits(some_hdus(image, counts, header));
  const std::vector<Instrument> instruments{
      read_instrument(POLIS_SOURCE_DIR "/configs/instruments/generic.ini")};
  EXPECT_GT(refused("ingest", file, 100,
                    [&](const Bytes& bytes) { ingest_file(bytes, "a.fits", instruments); }),
            50);
  // Past the checksums, which stop nearly everything above.
  EXPECT_GT(refused("pixels", file, 500,
                    [&](const Bytes& bytes) {
                      for (int hdu = 0; hdu < 3; ++hdu)
                        read_raw_image(bytes, hdu, ChecksumPolicy::caveat);
                    }),
            100);
  const Bytes packed = deflate_gzip(file);
  EXPECT_GT(refused("gzip", packed, 200,
                    [&](const Bytes& bytes) { read_raw_image(bytes, 0, ChecksumPolicy::caveat); }),
            50);
}

TEST(Fuzz, JsonArtifacts) {
  Exposure exposure;
  exposure.amplifiers.resize(2);
  exposure.extra = {{"a", "b"}};
  const Bytes bytes = Artifact::of("exposure", exposure).bytes();
  EXPECT_GT(refused("exposure", bytes, 1000,
                    [](const Bytes& b) { Artifact::from_bytes("exposure", b).as<Exposure>(); }),
            300);
  Manifest manifest;
  manifest.requests.resize(3);
  for (Request& request : manifest.requests) request.task = "task";
  const Bytes text = Artifact::of("manifest", manifest).bytes();
  EXPECT_GT(refused("manifest", text, 1000,
                    [](const Bytes& b) { Artifact::from_bytes("manifest", b).as<Manifest>(); }),
            300);
}

TEST(Fuzz, Frames) {
  Frame frame;
  frame.exposure.amplifiers.resize(1);
  frame.pixels = test::test_image(30, 10);
  frame.variance = test::test_image(30, 10);
  frame.mask = Plane<MaskPixel>(30, 10, 5);
  const Bytes bytes = Artifact::of("frame", frame).bytes();
  EXPECT_GT(refused("frame", bytes, 300,
                    [](const Bytes& b) { Artifact::from_bytes("frame", b).as<Frame>(); }),
            100);
}

TEST(Fuzz, Tables) {
  Table table("sources");
  table.add({"x", "pix", "pos", "", std::vector<double>(50, 1.0)})
      .add({"name", "", "", "", std::vector<std::string>(50, "abc")});
  const Bytes bytes = Artifact::of("catalog", TableSet{{table}, {{"a", "b"}}}).bytes();
  EXPECT_GT(refused("tables", bytes, 1000,
                    [](const Bytes& b) { Artifact::from_bytes("catalog", b).as<TableSet>(); }),
            900);
}

TEST(Fuzz, ForeignTablesAreTriedInAChild) {
  Table table("sources");
  table.add({"x", "pix", "pos", "", std::vector<double>(50, 1.0)});
  Bytes bytes = Artifact::of("catalog", TableSet{{table}, {{"a", "b"}}}).bytes();
  bytes.resize(bytes.size() - 84);  // no seal: as another program would have written it
  EXPECT_NO_THROW(try_foreign_tables(bytes));
  EXPECT_GT(refused("foreign", bytes, 150,
                    [](const Bytes& b) {
                      try_foreign_tables(b);
                      Artifact::from_bytes("catalog", b).as<TableSet>();
                    }),
            50);
}

}  // namespace
}  // namespace polis
