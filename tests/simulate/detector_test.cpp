#include "simulate/detector.h"

#include <gtest/gtest.h>

#include <cmath>
#include <span>

#include "kernels/parallel.h"
#include "simulate/night.h"

namespace polis {
namespace {

double total(const Plane<float>& image) {
  double sum = 0.0;
  for (const float v : std::span(image.data(), static_cast<std::size_t>(image.size())))
    sum += static_cast<double>(v);
  return sum;
}

TEST(Compress, IsTheInverseOfTheLinearityPolynomial) {
  for (const float adu : {1.0F, 100.0F, 20000.0F, 60000.0F}) {
    const double m = static_cast<double>(compress(adu, 2e-7));
    EXPECT_NEAR(m * (1.0 + 2e-7 * m), static_cast<double>(adu), 1e-6 * static_cast<double>(adu));
    EXPECT_LT(m, static_cast<double>(adu));
  }
  EXPECT_EQ(compress(-5.0F, 2e-7), -5.0F);
}

TEST(BleedColumns, KeepsTheChargeAndFillsAlongTheColumn) {
  Plane<float> image(5, 101, 100.0F);
  image(2, 50) = 21000.0F;
  const double before = total(image);
  std::vector<PixelEvent> events;
  bleed_columns(image.view(), 1000.0F, events);
  EXPECT_NEAR(total(image), before, 2.0);
  EXPECT_EQ(image(2, 50), 1000.0F);
  EXPECT_EQ(image(2, 45), 1000.0F);
  EXPECT_EQ(image(2, 55), 1000.0F);
  EXPECT_EQ(image(1, 50), 100.0F);
  double moved = 0.0;
  for (const PixelEvent& e : events) moved += static_cast<double>(e.electrons);
  EXPECT_NEAR(moved, 0.0, 2.0);
  EXPECT_EQ(events.front().kind, PixelKind::saturated);
}

TEST(BleedColumns, AColumnThatIsFullLosesWhatDoesNotFit) {
  Plane<float> image(1, 4, 5000.0F);
  std::vector<PixelEvent> events;
  bleed_columns(image.view(), 1000.0F, events);
  EXPECT_EQ(total(image), 4000.0);
}

TEST(Detector, ResponseHasItsMedianAtOneAndFallsToTheCorner) {
  const Scene scene = scene_preset("tiny", 2);
  const SceneSite& site = scene.sites[0];
  const Detector detector(scene, site);
  std::vector<float> all, row(static_cast<std::size_t>(site.width));
  double corner = 0.0;
  for (int y = 0; y < site.height; ++y) {
    detector.response_row(Band::r, 0, y, row);
    all.insert(all.end(), row.begin(), row.end());
    if (y < 20) {
      for (std::size_t x = 0; x < 20; ++x) corner += static_cast<double>(row[x]) / 400.0;
    }
  }
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2),
                   all.end());
  EXPECT_NEAR(static_cast<double>(all[all.size() / 2]), 1.0, 0.005);
  EXPECT_NEAR(corner, 1.0 - site.vignetting * 0.66, 0.02);
}

double mean_of(const RawExposure& raw, const Section& s) {
  double sum = 0.0;
  for (int y = s.y0; y < s.y0 + s.height; ++y) {
    for (int x = s.x0; x < s.x0 + s.width; ++x) sum += raw.adu(x, y);
  }
  return sum / (s.width * s.height);
}

/// Variance of a - ratio b along the rows: the level drifts slowly from row to row. [ADU^2]
double variance_of_difference(const RawExposure& a, const RawExposure& b, double ratio, double bias,
                              const Section& s) {
  double squares = 0.0;
  for (int y = s.y0; y < s.y0 + s.height; ++y) {
    double row = 0.0, row2 = 0.0;
    for (int x = s.x0; x < s.x0 + s.width; ++x) {
      const double off = (a.adu(x, y) - bias) - ratio * (b.adu(x, y) - bias);
      row += off;
      row2 += off * off;
    }
    squares += row2 - row * row / s.width;
  }
  return squares / ((s.width - 1.0) * s.height);
}

TEST(Detector, PhotonTransferRecoversGainAndReadNoise) {
  const SceneText changes{{"nonlinearity", "0"},   {"cosmic_rays_per_mpix_s", "0"},
                          {"hot_fraction", "0"},   {"bad_columns", "0"},
                          {"pixel_response", "0"}, {"vignetting", "0"},
                          {"dust_grains", "0"}};
  const Night night = make_night("tiny", 4, changes);
  for (int site = 0; site < 3; ++site) {
    std::vector<RawExposure> bias, flat;
    for (const PlannedExposure& e : night.exposures) {
      if (e.site != site) continue;
      if (e.type == ImageType::bias && bias.size() < 2) bias.push_back(render(night, e.index));
      if (e.type == ImageType::flat && flat.size() < 2) flat.push_back(render(night, e.index));
    }
    for (const Amplifier& amp : bias[0].exposure.amplifiers) {
      const double zero = mean_of(bias[0], amp.data);
      const double dark2 = 0.5 * variance_of_difference(bias[0], bias[1], 1.0, zero, amp.data);
      const double a = mean_of(flat[0], amp.data) - zero;
      const double ratio = a / (mean_of(flat[1], amp.data) - zero);
      const double light2 = variance_of_difference(flat[0], flat[1], ratio, zero, amp.data);
      const double gain = a * (1.0 + ratio) / (light2 - dark2 * (1.0 + ratio * ratio));
      EXPECT_NEAR(gain / amp.gain_e_per_adu, 1.0, 0.02) << site;
      const double read_noise = std::sqrt(dark2 - 1.0 / 12.0) * amp.gain_e_per_adu;
      EXPECT_NEAR(read_noise / amp.read_noise_e, 1.0, 0.02) << site;
    }
  }
}

TEST(Detector, OverscanHoldsTheBiasLevelAndNoLight) {
  const Night night = make_night("tiny", 4);
  for (const PlannedExposure& e : night.exposures) {
    if (e.type != ImageType::flat) continue;
    const RawExposure raw = render(night, e.index);
    for (const Amplifier& amp : raw.exposure.amplifiers) {
      double sum = 0.0;
      for (int y = 0; y < amp.overscan.height; ++y) {
        for (int x = 0; x < amp.overscan.width; ++x)
          sum += raw.adu(amp.overscan.x0 + x, amp.overscan.y0 + y);
      }
      const double level = sum / (amp.overscan.width * amp.overscan.height);
      EXPECT_NEAR(level / night.site_of(e).bias_adu, 1.015, 0.03);
    }
    break;
  }
}

}  // namespace
}  // namespace polis
