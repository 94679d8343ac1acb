#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "kernels/frame_pair_helpers.h"
#include "kernels/matched_filter.h"
#include "kernels/view.h"

/// HOTPANTS (Becker 2015, ascl:1504.004) on the same pixels, where it is on the PATH.
namespace polis::bench {

inline void write_fits(const Plane<float>& image, const std::filesystem::path& path) {
  std::string header;
  char line[81];
  const auto card = [&](const char* key, long long value) {
    std::snprintf(line, sizeof line, "%-8s= %20lld", key, value);
    header += line + std::string(80 - std::string(line).size(), ' ');
  };
  header += "SIMPLE  =                    T" + std::string(50, ' ');
  card("BITPIX", -32);
  card("NAXIS", 2);
  card("NAXIS1", image.width());
  card("NAXIS2", image.height());
  header += "END" + std::string(77, ' ');
  header.resize((header.size() + 2879) / 2880 * 2880, ' ');
  std::vector<std::uint32_t> words(static_cast<std::size_t>(image.size()));
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = __builtin_bswap32(std::bit_cast<std::uint32_t>(image.data()[i]));
  }
  std::ofstream out(path, std::ios::binary);
  out << header;
  const std::size_t bytes = words.size() * 4;
  out.write(reinterpret_cast<const char*>(words.data()), static_cast<std::streamsize>(bytes));
  out << std::string((2880 - bytes % 2880) % 2880, '\0');
}

/// The first image of a FITS file of width x height pixels: floats, 16-bit or 32-bit integers.
inline Plane<float> read_fits(const std::filesystem::path& path, std::ptrdiff_t width,
                              std::ptrdiff_t height) {
  Plane<float> image(width, height);
  std::ifstream in(path, std::ios::binary);
  std::string block(2880, ' ');
  int bits = -32;
  double zero = 0.0;
  for (bool end = false; !end && in.read(block.data(), 2880);) {
    for (std::size_t at = 0; at < 2880; at += 80) {
      const std::string card = block.substr(at, 80);
      if (card.rfind("BITPIX", 0) == 0) bits = std::atoi(card.c_str() + 10);
      if (card.rfind("BZERO", 0) == 0) zero = std::atof(card.c_str() + 10);
      end = end || card.rfind("END ", 0) == 0;
    }
  }
  const auto bytes = static_cast<std::size_t>(std::abs(bits) / 8);
  std::vector<unsigned char> data(static_cast<std::size_t>(image.size()) * bytes);
  in.read(reinterpret_cast<char*>(data.data()), static_cast<std::streamsize>(data.size()));
  for (std::size_t i = 0; i < static_cast<std::size_t>(image.size()); ++i) {
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < bytes; ++k) word = word << 8 | data[i * bytes + k];
    const double value = bits < 0     ? static_cast<double>(std::bit_cast<float>(word))
                         : bits == 16 ? static_cast<double>(static_cast<std::int16_t>(word))
                                      : static_cast<double>(static_cast<std::int32_t>(word));
    image.data()[i] = static_cast<float>(value + zero);
  }
  return image;
}

struct PeerRun {
  bool ran = false;
  double wall_s = 0.0, processor_s = 0.0, peak_mb = 0.0;
  Plane<float> score;
  Plane<unsigned char> usable;
};

inline bool on_path(const std::string& program) {
  std::stringstream folders(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

/// Runs a program, throws its output away and measures it.
inline PeerRun time_program(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const auto start = std::chrono::steady_clock::now();
  std::fflush(stdout);  // else the child writes it again
  const pid_t child = fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(126);
    if (std::freopen("/dev/null", "w", stdout) == nullptr) _exit(126);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  PeerRun run;
  run.ran = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  run.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  run.processor_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  run.peak_mb = static_cast<double>(usage.ru_maxrss) / 1024.0;
  return run;
}

/// What cannot be used goes in above the threshold for valid data.
inline Plane<float> with_defects(const frame_pair::Frame& frame) {
  Plane<float> pixels = frame.pixels;
  for (std::ptrdiff_t i = 0; i < pixels.size(); ++i) {
    if ((frame.mask.data()[i] & mask_bits::unusable) != 0) pixels.data()[i] = 1e6F;
  }
  return pixels;
}

/// HOTPANTS with kernel 21 x 21, order 2, sky order 2; then the matched filter that knows the
/// science frame's true PSF, with HOTPANTS' own noise image as weights.
inline PeerRun run_hotpants(const frame_pair::Scene& scene, const std::filesystem::path& folder) {
  write_fits(with_defects(scene.science_frame), folder / "science.fits");
  write_fits(with_defects(scene.reference_frame), folder / "reference.fits");
  const auto number = [](double value) { return std::to_string(value); };
  const auto noise = [](const frame_pair::Conditions& c) {
    return c.read_noise_e * std::sqrt(c.exposures);
  };
  std::vector<std::string> arguments{"hotpants",
                                     "-inim",
                                     folder / "science.fits",
                                     "-tmplim",
                                     folder / "reference.fits",
                                     "-outim",
                                     folder / "out.fits",
                                     "-oni",
                                     folder / "noise.fits",
                                     "-omi",
                                     folder / "mask.fits",
                                     "-iu",
                                     "59000",
                                     "-tu",
                                     "59000",
                                     "-il",
                                     "-1000",
                                     "-tl",
                                     "-1000",
                                     "-ig",
                                     number(scene.science.exposures),
                                     "-tg",
                                     number(scene.reference.exposures),
                                     "-ir",
                                     number(noise(scene.science)),
                                     "-tr",
                                     number(noise(scene.reference)),
                                     "-r",
                                     "10",
                                     "-ko",
                                     "2",
                                     "-bgo",
                                     "2",
                                     "-nsx",
                                     "10",
                                     "-nsy",
                                     "10",
                                     "-n",
                                     "i"};
  PeerRun run = time_program(arguments);
  if (!run.ran) return run;
  const std::ptrdiff_t width = scene.science_frame.pixels.width();
  const std::ptrdiff_t height = scene.science_frame.pixels.height();
  const Plane<float> difference = read_fits(folder / "out.fits", width, height);
  Plane<float> variance = read_fits(folder / "noise.fits", width, height);
  const Plane<float> bits = read_fits(folder / "mask.fits", width, height);
  Plane<MaskPixel> mask(width, height);
  run.usable = Plane<unsigned char>(width, height);
  for (std::ptrdiff_t i = 0; i < mask.size(); ++i) {
    variance.data()[i] *= variance.data()[i];
    // 0x8000: not to be used.
    const bool bad = (static_cast<int>(bits.data()[i]) & 0x8000) != 0 || !(variance.data()[i] > 0);
    mask.data()[i] = bad ? mask_bits::bad : 0U;
    run.usable.data()[i] = bad ? 0 : 1;
  }
  Plane<float> psf(17, 17);
  const frame_pair::Source middle{0.5 * static_cast<double>(width),
                                  0.5 * static_cast<double>(height), 1.0, 0.0};
  for (std::ptrdiff_t y = -8; y <= 8; ++y) {
    for (std::ptrdiff_t x = -8; x <= 8; ++x) {
      psf(x + 8, y + 8) = static_cast<float>(frame_pair::light_in_pixel(
          scene.science, width, height, middle, width / 2 + x, height / 2 + y));
    }
  }
  run.score = Plane<float>(width, height);
  matched_filter({difference.view(), variance.view(), mask.view(), nullptr, 0.0F},
                 KernelGrid::uniform(std::move(psf)), run.score.view());
  return run;
}

}  // namespace polis::bench
