#include "sky/wcs_facts.h"

#include <gtest/gtest.h>

namespace polis {
namespace {

Wcs some_wcs(int order) {
  Wcs wcs;
  wcs.valid = true;
  wcs.reference = {123.45678901234567, -1.0 / 3.0};
  wcs.reference_pixel = {511.5, 1.0 / 7.0};
  wcs.cd = {-1.0e-4 / 3.0, 1e-9, 2.2250738585072014e-308, 1e-4};
  wcs.sip_order = order;
  if (order == 0) return wcs;
  wcs.sip_a.assign(sip_size(order), 1.0 / 3e7);
  wcs.sip_b.assign(sip_size(order), -1.0 / 7e9);
  return wcs;
}

TEST(WcsFacts, RoundTripIsExact) {
  for (const int order : {0, 2, 5}) {
    Facts facts{{"fwhm_px", "3"}};
    Wcs wcs = some_wcs(order);
    set_wcs(facts, wcs);
    EXPECT_EQ(wcs_from(facts), wcs);
    if (order == 0) continue;
    wcs.sip_ap = wcs.sip_b;
    wcs.sip_bp = wcs.sip_a;
    set_wcs(facts, wcs);
    EXPECT_EQ(wcs_from(facts), wcs);
    EXPECT_EQ(facts.at("fwhm_px"), "3");
  }
}

TEST(WcsFacts, InvalidWcsRemovesTheOldOne) {
  Facts facts;
  set_wcs(facts, some_wcs(3));
  set_wcs(facts, Wcs{});
  EXPECT_TRUE(facts.empty());
  EXPECT_FALSE(wcs_from(facts).valid);
}

TEST(WcsFacts, DamagedFactsAreNoWcs) {
  Facts good;
  set_wcs(good, some_wcs(2));
  for (const auto& [key, value] : good) {
    for (const char* bad :
         {"", "x", "1 2 3", "nan nan", "1e999 0", "0 0 0 0", "-3", "1000000000"}) {
      Facts facts = good;
      facts[key] = bad;
      EXPECT_FALSE(wcs_from(facts).valid) << key << " " << bad;
    }
  }
}

}  // namespace
}  // namespace polis
