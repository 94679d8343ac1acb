#include "report/alert_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <regex>

#include "alert_scene_helpers.h"
#include "formats/png.h"
#include "report/html_text.h"
#include "report/light_curve_svg.h"
#include "report/stamp_picture.h"

namespace polis {
namespace {

using testing::HasSubstr;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

TEST(alert_page, shows_every_object_once_the_most_probable_first) {
  const AlertSet set = alert_scene();
  const std::string page = alert_page(set);
  EXPECT_EQ(count(page, "<section class=\"card"), 4U);
  const std::size_t first = page.find("<h2 id=\"h-" + set.alerts.back().object);
  for (const Alert& alert : set.alerts) {
    const std::size_t here = page.find("<h2 id=\"h-" + alert.object);
    ASSERT_NE(here, std::string::npos);
    const bool is_first = alert.object == set.alerts.front().object;
    EXPECT_TRUE(!is_first || here < first) << alert.object;
    EXPECT_THAT(page, HasSubstr(std::to_string(alert.candid)));
  }
  EXPECT_THAT(page, HasSubstr("no network has judged it"));
  EXPECT_THAT(page, HasSubstr("frames without candidates: 1"));
  EXPECT_THAT(page, HasSubstr("″/h towards position angle 112°"));
}

TEST(alert_page, needs_nothing_from_elsewhere) {
  const std::string page = alert_page(alert_scene());
  EXPECT_EQ(count(page, "<script"), 0U);
  EXPECT_EQ(count(page, "<link"), 0U);
  EXPECT_EQ(count(page, "@import"), 0U);
  EXPECT_EQ(count(page, "url("), 0U);
  // Pictures lie in the page; links lead within it; addresses are text.
  const std::regex address(R"((?:src|href)="(?!data:image/png;base64,|#))");
  EXPECT_FALSE(std::regex_search(page, address));
}

TEST(alert_page, gives_pictures_and_plots_a_text) {
  const std::string page = alert_page(alert_scene());
  EXPECT_EQ(count(page, "role=\"img\""), count(page, "role=\"img\" aria-label=\""));
  EXPECT_THAT(page, HasSubstr("<html lang=\"en\">"));
  EXPECT_EQ(count(page, "scope=\"col\""), 10U);
}

TEST(alert_page, is_the_same_for_the_same_alerts) {
  EXPECT_EQ(alert_page(alert_scene()), alert_page(alert_scene()));
}

TEST(alert_page, stays_bounded_and_says_so) {
  const std::string page = alert_page(alert_scene(), {.most_objects = 1, .most_alerts = 0});
  EXPECT_EQ(count(page, "<section class=\"card"), 1U);
  EXPECT_EQ(count(page, "<figure>"), 3U);
  EXPECT_THAT(page, HasSubstr("3 further objects have no card here"));
}

TEST(alert_page, of_no_alerts_says_so) {
  AlertSet none;
  for (NumberArray* array : {&none.science, &none.reference, &none.difference})
    array->shape = {0, 63, 63};
  EXPECT_THAT(alert_page(none), HasSubstr("No new detection"));
}

TEST(alert_page, escapes_what_comes_from_headers) {
  AlertSet set = alert_scene();
  for (SearchedFrame& frame : set.frames) frame.exposure_id = "<b onload=\"x\">";
  for (Alert& alert : set.alerts) alert.site = "a&b<script>";
  const std::string page = alert_page(set);
  EXPECT_EQ(count(page, "<script"), 0U);
  EXPECT_EQ(count(page, "<b onload"), 0U);
  EXPECT_THAT(page, HasSubstr("a&amp;b&lt;script&gt;"));
}

/// Chromium is large, so it is no package that the tests need: skipped where it is not installed.
TEST(alert_page, opens_in_a_browser_from_disk) {
  if (std::system("command -v chromium >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "skipped: chromium is not installed";
  const std::string path = testing::TempDir() + "/alert_page.html";
  std::ofstream(path) << alert_page(alert_scene());
  const std::string log = testing::TempDir() + "/alert_page";
  const std::string chromium =
      "timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "
      "--user-data-dir=" +
      log + ".profile --enable-logging=stderr --host-resolver-rules='MAP * ~NOTFOUND' ";
  ASSERT_EQ(
      std::system(
          (chromium + "--dump-dom file://" + path + " >" + log + ".dom 2>" + log + ".log").c_str()),
      0);
  std::stringstream dom, messages;
  dom << std::ifstream(log + ".dom").rdbuf();
  messages << std::ifstream(log + ".log").rdbuf();
  EXPECT_EQ(count(dom.str(), "<section class=\"card"), 4U);
  EXPECT_EQ(count(dom.str(), "<figcaption>"), count(alert_page(alert_scene()), "<figcaption>"));
  EXPECT_EQ(count(messages.str(), "CONSOLE"), 0U) << messages.str();
}

TEST(html_text, escapes_and_encodes) {
  EXPECT_EQ(html_text("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(base64_of(as_bytes("")), "");
  EXPECT_EQ(base64_of(as_bytes("f")), "Zg==");
  EXPECT_EQ(base64_of(as_bytes("fo")), "Zm8=");
  EXPECT_EQ(base64_of(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(shown(std::nan(""), 2), "–");
  EXPECT_EQ(sexagesimal(188.7336, -0.5), "12:34:56.06 -00:30:00.0");
  EXPECT_EQ(sexagesimal(359.99999999, 89.99999), "00:00:00.00 +90:00:00.0");
}

TEST(stamp_picture, y_points_up_and_brighter_is_whiter) {
  const Stretch stretch{10.0, 0.15, 2.0, 100.0};
  EXPECT_NEAR(stretch(10.0), 0.15, 1e-12);
  EXPECT_NEAR(stretch(110.0), 1.0, 1e-12);
  EXPECT_EQ(stretch(1e9), 1.0);
  EXPECT_EQ(stretch(-1e9), 0.0);
  EXPECT_LT(stretch(20.0), stretch(30.0));
  NumberArray flat{"x", "", "", {1, 5, 5}, std::vector<float>(25, 3.0F)};
  EXPECT_NEAR(stretch_of_image(flat, 0)(3.0), 0.15, 1e-9);
  NumberArray blind{"x", "", "", {1, 5, 5}, std::vector<float>(25, std::nanf(""))};
  EXPECT_THAT(stamp_uri(blind, 0, stretch_of_difference(blind, 0)),
              testing::StartsWith("data:image/png;base64,iVBORw0KGgo"));
}

TEST(stamp_picture, the_compass_follows_the_corners) {
  SearchedFrame frame;
  EXPECT_FALSE(compass_of(frame).known);
  frame.set_corners({{{10.1, -0.1}, {9.9, -0.1}, {9.9, 0.1}, {10.1, 0.1}}});  // north up, east left
  const Compass usual = compass_of(frame);
  EXPECT_NEAR(usual.north_y, 1.0, 1e-4);
  EXPECT_NEAR(usual.east_x, -1.0, 1e-4);
  frame.set_corners({{{9.9, 0.1}, {10.1, 0.1}, {10.1, -0.1}, {9.9, -0.1}}});  // turned by 180
  EXPECT_NEAR(compass_of(frame).north_y, -1.0, 1e-4);
  EXPECT_NEAR(compass_of(frame).east_x, 1.0, 1e-4);
}

TEST(light_curve_svg, shows_points_limits_and_nothing_it_does_not_know) {
  SearchedFrame frame;
  frame.physical_filter = "r";
  frame.mjd_mid = 60000.25;
  frame.limiting_mag = 20.0;
  SkyDetection d;
  d.mag = 18.0;
  d.mag_error = 0.1;
  d.sign = -1;
  const std::string both = light_curve_svg({{&frame, &d}, {&frame, nullptr}}, "title");
  EXPECT_EQ(count(both, "class=\"limit\""), 1U);
  EXPECT_EQ(count(both, "class=\"hollow\""), 1U);
  EXPECT_EQ(count(both, "class=\"error\""), 1U);
  EXPECT_EQ(count(both, "nan"), 0U);
  EXPECT_THAT(light_curve_svg({}, "title"), HasSubstr("no brightness"));
  d.mag = std::nan("");
  d.flux_e = 500.0;
  EXPECT_THAT(light_curve_svg({{&frame, &d}}, "title"), HasSubstr("electrons"));
}

TEST(nice_ticks, are_round_numbers) {
  EXPECT_EQ(nice_ticks(0.0, 1.0, 5),
            (std::vector<double>{0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0}));
  EXPECT_TRUE(nice_ticks(1.0, 1.0, 5).empty());
}

}  // namespace
}  // namespace polis
