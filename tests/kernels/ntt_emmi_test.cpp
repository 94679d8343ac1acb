// A real image (NTT/EMMI) with the background and catalogue that Source Extractor made of the same
// pixels.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "kernels/background.h"
#include "kernels/convolve.h"
#include "kernels/detect.h"
#include "kernels/fits_file_helpers.h"
#include "kernels/measure.h"
#include "kernels/source_flags.h"

namespace polis {
namespace {

const std::string folder = std::string(POLIS_REAL_DATA_DIR) + "/ntt-emmi/";

struct Listed {
  double x, y, flux_aper, flux_aper_err, flux_auto;
  int flags;
};

/// The columns of image.cat that are compared; positions 0-based.
std::vector<Listed> read_catalogue() {
  std::ifstream in(folder + "image.cat");
  std::vector<Listed> sources;
  std::string line;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream text(line);
    std::vector<double> v;
    for (double value = 0; text >> value;) v.push_back(value);
    sources.push_back({v[1] - 1, v[2] - 1, v[12], v[13], v[15], static_cast<int>(v.back())});
  }
  return sources;
}

class NttEmmi : public ::testing::Test {
 protected:
  void SetUp() override {
    auto image = test::read_plain_fits(folder + "image.fits");
    if (!image) GTEST_SKIP() << "skipped: no real data";
    pixels_ = std::move(*image);
    background_ = estimate_background(pixels_.view(), {});
  }
  Plane<float> pixels_;
  Background background_;
};

TEST_F(NttEmmi, BackgroundAgrees) {
  const auto level = test::read_plain_fits(folder + "back.fits");
  const auto rms = test::read_plain_fits(folder + "rms.fits");
  ASSERT_TRUE(level && rms);
  double square = 0.0;
  double ratio = 0.0;
  for (std::ptrdiff_t y = 0; y < 256; ++y) {
    for (std::ptrdiff_t x = 0; x < 256; ++x) {
      const auto px = static_cast<double>(x);
      const auto py = static_cast<double>(y);
      square +=
          std::pow((background_level_at(background_, px, py) - (*level)(x, y)) / (*rms)(x, y), 2);
      ratio += static_cast<double>(background_rms_at(background_, px, py) / (*rms)(x, y));
    }
  }
  EXPECT_LT(std::sqrt(square / 65536), 0.1);
  EXPECT_NEAR(ratio / 65536, 1.0, 0.05);
}

TEST_F(NttEmmi, DetectionsAndMagnitudesAgree) {
  subtract_background(background_, pixels_.view());
  MeasuredPixels image;
  image.residual = pixels_.view();
  image.background = &background_;
  image.gain_e_per_unit = 0.0F;
  DetectSettings settings;
  const Detections found =
      detect_sources(image, KernelGrid::uniform(gaussian_kernel(2.5)), settings);
  MeasureSettings measuring;
  measuring.psf_fwhm_px = 2.5;
  measuring.aperture_radii_px = {5.0};
  const auto sources = measure_sources(image, found, measuring);
  int bright = 0;
  int matched = 0;
  std::vector<double> aper;
  std::vector<double> automatic;
  for (const Listed& listed : read_catalogue()) {
    if (listed.flux_aper < 10.0 * listed.flux_aper_err) continue;
    ++bright;
    const auto nearest =
        std::min_element(sources.begin(), sources.end(), [&](const auto& a, const auto& b) {
          return std::hypot(a.x_iso - listed.x, a.y_iso - listed.y) <
                 std::hypot(b.x_iso - listed.x, b.y_iso - listed.y);
        });
    if (nearest == sources.end() ||
        std::hypot(nearest->x_iso - listed.x, nearest->y_iso - listed.y) > 2.0)
      continue;
    ++matched;
    if (listed.flags != 0 || nearest->flags != 0) continue;
    aper.push_back(-2.5 * std::log10(nearest->flux_aper[0] / listed.flux_aper));
    automatic.push_back(-2.5 * std::log10(nearest->flux_auto / listed.flux_auto));
  }
  EXPECT_GE(bright, 30);
  EXPECT_GE(matched, 0.98 * bright);
  ASSERT_GE(aper.size(), 10U);
  std::sort(aper.begin(), aper.end());
  std::sort(automatic.begin(), automatic.end());
  EXPECT_LT(std::abs(aper[aper.size() / 2]), 0.01);
  EXPECT_LT(std::abs(automatic[automatic.size() / 2]), 0.03);
  RecordProperty("bright", bright);
  RecordProperty("isolated", static_cast<int>(aper.size()));
}

}  // namespace
}  // namespace polis
