#include "kernels/photon_transfer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "kernels/fits_file_helpers.h"

namespace polis {
namespace {

constexpr double kGain = 2.2;
constexpr double kReadNoiseE = 8.0;

/// A frame of a detector with bias level 500 ADU; the flat falls off towards the corner and has
/// dust.
Plane<float> expose(double electrons, std::uint64_t index) {
  Plane<float> frame(320, 256);
  RandomStream stream(31, "expose", index);
  RandomStream response(31, "response");
  for (std::ptrdiff_t y = 0; y < 256; ++y) {
    for (std::ptrdiff_t x = 0; x < 320; ++x) {
      const double fall = 1.0 - 0.3 * static_cast<double>(x + y) / 576.0;
      const double mean = electrons * fall * (1.0 + 0.02 * response.normal());
      const double charge =
          static_cast<double>(stream.poisson(mean)) + kReadNoiseE * stream.normal();
      frame(x, y) = static_cast<float>(std::lround(500.0 + charge / kGain));
    }
  }
  return frame;
}

TEST(PhotonTransfer, FindsGainAndReadNoise) {
  const Plane<float> flat1 = expose(40000.0, 1);
  const Plane<float> flat2 = expose(38000.0, 2);
  Plane<float> bias1 = expose(0.0, 3);
  const Plane<float> bias2 = expose(0.0, 4);
  bias1(100, 100) = 9000.0F;
  const PhotonTransfer result =
      photon_transfer(flat1.view(), flat2.view(), bias1.view(), bias2.view());
  EXPECT_NEAR(result.gain_e_per_adu, kGain, 4.0 * result.gain_error + 0.003);
  EXPECT_LT(result.gain_error, 0.02);
  // Rounding to whole ADU adds 1/12 ADU^2.
  EXPECT_NEAR(result.read_noise_adu, std::sqrt(std::pow(kReadNoiseE / kGain, 2) + 1.0 / 12.0),
              0.05);
}

TEST(PhotonTransfer, HasNoResultWithoutSignal) {
  const Plane<float> constant(64, 64, 100.0F);
  EXPECT_EQ(
      photon_transfer(constant.view(), constant.view(), constant.view(), constant.view()).tiles,
      0U);
  EXPECT_EQ(photon_transfer({}, {}, {}, {}).tiles, 0U);
}

TEST(PhotonTransfer, AgreesWithWhatIsKnownOfARealCamera) {
  const std::string folder =
      std::string(POLIS_REAL_DATA_DIR) + "/umd-st8/20250624_14in_1998UB17/calibration/";
  const auto flat1 = test::read_plain_fits(folder + "flat-001-c.fit");
  const auto flat2 = test::read_plain_fits(folder + "flat-002-c.fit");
  const auto bias1 = test::read_plain_fits(folder + "calib-001-bi.fit");
  const auto bias2 = test::read_plain_fits(folder + "calib-002-bi.fit");
  if (!flat1 || !flat2 || !bias1 || !bias2) GTEST_SKIP() << "skipped: no real data";
  const PhotonTransfer result =
      photon_transfer(flat1->view(), flat2->view(), bias1->view(), bias2->view());
  EXPECT_NEAR(result.gain_e_per_adu, 2.68, 0.05);
  // The 6.3 that is quoted comes from the median deviation of whole numbers, which moves in steps
  // of 1.05; the standard deviation of the same pixels without their outliers is 6.62.
  EXPECT_NEAR(result.read_noise_adu, 6.3, 0.4);
}

}  // namespace
}  // namespace polis
