#include "sky/follow_candidates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/random.h"
#include "candidate_helpers.h"

namespace polis {
namespace {

constexpr SkyPosition kCentre{123.0, 20.0};
const double kNone = std::nan("");

AlertSet nothing() { return {}; }

/// A supernova seen from the third frame on, an asteroid, junk in all frames.
std::vector<CandidateFrame> night(int frames, double start = 60000.2, const char* site = "hill") {
  std::vector<CandidateFrame> result;
  RandomStream random(5, site);
  for (int f = 0; f < frames; ++f) {
    const double mjd = start + 0.4 * f / 24.0;
    CandidateFrame frame =
        searched_frame("f" + std::to_string(f + static_cast<int>(start * 10)), mjd, kCentre, site);
    const double hours = 24.0 * (mjd - 60000.2);
    const double parallax = std::string(site) == "hill" ? 0.0 : 5.0;
    const auto noisy = [&](double east, double north) {
      return moved(kCentre, east + 0.1 * random.normal(), north + 0.1 * random.normal());
    };
    if (f >= 2) add_candidate(frame, noisy(100, 50), 18.5, 0.99);
    add_candidate(frame, noisy(-300 + 25 * hours + parallax, 10 * hours), 18.8, 0.95);
    for (int k = 0; k < 5; ++k)
      add_candidate(frame, noisy(random.uniform(-850, 850), random.uniform(-850, 850)), 19.5, 0.05);
    result.push_back(std::move(frame));
  }
  return result;
}

TEST(follow_candidates, each_new_detection_that_is_real_raises_an_alert) {
  const Followed f = follow_candidates(nothing(), night(6), {}, {});
  EXPECT_EQ(f.set.alerts.size(), 4U + 6U);
  ASSERT_EQ(f.set.objects.size(), 2U);
  EXPECT_EQ(f.sources.size(), f.set.alerts.size());
  const auto mover = std::find_if(f.set.objects.begin(), f.set.objects.end(),
                                  [](const SkyObject& o) { return o.moving != 0; });
  ASSERT_NE(mover, f.set.objects.end());
  EXPECT_EQ(mover->tag, "moving");
  EXPECT_EQ(mover->detections, 6);
  EXPECT_NEAR(mover->rate_ra_arcsec_per_h, 25.0, 5.0 * mover->rate_error_arcsec_per_h);
  EXPECT_NEAR(mover->rate_dec_arcsec_per_h, 10.0, 5.0 * mover->rate_error_arcsec_per_h);
  std::set<std::int64_t> numbers;
  for (const Alert& a : f.set.alerts) {
    numbers.insert(a.candid);
    EXPECT_LE(a.candid, std::int64_t{1} << 53);
    EXPECT_EQ(f.set.detection_of(a).alert, a.candid);
    EXPECT_EQ(f.set.object_of(a).name, a.object);
    EXPECT_TRUE(a.object.starts_with("PO23")) << a.object;
  }
  EXPECT_EQ(numbers.size(), f.set.alerts.size());
}

TEST(follow_candidates, the_history_holds_what_was_seen_and_what_was_not) {
  const Followed f = follow_candidates(nothing(), night(6), {}, {});
  const auto supernova = std::find_if(f.set.objects.begin(), f.set.objects.end(),
                                      [](const SkyObject& o) { return o.moving == 0; });
  const auto history =
      history_of(f.set, static_cast<std::int32_t>(supernova - f.set.objects.begin()));
  ASSERT_EQ(history.size(), 6U);
  for (std::size_t i = 0; i < history.size(); ++i)
    EXPECT_EQ(history[i].detection != nullptr, i >= 2) << i;
  EXPECT_EQ(supernova->frames_covered, 6);
}

TEST(follow_candidates, no_detection_raises_two_alerts) {
  const Followed first = follow_candidates(nothing(), night(4), {}, {});
  const AlertSet before = [&] {
    AlertSet set = first.set;
    set.alerts.clear();
    return set;
  }();
  const Followed again = follow_candidates(before, night(4), {}, {});
  EXPECT_TRUE(again.set.alerts.empty());
  EXPECT_EQ(again.repeated, first.set.alerts.size());
  const Followed more = follow_candidates(before, night(6), {}, {});
  EXPECT_EQ(more.set.alerts.size(), 4U);
  ASSERT_EQ(more.set.objects.size(), first.set.objects.size());
  for (std::size_t k = 0; k < more.set.objects.size(); ++k) {
    EXPECT_EQ(more.set.objects[k].name, first.set.objects[k].name);
    EXPECT_EQ(more.set.objects[k].detections, more.set.objects[k].moving != 0 ? 6 : 4);
  }
  const Followed later = follow_candidates(more.set, night(2, 60001.2), {}, {});
  EXPECT_EQ(later.set.alerts.size(), 2U);  // of the asteroid, far from where it was
}

TEST(follow_candidates, the_order_of_frames_does_not_matter) {
  std::vector<CandidateFrame> frames = night(6);
  const Followed a = follow_candidates(nothing(), frames, {}, {});
  std::reverse(frames.begin(), frames.end());
  const Followed b = follow_candidates(nothing(), frames, {}, {});
  ASSERT_EQ(a.set.alerts.size(), b.set.alerts.size());
  for (std::size_t i = 0; i < a.set.alerts.size(); ++i) {
    EXPECT_EQ(a.set.alerts[i].candid, b.set.alerts[i].candid);
    EXPECT_EQ(a.set.alerts[i].object, b.set.alerts[i].object);
  }
}

TEST(follow_candidates, one_object_seen_by_two_sites_is_one) {
  auto frames = night(6, 60000.2, "hill");
  for (CandidateFrame& frame : night(6, 60000.25, "valley")) frames.push_back(std::move(frame));
  const Followed f = follow_candidates(nothing(), frames, {}, {});
  const auto resting = std::count_if(f.set.objects.begin(), f.set.objects.end(),
                                     [](const SkyObject& o) { return o.moving == 0; });
  EXPECT_EQ(resting, 1);
  EXPECT_EQ(f.set.objects.size(), 3U);  // the sites' asteroids differ by parallax: one each
}

TEST(follow_candidates, without_a_network_shape_and_snr_decide_and_a_caveat_says_so) {
  CandidateFrame frame = searched_frame("f", 60000.0, kCentre);
  add_candidate(frame, moved(kCentre, 10, 0), 18.0, kNone);
  add_candidate(frame, moved(kCentre, 50, 0), 20.4, kNone);                    // faint
  add_candidate(frame, moved(kCentre, 90, 0), 18.0, kNone).fwhm_px = 1.0;      // cosmic ray
  add_candidate(frame, moved(kCentre, 130, 0), 18.0, kNone).dipole = 0.8;      // misaligned star
  add_candidate(frame, moved(kCentre, 170, 0), 18.0, kNone).elongation = 4.0;  // streak
  add_candidate(frame, moved(kCentre, 210, 0), 18.0, kNone).masked_pixels = 3;
  const Followed f = follow_candidates(nothing(), {frame}, {}, {});
  ASSERT_EQ(f.set.alerts.size(), 1U);
  EXPECT_NE(f.set.alerts[0].caveat.find("no network"), std::string::npos);
  EXPECT_TRUE(std::isnan(f.set.alerts[0].p_real_transient));
}

TEST(follow_candidates, what_is_known_is_tagged) {
  CandidateFrame frame = searched_frame("f", 60000.0, kCentre);
  add_candidate(frame, moved(kCentre, 10, 0), 18.0, 0.99);
  Candidate& on_source = add_candidate(frame, moved(kCentre, 100, 0), 18.1, 0.98);
  on_source.source_distance_px = 0.4;
  Candidate& in_galaxy = add_candidate(frame, moved(kCentre, 200, 0), 18.2, 0.97);
  in_galaxy.source_distance_px = 6.0;
  in_galaxy.source_extended = 1;
  add_candidate(frame, moved(kCentre, 300, 0), 18.3, 0.96);
  const std::vector<KnownStar> known{{77, moved(kCentre, 300.5, 0), 17.0}};
  const Followed f = follow_candidates(nothing(), {frame}, known, {});
  ASSERT_EQ(f.set.alerts.size(), 4U);
  EXPECT_EQ(f.set.alerts[0].tag, "orphan");
  EXPECT_EQ(f.set.alerts[1].tag, "variable");
  EXPECT_EQ(f.set.alerts[2].tag, "galaxy");
  EXPECT_EQ(f.set.alerts[3].tag, "known_star");
  EXPECT_EQ(f.set.object_of(f.set.alerts[3]).known_id, 77);
  EXPECT_NEAR(f.set.object_of(f.set.alerts[3]).known_distance_arcsec, 0.5, 0.01);
}

TEST(follow_candidates, a_frame_full_of_junk_raises_a_bounded_number) {
  CandidateFrame frame = searched_frame("f", 60000.0, kCentre);
  for (int k = 0; k < 50; ++k)
    add_candidate(frame, moved(kCentre, -800 + 30 * k, 0), 18.0, 0.81 + 0.001 * k);
  FollowSettings settings;
  settings.most_alerts_per_frame = 10;
  const Followed f = follow_candidates(nothing(), {frame}, {}, settings);
  EXPECT_EQ(f.set.alerts.size(), 10U);
  EXPECT_EQ(f.dropped, 40U);
  EXPECT_NEAR(f.set.alerts[0].p_real_transient, 0.859, 1e-9);
}

TEST(follow_candidates, too_many_detections_are_not_all_tried_as_moving) {
  FollowSettings settings;
  settings.most_mover_points = 6;  // as many as the asteroid has, and they are the most probable
  settings.mover_probability = 0.0;
  settings.history_probability = 0.0;
  const Followed f = follow_candidates(nothing(), night(6), {}, settings);
  EXPECT_GT(f.untried, 20U);
  const auto moving = std::count_if(f.set.objects.begin(), f.set.objects.end(),
                                    [](const SkyObject& o) { return o.moving != 0; });
  EXPECT_LE(moving, 1);
}

TEST(follow_candidates, old_history_fades_but_alerts_are_remembered) {
  const Followed first = follow_candidates(nothing(), night(4), {}, {});
  FollowSettings settings;
  const Followed later = follow_candidates(first.set, night(3, 60100.2), {}, settings);
  for (const SearchedFrame& frame : later.set.frames) {
    const bool needed = std::any_of(
        later.set.detections.begin(), later.set.detections.end(), [&](const SkyDetection& d) {
          return later.set.frame_of(d).key() == frame.key() && d.alert != 0;
        });
    EXPECT_TRUE(needed || frame.mjd_mid > 60070.0);
  }
  const Followed again = follow_candidates(later.set, night(4), {}, settings);
  EXPECT_TRUE(again.set.alerts.empty());
}

TEST(follow_candidates, empty_and_placeless_input_is_no_trouble) {
  EXPECT_TRUE(follow_candidates(nothing(), {}, {}, {}).set.objects.empty());
  CandidateFrame frame = searched_frame("f", kNone, kCentre);
  add_candidate(frame, {kNone, kNone}, 18.0, 0.99);
  add_candidate(frame, kCentre, 18.0, 0.99).x_error = kNone;
  const Followed f = follow_candidates(nothing(), {frame, frame}, {}, {});
  EXPECT_EQ(f.set.alerts.size(), 1U);
}

TEST(alert_tables, what_is_written_is_read) {
  AlertSet set = follow_candidates(nothing(), night(5), {}, {}).set;
  const auto count = static_cast<std::int64_t>(set.alerts.size());
  for (NumberArray* array : {&set.science, &set.reference, &set.difference})
    array->shape = {count, 2, 2}, array->values.resize(static_cast<std::size_t>(4 * count), 1.0F);
  set.science.name = "science";
  set.reference.name = "template";
  set.difference.name = "difference";
  const AlertSet back = read_alerts(alert_tables(set));
  ASSERT_EQ(back.alerts.size(), set.alerts.size());
  EXPECT_EQ(back.alerts[2].object, set.alerts[2].object);
  EXPECT_EQ(back.detections.back().alert, set.detections.back().alert);
  EXPECT_EQ(back.detections.back().label, set.detections.back().label);
  EXPECT_EQ(back.objects[0].rate_ra_arcsec_per_h, set.objects[0].rate_ra_arcsec_per_h);
  EXPECT_EQ(back.frames[1].ra_3, set.frames[1].ra_3);
  AlertSet lying = set;
  lying.alerts[0].detection = 4000;
  EXPECT_ANY_THROW(read_alerts(alert_tables(lying)));
}

}  // namespace
}  // namespace polis
