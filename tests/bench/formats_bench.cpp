// Reading and writing of frames, tables and manifests in memory; CFITSIO reads the same compressed
// file in the same run.
#include <fitsio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/random.h"
#include "formats/artifact.h"
#include "formats/fits_image.h"
#include "formats/fits_write.h"
#include "formats/frame_fits.h"
#include "formats/hdf5_tables.h"
#include "formats/manifest.h"
#include "kernels/parallel.h"

namespace {

using namespace polis;

constexpr std::ptrdiff_t kEdge = 4096;
constexpr double kMpix = static_cast<double>(kEdge * kEdge) * 1e-6;

/// Processor time, best of three: one thread works, and the machine may have other things to do.
template <class Work>
double seconds(Work&& work) {
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const std::clock_t begin = std::clock();
    work();
    best = std::min(best, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  return best;
}

void row(const char* name, double value, const char* unit) {
  std::printf("%s | %.4g %s | | |\n", name, value, unit);
}

/// A sky of 1000 ADU with its Poisson noise and a star in every 100 x 100 pixels.
Plane<std::uint16_t> raw_image() {
  Plane<std::uint16_t> raw(kEdge, kEdge);
  parallel_for(kEdge, [&](std::ptrdiff_t y) {
    RandomStream random(1, "row", static_cast<std::uint64_t>(y));
    for (std::ptrdiff_t x = 0; x < kEdge; ++x) {
      const double star = x % 100 < 4 && y % 100 < 4 ? 5000.0 : 0.0;
      raw(x, y) = static_cast<std::uint16_t>(1000.0 + star + 15.0 * random.normal());
    }
  });
  return raw;
}

double cfitsio_seconds(const Bytes& file) {
  const std::string path = (std::filesystem::temp_directory_path() /
                            ("polis_bench_" + std::to_string(getpid()) + ".fits"))
                               .string();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  std::vector<float> pixels(static_cast<std::size_t>(kEdge * kEdge));
  const double best = seconds([&] {
    fitsfile* opened = nullptr;
    int status = 0;
    int any = 0;
    fits_open_diskfile(&opened, path.c_str(), READONLY, &status);
    fits_movabs_hdu(opened, 2, nullptr, &status);
    fits_read_img(opened, TFLOAT, 1, kEdge * kEdge, nullptr, pixels.data(), &any, &status);
    fits_close_file(opened, &status);
  });
  std::filesystem::remove(path);
  return best;
}

void images() {
  const Plane<std::uint16_t> raw = raw_image();
  const std::vector<FitsHduOut> plain{{"", {}, raw.view(), FitsCompression::none}};
  const std::vector<FitsHduOut> packed{{"RAW", {}, raw.view(), FitsCompression::rice}};
  const Bytes plain_file = write_fits(plain);
  const Bytes rice_file = write_fits(packed);
  row("write RICE_1, 16 bits, 1 thread", kMpix / seconds([&] { write_fits(packed); }), "Mpix/s");
  const double ours = kMpix / seconds([&] { read_raw_image(rice_file, 1); });
  const double theirs = kMpix / cfitsio_seconds(rice_file);
  std::printf(
      "read RICE_1, 16 bits, checksums verified, 1 thread | %.4g Mpix/s | CFITSIO, no checksums: "
      "%.4g Mpix/s | %.2f |\n",
      ours, theirs, ours / theirs);
  row("read plain 16 bits, 1 thread", kMpix / seconds([&] { read_raw_image(plain_file, 0); }),
      "Mpix/s");
}

void frames() {
  Frame frame;
  frame.exposure.amplifiers.resize(1);
  const Plane<std::uint16_t> raw = raw_image();
  frame.pixels = Plane<float>(kEdge, kEdge);
  frame.variance = Plane<float>(kEdge, kEdge);
  frame.mask = Plane<MaskPixel>(kEdge, kEdge);
  for (std::ptrdiff_t i = 0; i < raw.size(); ++i) {
    frame.pixels.data()[i] = static_cast<float>(raw.data()[i]) * 1.37f;
    frame.variance.data()[i] = frame.pixels.data()[i] + 25.0f;
    frame.mask.data()[i] = i % 997 == 0 ? mask_bits::cosmic_ray : 0u;
  }
  for (const FitsCompression how : {FitsCompression::gzip2, FitsCompression::none}) {
    const std::string name = how == FitsCompression::none ? "plain" : "GZIP_2";
    const Bytes bytes = write_frame(frame, {}, how);
    Facts ignored;
    row(("write frame, SCI and VAR " + name + ", 1 thread").c_str(),
        kMpix / seconds([&] { write_frame(frame, {}, how); }), "Mpix/s");
    row(("read frame, SCI and VAR " + name + ", 1 thread").c_str(),
        kMpix / seconds([&] { read_frame(bytes, ignored); }), "Mpix/s");
    row(("size of frame, SCI and VAR " + name).c_str(),
        static_cast<double>(bytes.size()) / (kMpix * 1e6), "bytes/pixel");
  }
}

void tables() {
  constexpr std::size_t rows = 1000000;
  Table table("sources");
  for (int c = 0; c < 20; ++c)
    table.add({"c" + std::to_string(c), "pix", "", "", std::vector<double>(rows, 1.5 * c)});
  const TableSet set{{table}, {}};
  const Bytes bytes = write_tables(set, {});
  Facts ignored;
  const double megabytes = static_cast<double>(bytes.size()) * 1e-6;
  row("write a table of 20 columns, 10^6 rows", megabytes / seconds([&] { write_tables(set, {}); }),
      "MB/s");
  row("read it", megabytes / seconds([&] { read_tables(bytes, ignored); }), "MB/s");
}

void manifests() {
  Manifest manifest;
  manifest.requests.resize(1000000);
  for (std::size_t i = 0; i < manifest.requests.size(); ++i) {
    Request& request = manifest.requests[i];
    request.task = "forced_photometry";
    request.input.entries = {
        {"frame", {InputRef::From::job, digest_of(std::to_string(i)), "frame"}}};
    request.parameters = {{"target", std::to_string(i)}};
    request.reason = "a new source";
  }
  Bytes bytes;
  row("write a manifest of 10^6 requests",
      seconds([&] { bytes = Artifact::of("manifest", manifest).bytes(); }), "s");
  row("read it", seconds([&] { Artifact::from_bytes("manifest", bytes).as<Manifest>(); }), "s");
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  row("most memory of this whole bench", static_cast<double>(usage.ru_maxrss) / 1e6, "GB");
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  set_thread_count(1);
  images();
  frames();
  tables();
  manifests();
  return 0;
}
