#include "sky/wcs.h"

#include <gtest/gtest.h>
#include <wcslib/wcs.h>
#include <wcslib/wcserr.h>
#include <wcslib/wcshdr.h>

#include <cmath>
#include <cstring>
#include <string>

#include "base/random.h"

namespace polis {
namespace {

Wcs plain_wcs(double ra, double dec, double rotation_deg, bool mirrored) {
  Wcs wcs;
  wcs.valid = true;
  wcs.reference = {ra, dec};
  wcs.reference_pixel = {1023.5, 511.25};
  const double scale = 1.3 / 3600.0;
  const double c = std::cos(rotation_deg * 3.14159265358979 / 180.0);
  const double s = std::sin(rotation_deg * 3.14159265358979 / 180.0);
  const double side = mirrored ? scale : -scale;
  wcs.cd = {side * c, -scale * s, side * s, scale * c};
  return wcs;
}

Wcs distorted_wcs() {
  Wcs wcs = plain_wcs(359.9, -35.0, 23.0, false);
  wcs.sip_order = 3;
  wcs.sip_a.assign(sip_size(3), 0.0);
  wcs.sip_b.assign(sip_size(3), 0.0);
  wcs.sip_a[sip_index(2, 0)] = 2.5e-6;
  wcs.sip_a[sip_index(1, 1)] = -1.5e-6;
  wcs.sip_a[sip_index(1, 2)] = 3.0e-9;
  wcs.sip_a[sip_index(3, 0)] = 4.0e-9;
  wcs.sip_b[sip_index(0, 2)] = 1.0e-6;
  wcs.sip_b[sip_index(0, 3)] = 4.0e-9;
  wcs.sip_b[sip_index(2, 1)] = -2.0e-9;
  return wcs;
}

/// One 80-character FITS card.
std::string card(const std::string& text) {
  std::string line = text;
  line.resize(80, ' ');
  return line;
}

std::string number_card(const std::string& key, double value) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%-8s= %20.14E", key.c_str(), value);
  return card(text.data());
}

std::string header_of(const Wcs& wcs) {
  const std::string sip = wcs.sip_order > 0 ? "-SIP" : "";
  std::string header = card("CTYPE1  = 'RA---TAN" + sip + "'") +
                       card("CTYPE2  = 'DEC--TAN" + sip + "'") +
                       card("WCSAXES =                    2");
  header +=
      number_card("CRVAL1", wcs.reference.ra_deg) + number_card("CRVAL2", wcs.reference.dec_deg);
  header += number_card("CRPIX1", wcs.reference_pixel.x + 1.0) +
            number_card("CRPIX2", wcs.reference_pixel.y + 1.0);
  header += number_card("CD1_1", wcs.cd[0]) + number_card("CD1_2", wcs.cd[1]);
  header += number_card("CD2_1", wcs.cd[2]) + number_card("CD2_2", wcs.cd[3]);
  if (wcs.sip_order == 0) return header;
  const std::string order = std::to_string(wcs.sip_order);
  header +=
      card("A_ORDER =                    " + order) + card("B_ORDER =                    " + order);
  for (int p = 0; p <= wcs.sip_order; ++p) {
    for (int q = 0; p + q <= wcs.sip_order; ++q) {
      const std::string name =
          std::string("_").append(std::to_string(p)).append("_").append(std::to_string(q));
      header += number_card(std::string("A").append(name), wcs.sip_a[sip_index(p, q)]);
      header += number_card(std::string("B").append(name), wcs.sip_b[sip_index(p, q)]);
    }
  }
  return header;
}

/// WCSLIB's answer for the same header: the oracle.
class Oracle {
 public:
  explicit Oracle(const Wcs& wcs) {
    std::string header = header_of(wcs);
    int rejected = 0;
    const int status = wcspih(header.data(), static_cast<int>(header.size() / 80), WCSHDR_all, 0,
                              &rejected, &count_, &wcs_);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(count_, 1);
    EXPECT_EQ(wcsset(wcs_), 0);
  }
  ~Oracle() { wcsvfree(&count_, &wcs_); }
  SkyPosition to_sky(PixelPosition pixel) {
    const std::array<double, 2> in{pixel.x + 1.0, pixel.y + 1.0};
    std::array<double, 2> middle{};
    std::array<double, 2> world{};
    double phi = 0.0;
    double theta = 0.0;
    int status = 0;
    EXPECT_EQ(wcsp2s(wcs_, 1, 2, in.data(), middle.data(), &phi, &theta, world.data(), &status), 0);
    return {world[0], world[1]};
  }

 private:
  int count_ = 0;
  wcsprm* wcs_ = nullptr;
};

void expect_same_as_wcslib(const Wcs& wcs) {
  Oracle oracle(wcs);
  RandomStream stream(1, "pixels");
  for (int i = 0; i < 200; ++i) {
    const PixelPosition pixel{stream.uniform(-100.0, 2148.0), stream.uniform(-100.0, 1124.0)};
    const SkyPosition mine = wcs.to_sky(pixel);
    EXPECT_LT(separation_arcsec(mine, oracle.to_sky(pixel)), 1e-6) << pixel.x << " " << pixel.y;
    const PixelPosition back = wcs.to_pixel(mine);
    EXPECT_NEAR(back.x, pixel.x, 1e-6);
    EXPECT_NEAR(back.y, pixel.y, 1e-6);
  }
}

TEST(Wcs, PlainTanAgreesWithWcslibAnywhereOnTheSky) {
  for (const double dec : {-89.7, -35.0, 0.0, 46.2, 89.9}) {
    for (const double rotation : {0.0, 77.0, 190.0}) {
      expect_same_as_wcslib(plain_wcs(0.05, dec, rotation, false));
      expect_same_as_wcslib(plain_wcs(211.3, dec, rotation, true));
    }
  }
}

TEST(Wcs, SipDistortionAgreesWithWcslib) { expect_same_as_wcslib(distorted_wcs()); }

TEST(Wcs, KnowsItsScaleAndParity) {
  EXPECT_NEAR(plain_wcs(10.0, 20.0, 40.0, false).pixel_scale_arcsec(), 1.3, 1e-12);
  EXPECT_FALSE(plain_wcs(10.0, 20.0, 40.0, false).flipped());
  EXPECT_TRUE(plain_wcs(10.0, 20.0, 40.0, true).flipped());
}

TEST(Wcs, FarHemisphereHasNoPixel) {
  const Wcs wcs = plain_wcs(10.0, 20.0, 0.0, false);
  EXPECT_TRUE(std::isnan(wcs.to_pixel({190.0, -20.0}).x));
  EXPECT_TRUE(std::isnan(wcs.to_pixel({10.0, -70.1}).x));
}

TEST(Wcs, DistortionFarOutsideTheDetectorNeverHangs) {
  const Wcs wcs = distorted_wcs();
  for (double dec = -80.0; dec < 40.0; dec += 3.0) {
    const PixelPosition pixel = wcs.to_pixel({350.0, dec});
    if (std::isfinite(pixel.x)) {
      EXPECT_LT(separation_arcsec(wcs.to_sky(pixel), {350.0, dec}), 1e-3);
    }
  }
}

TEST(Wcs, SeparationIsExactForTinyAndForAntipodalAngles) {
  EXPECT_NEAR(separation_arcsec({10.0, 60.0}, {10.0, 60.0 + 1e-9}), 3.6e-6, 1e-9);
  EXPECT_NEAR(separation_arcsec({0.0, 90.0}, {123.0, -90.0}), 180.0 * 3600.0, 1e-6);
  EXPECT_EQ(separation_arcsec({0.0, 12.0}, {360.0, 12.0}) < 1e-8, true);
}

TEST(Wcs, ComparesByValue) {
  Wcs a = distorted_wcs();
  const Wcs b = a;
  EXPECT_EQ(a, b);
  a.sip_a[3] += 1e-12;
  EXPECT_FALSE(a == b);
}

}  // namespace
}  // namespace polis
