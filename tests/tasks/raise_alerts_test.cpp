#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "sky/alert.h"
#include "tasks/target_tables.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr SkyPosition kCentre{150.0, 30.0};
constexpr int kSize = 400;
constexpr int kSide = 63;

class FakeReader : public Reader {
 public:
  const Bundle& bundle() const override { return bundle_; }
  Artifact open(const InputRef& ref) override { return artifacts_.at(ref.name); }
  bool has(const InputRef& ref) const override { return artifacts_.contains(ref.name); }
  using Reader::open;
  void add(const std::string& role, const std::string& kind, Artifact artifact) {
    artifacts_[add_missing(role, kind)] = std::move(artifact);
  }
  Digest add_missing(const std::string& role, const std::string& kind) {
    const Digest name = digest_of(role + std::to_string(bundle_.entries.size()));
    bundle_.entries.push_back({role, {InputRef::From::lake, name, kind}});
    return name;
  }

 private:
  Bundle bundle_;
  std::map<Digest, Artifact> artifacts_;
};

TaskOutput run(const Task& task, FakeReader& reader, const ParameterMap& given = {}) {
  const TaskTable table(all_tasks());
  return task.run(table.complete(task, given), reader);
}

Wcs frame_wcs() {
  Wcs wcs;
  wcs.valid = true;
  wcs.reference = kCentre;
  wcs.reference_pixel = {0.5 * kSize, 0.5 * kSize};
  wcs.cd = {-1.0 / 3600, 0, 0, 1.0 / 3600};
  return wcs;
}

Exposure exposure_of(int number) {
  Exposure e;
  e.exposure_id = "n" + std::to_string(1000 + number);
  e.site = "hill";
  e.instrument = "camera";
  e.physical_filter = "r";
  e.mjd_mid = 60000.2 + 0.01 * number;
  e.exposure_time_s = 60;
  e.latitude_deg = 30;
  e.longitude_deg = -110;
  e.altitude_m = 1000;
  e.width = e.height = kSize;
  e.pixel_scale_arcsec = 1.0;
  e.wcs = frame_wcs();
  return e;
}

struct Seen {
  double x, y, snr, probability;
};

std::vector<float> stamp(double light) {
  std::vector<float> pixels;
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x)
      pixels.push_back(static_cast<float>(
          light * std::exp(-0.5 * ((x - 31.0) * (x - 31.0) + (y - 31.0) * (y - 31.0)) / 1.5)));
  return pixels;
}

/// Kind `candidates` with single-precision columns and Gaussian cut-outs.
TableSet candidates_of(const std::vector<Seen>& seen, const Exposure& e, bool judged) {
  std::vector<std::int64_t> id;
  std::vector<double> x, y, ra, dec;
  std::vector<float> error, snr, mag, mag_error, p, fwhm;
  std::vector<std::string> label;
  TableSet set;
  for (const char* name : {"science", "template", "difference"})
    set.arrays.push_back(
        {name, "electron", "", {static_cast<std::int64_t>(seen.size()), 63, 63}, {}});
  for (const Seen& s : seen) {
    const SkyPosition sky = e.wcs.to_sky({s.x, s.y});
    id.push_back(static_cast<std::int64_t>(id.size()) + 1);
    x.push_back(s.x);
    y.push_back(s.y);
    ra.push_back(sky.ra_deg);
    dec.push_back(sky.dec_deg);
    error.push_back(static_cast<float>(1.0 / s.snr));
    snr.push_back(static_cast<float>(s.snr));
    mag.push_back(static_cast<float>(21.0 - 2.5 * std::log10(s.snr / 5.0)));
    mag_error.push_back(static_cast<float>(1.0857 / s.snr));
    p.push_back(static_cast<float>(s.probability));
    fwhm.push_back(2.5F);
    label.emplace_back(s.probability > 0.5 ? "real_transient" : "noise");
    for (std::size_t a = 0; a < 3; ++a) {
      const auto pixels = stamp(a == 1 ? 10.0 : 30.0 * s.snr);
      set.arrays[a].values.insert(set.arrays[a].values.end(), pixels.begin(), pixels.end());
    }
  }
  Table table("candidates");
  table.add({"id", "", "", "", id}).add({"x", "pix", "", "", x}).add({"y", "pix", "", "", y});
  table.add({"x_error", "pix", "", "", error}).add({"y_error", "pix", "", "", error});
  table.add({"ra", "deg", "", "", ra}).add({"dec", "deg", "", "", dec});
  table.add({"snr", "", "", "", snr}).add({"mag", "mag", "", "", mag});
  table.add({"mag_error", "mag", "", "", mag_error}).add({"fwhm_px", "pix", "", "", fwhm});
  if (judged) table.add({"p_real_transient", "", "", "", p}).add({"class", "", "", "", label});
  set.tables.push_back(std::move(table));
  set.facts = {{"limiting_mag", "21"}, {"fwhm_px", "2.5"}, {"reference_exposures", "12"}};
  if (judged) set.facts["network"] = "test 1";
  return set;
}

/// A transient from frame 2 on, an asteroid, junk.
void add_night(FakeReader& reader, int frames, bool judged = true, bool products = false) {
  RandomStream random(1, "alerts");
  for (int f = 0; f < frames; ++f) {
    const Exposure e = exposure_of(f);
    std::vector<Seen> seen;
    const auto jitter = [&] { return 0.05 * random.normal(); };
    if (f >= 2) seen.push_back({100 + jitter(), 120 + jitter(), 30, 0.99});
    seen.push_back({250 - 8.0 * f + jitter(), 200 + 2.0 * f + jitter(), 25, 0.97});
    seen.push_back({random.uniform(20, 380), random.uniform(20, 380), 6, 0.03});
    reader.add("exposure", "exposure", Artifact::of("exposure", e));
    reader.add("candidates", "candidates",
               Artifact::of("candidates", candidates_of(seen, e, judged)));
    if (!products) continue;
    reader.add_missing("frame", "frame");
    TableSet catalog;
    reader.add("catalog", "catalog", Artifact::of("catalog", catalog));
  }
}

TEST(raise_alerts, new_detections_become_alerts_with_cutouts_and_history) {
  FakeReader reader;
  add_night(reader, 5);
  const TaskOutput output = run(raise_alerts_task(), reader);
  const Artifact written = Artifact::from_bytes("alerts", output.artifact.bytes());
  const AlertSet set = read_alerts(written.as<TableSet>());
  EXPECT_EQ(set.alerts.size(), 3U + 5U);
  EXPECT_EQ(set.objects.size(), 2U);
  EXPECT_EQ(set.limits.size(), 2U);
  EXPECT_EQ(set.science.shape, (std::vector<std::int64_t>{8, 63, 63}));
  for (std::size_t i = 0; i < set.alerts.size(); ++i) {
    EXPECT_NEAR(set.science.values[i * 63 * 63 + 31 * 63 + 31], 30.0 * set.alerts[i].snr, 1e-2);
    EXPECT_NEAR(set.reference.values[i * 63 * 63 + 31 * 63 + 31], 10.0, 1e-4);
  }
  EXPECT_EQ(targets_from(written.as<TableSet>().at("targets")).size(), 1U);
}

TEST(raise_alerts, the_same_task_with_the_alerts_of_before_raises_none) {
  FakeReader first;
  add_night(first, 5);
  const Artifact before = run(raise_alerts_task(), first).artifact;
  FakeReader second;
  add_night(second, 5);
  second.add("alerts", "alerts", Artifact::from_bytes("alerts", before.bytes()));
  const TaskOutput again = run(raise_alerts_task(), second);
  EXPECT_EQ(read_alerts(again.artifact.as<TableSet>()).alerts.size(), 0U);
  EXPECT_TRUE(again.requests.empty());
  FakeReader third;  // alerts of a run without alerts are still the memory
  add_night(third, 6);
  third.add("alerts", "alerts", Artifact::from_bytes("alerts", again.artifact.bytes()));
  EXPECT_EQ(read_alerts(run(raise_alerts_task(), third).artifact.as<TableSet>()).alerts.size(), 2U);
}

TEST(raise_alerts, photometry_and_observations_follow) {
  FakeReader reader;
  add_night(reader, 5, true, true);
  const TaskOutput output = run(raise_alerts_task(), reader);
  ASSERT_EQ(output.requests.size(), 3U);
  const Request& photometry = output.requests[0];
  EXPECT_EQ(photometry.task, "collect_targets");
  EXPECT_EQ(photometry.input.with_role("frame").size(), 5U);
  EXPECT_EQ(photometry.input.one("targets").kind, "alerts");
  EXPECT_EQ(photometry.parameters.at("max_targets"), "101");
  EXPECT_EQ(output.requests[1].task, "observe");
  FakeReader observer;
  observer.add("alerts", "alerts", output.artifact);
  for (std::size_t i = 1; i < 3; ++i) {
    const auto text = run(observe_task(), observer, output.requests[i].parameters);
    const auto json = nlohmann::json::parse(text.artifact.as<std::string>());
    EXPECT_EQ(json["target"], output.requests[i].label);
    EXPECT_NEAR(json["ra_deg"].get<double>(), kCentre.ra_deg, 0.2);
    EXPECT_EQ(json["windows"][0]["site"], "hill");
  }
  FakeReader quiet;
  add_night(quiet, 5, true, true);
  EXPECT_TRUE(run(raise_alerts_task(), quiet,
                  {{"follow_photometry", "false"}, {"follow_observation", "false"}})
                  .requests.empty());
}

TEST(raise_alerts, without_a_network_a_cut_decides_and_says_so) {
  FakeReader reader;
  add_night(reader, 3, false);
  const TaskOutput output = run(raise_alerts_task(), reader);
  const AlertSet set = read_alerts(output.artifact.as<TableSet>());
  EXPECT_EQ(set.alerts.size(), 1U + 3U);  // S/N 6 is below min_snr
  EXPECT_TRUE(set.facts.contains("caveat_network"));
  EXPECT_FALSE(set.alerts[0].caveat.empty());
}

TEST(raise_alerts, missing_frames_are_told_and_an_empty_night_is_no_failure) {
  FakeReader reader;
  add_night(reader, 3);
  reader.add("exposure", "exposure", Artifact::of("exposure", exposure_of(3)));
  reader.add_missing("candidates", "candidates");
  const AlertSet set = read_alerts(run(raise_alerts_task(), reader).artifact.as<TableSet>());
  EXPECT_EQ(set.frames.size(), 3U);
  EXPECT_EQ(set.facts.at("caveat_missing"), "frames without candidates: 1");
  FakeReader nothing;
  const Artifact empty = run(raise_alerts_task(), nothing).artifact;
  const Artifact back = Artifact::from_bytes("alerts", empty.bytes());
  EXPECT_TRUE(read_alerts(back.as<TableSet>()).alerts.empty());
  FakeReader unpaired;
  unpaired.add_missing("candidates", "candidates");
  EXPECT_THROW(run(raise_alerts_task(), unpaired), Error);
}

TEST(raise_alerts, equal_input_gives_equal_bytes) {
  const auto bytes = [] {
    FakeReader reader;
    add_night(reader, 4);
    return run(raise_alerts_task(), reader).artifact.bytes();
  };
  EXPECT_EQ(bytes(), bytes());
}

}  // namespace
}  // namespace polis
