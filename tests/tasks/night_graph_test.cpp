#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/error.h"
#include "formats/settings_json.h"
#include "sky/table.h"
#include "sky/wcs_facts.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

/// Artifacts by name; what is asked for by job is there once a test has put it.
class FakeReader : public Reader {
 public:
  const Bundle& bundle() const override { return bundle_; }
  Artifact open(const InputRef& ref) override {
    const auto found = artifacts_.find(ref.name);
    if (found == artifacts_.end()) throw Error(ErrorKind::not_found, "no artifact", ref.kind);
    return found->second;
  }
  bool has(const InputRef& ref) const override { return artifacts_.contains(ref.name); }
  using Reader::open;

  void add(const std::string& role, const std::string& kind, Artifact artifact) {
    const InputRef ref{InputRef::From::lake, digest_of(role + std::to_string(artifacts_.size())),
                       kind};
    put(ref, std::move(artifact));
    bundle_.entries.push_back({role, ref});
  }
  void put(const InputRef& ref, Artifact artifact) { artifacts_[ref.name] = std::move(artifact); }
  void set_bundle(Bundle bundle) { bundle_ = std::move(bundle); }

 private:
  Bundle bundle_;
  std::map<Digest, Artifact> artifacts_;
};

Exposure exposure_of(const std::string& instrument, ImageType type, int number,
                     const std::string& filter = "r") {
  Exposure e;
  e.exposure_id = instrument + std::string(name_of(type)) + std::to_string(number);
  e.instrument = instrument;
  e.site = instrument;
  e.type = type;
  e.physical_filter = filter;
  e.mjd_begin = 60000.2 + 0.001 * number;
  e.mjd_mid = e.mjd_begin + 0.0003;
  e.exposure_time_s = 60;
  e.temperature_c = -20;
  e.tracking_ra_deg = 30;
  e.tracking_dec_deg = 45;
  e.longitude_deg = 0;
  e.pixel_scale_arcsec = 1;
  e.width = e.raw_width = 1000;
  e.height = e.raw_height = 1000;
  e.amplifiers.resize(1);
  return e;
}

void add(FakeReader& reader, const Exposure& e) {
  reader.add("exposure", "exposure", Artifact::of("exposure", e));
}

void add_night(FakeReader& reader, const std::string& instrument) {
  for (int i = 0; i < 3; ++i) add(reader, exposure_of(instrument, ImageType::bias, i));
  for (int i = 0; i < 3; ++i) add(reader, exposure_of(instrument, ImageType::dark, i));
  for (int i = 0; i < 3; ++i) add(reader, exposure_of(instrument, ImageType::flat, i));
  for (int i = 0; i < 6; ++i) add(reader, exposure_of(instrument, ImageType::science, i));
}

TaskOutput run(const Task& task, FakeReader& reader, const ParameterMap& given = {}) {
  const TaskTable table(all_tasks());
  return task.run(table.complete(task, given), reader);
}

std::map<std::string, int> count_by_task(const std::vector<Request>& requests) {
  std::map<std::string, int> counts;
  for (const Request& request : requests) ++counts[request.task];
  return counts;
}

/// Every input that is a job's output is that of a request before it; the longest chain of such
/// inputs.
int check_graph(const std::vector<Request>& requests) {
  const TaskTable table(all_tasks());
  std::map<Digest, int> depth;
  int deepest = 0;
  for (const Request& request : requests) {
    int own = 1;
    for (const BundleEntry& entry : request.input.entries) {
      if (entry.ref.from == InputRef::From::lake) continue;
      EXPECT_TRUE(depth.contains(entry.ref.name)) << request.task << " " << entry.role;
      own = std::max(own, depth[entry.ref.name] + 1);
    }
    const Digest key = table.key_of(request);
    EXPECT_FALSE(depth.contains(key)) << "asked twice: " << request.task << " " << request.label;
    depth[key] = own;
    deepest = std::max(deepest, own);
  }
  return deepest;
}

TEST(OpenNight, AsksForTheWholeTreeWithAReference) {
  FakeReader reader;
  add_night(reader, "north");
  add_night(reader, "south");
  reader.add("reference", "reference_catalog", Artifact::of("reference_catalog", TableSet{}));
  const TaskOutput output = run(open_night_task(), reader);
  const auto counts = count_by_task(output.requests);
  EXPECT_EQ(counts, (std::map<std::string, int>{{"calibrate_frame", 12},
                                                {"calibrate_photometry", 12},
                                                {"collect_targets", 1},
                                                {"cross_match", 12},
                                                {"master_bias", 2},
                                                {"master_dark", 2},
                                                {"master_flat", 2},
                                                {"measure_frame", 12},
                                                {"night_quality", 1},
                                                {"solve_astrometry", 12}}));
  // bias, dark, flat, frame, catalog, position, magnitude, match, targets
  EXPECT_EQ(check_graph(output.requests), 9);
  EXPECT_EQ(output.artifact.as<TableSet>().at("exposures").rows(), 30U);
}

TEST(OpenNight, ComparesLaterNightsWithTheFirst) {
  FakeReader reader;
  add_night(reader, "north");
  for (int i = 0; i < 4; ++i) {
    Exposure later = exposure_of("north", ImageType::science, 100 + i);
    later.mjd_begin += 10.0;
    later.mjd_mid += 10.0;
    add(reader, later);
  }
  reader.add("reference", "reference_catalog", Artifact::of("reference_catalog", TableSet{}));
  const TaskOutput output = run(open_night_task(), reader);
  const auto counts = count_by_task(output.requests);
  EXPECT_EQ(counts.at("build_reference"), 1);
  EXPECT_EQ(counts.at("measure_frame"), 11);
  EXPECT_EQ(counts.at("subtract_reference"), 4);
  EXPECT_EQ(counts.at("find_candidates"), 4);
  EXPECT_EQ(counts.at("raise_alerts"), 1);
  check_graph(output.requests);
  for (const Request& request : output.requests) {
    if (request.task != "build_reference") continue;
    EXPECT_EQ(request.input.with_role("frame").size(), 6U);
    EXPECT_EQ(request.input.with_role("catalog").size(), 6U);
  }
  const auto all = run(open_night_task(), reader, {{"reference_nights", "2"}}).requests;
  EXPECT_FALSE(count_by_task(all).contains("build_reference"));
  const auto none = run(open_night_task(), reader, {{"differences", "false"}}).requests;
  EXPECT_FALSE(count_by_task(none).contains("build_reference"));
}

TEST(OpenNight, KeepsFramesThatShareCalibrationsInOneGroup) {
  FakeReader reader;
  add_night(reader, "north");
  add_night(reader, "south");
  reader.add("reference", "reference_catalog", Artifact::of("reference_catalog", TableSet{}));
  std::map<std::string, std::set<std::string>> groups;
  for (const Request& request : run(open_night_task(), reader).requests) {
    if (request.task == "calibrate_frame" || request.task == "measure_frame") {
      groups[request.label.substr(0, 5)].insert(request.group);
    }
    if (request.task == "calibrate_frame") {
      EXPECT_FALSE(request.keep);
    }
    EXPECT_FALSE(request.label.empty());
    EXPECT_FALSE(request.reason.empty());
  }
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups["north"].size(), 1U);
  EXPECT_NE(groups["north"], groups["south"]);
}

TEST(OpenNight, SaysWhatIsMissingAndGoesOn) {
  FakeReader reader;
  Exposure old_flat = exposure_of("north", ImageType::flat, 0);
  old_flat.mjd_mid -= 40;
  old_flat.mjd_begin -= 40;
  add(reader, old_flat);
  add(reader, exposure_of("north", ImageType::flat, 1, "g"));
  add(reader, exposure_of("north", ImageType::science, 0));
  Exposure unknown = exposure_of("north", ImageType::unknown, 0);
  unknown.mjd_mid = unknown.mjd_begin = kUnknown;
  add(reader, unknown);
  const TaskOutput output = run(open_night_task(), reader);
  EXPECT_EQ(count_by_task(output.requests),
            (std::map<std::string, int>{
                {"calibrate_frame", 1}, {"choose_anchor", 1}, {"measure_frame", 1}}));
  const Table& plan = output.artifact.as<TableSet>().at("exposures");
  EXPECT_NE(plan.get<std::string>("decision")[0].find("no flat for filter r within 30 days"),
            std::string::npos);
  EXPECT_EQ(check_graph(output.requests), 3);
}

TEST(OpenNight, HandsOnTheSettings) {
  FakeReader reader;
  add(reader, exposure_of("north", ImageType::science, 0));
  reader.add("settings", "document",
             Artifact::of("document", std::string(R"({"measure_frame": {"threshold_snr": "7"}})")));
  for (const Request& request : run(open_night_task(), reader).requests) {
    if (request.task == "measure_frame") {
      EXPECT_EQ(request.parameters.at("threshold_snr"), "7");
    }
    if (request.task == "choose_anchor") {
      EXPECT_TRUE(request.input.has("settings"));
    }
  }
}

TEST(OpenNight, DoesNotDependOnTheOrderOfItsExposures) {
  FakeReader forward, backward;
  for (int i = 0; i < 4; ++i) {
    const InputRef ref{InputRef::From::lake, digest_of("e" + std::to_string(i)), "exposure"};
    for (FakeReader* reader : {&forward, &backward})
      reader->put(ref, Artifact::of("exposure", exposure_of("north", ImageType::science, i)));
    Bundle f = forward.bundle(), b = backward.bundle();
    f.entries.push_back({"exposure", ref});
    b.entries.insert(b.entries.begin(), {"exposure", ref});
    forward.set_bundle(f);
    backward.set_bundle(b);
  }
  const TaskTable table(all_tasks());
  const auto a = run(open_night_task(), forward).requests,
             b = run(open_night_task(), backward).requests;
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(table.key_of(a[i]), table.key_of(b[i]));
}

TEST(OpenNight, RefusesAnEmptyNight) {
  FakeReader reader;
  EXPECT_THROW(run(open_night_task(), reader), Error);
}

TableSet catalog_of(int sources) {
  std::vector<double> ra, dec, flux;
  std::vector<float> snr;
  for (int i = 0; i < sources; ++i) {
    ra.push_back(30 + 0.01 * i);
    dec.push_back(45);
    flux.push_back(1000);
    snr.push_back(100);
  }
  TableSet set;
  set.tables.emplace_back("sources")
      .add({"ra", "", "", "", ra})
      .add({"dec", "", "", "", dec})
      .add({"snr", "", "", "", snr})
      .add({"flux_psf", "", "", "", flux})
      .add({"flags", "", "", "", std::vector<std::int32_t>(static_cast<std::size_t>(sources), 0)});
  Wcs wcs;
  wcs.valid = true;
  wcs.reference = {30, 45};
  wcs.reference_pixel = {500, 500};
  wcs.cd = {-1 / 3600.0, 0, 0, 1 / 3600.0};
  set_wcs(set.facts, wcs);
  set.facts["fwhm_px"] = "2.5";
  return set;
}

/// The bundle that open_night gives to choose_anchor, or that to collect_targets, with catalogs of
/// `depths` sources; a negative depth: that catalog could not be made.
void add_frames(FakeReader& reader, const std::vector<int>& depths) {
  for (std::size_t i = 0; i < depths.size(); ++i) {
    add(reader, exposure_of("north", ImageType::science, static_cast<int>(i)));
    reader.add("frame", "frame", Artifact::of("frame", Frame{}));
    if (depths[i] >= 0) {
      reader.add("catalog", "catalog", Artifact::of("catalog", catalog_of(depths[i])));
    } else {
      Bundle bundle = reader.bundle();
      bundle.entries.push_back(
          {"catalog", {InputRef::From::job, digest_of("gone" + std::to_string(i)), "catalog"}});
      reader.set_bundle(bundle);
    }
  }
}

TEST(ChooseAnchor, RegistersAllToTheDeepestFrame) {
  FakeReader reader;
  add_frames(reader, {5, 9, -1, 7});
  const TaskOutput output = run(choose_anchor_task(), reader);
  EXPECT_EQ(count_by_task(output.requests),
            (std::map<std::string, int>{{"collect_targets", 1}, {"solve_astrometry", 3}}));
  EXPECT_EQ(output.artifact.as<TableSet>().facts.at("anchor"), "northscience1");
  const InputRef deepest = reader.bundle().with_role("catalog")[1];
  for (const Request& request : output.requests) {
    if (request.task == "solve_astrometry") {
      EXPECT_EQ(request.input.one("anchor"), deepest);
    }
  }
}

TEST(CollectTargets, AsksForForcedPhotometryThenCurvesThenDescription) {
  FakeReader reader;
  add_frames(reader, {5, 9, -1, 7, 9, 9});
  const TaskOutput output =
      run(collect_targets_task(), reader, {{"pixel_targets", "mine, northscience0, 500, 500"}});
  EXPECT_EQ(
      count_by_task(output.requests),
      (std::map<std::string, int>{
          {"build_light_curves", 1}, {"describe_light_curves", 1}, {"forced_photometry", 5}}));
  const Table& targets = output.artifact.as<TableSet>().at("targets");
  ASSERT_EQ(targets.rows(), 9U);
  EXPECT_EQ(targets.get<std::string>("name")[0], "mine");
  EXPECT_EQ(targets.get<std::string>("reason")[0], "user");
  // The list is an input of its own requests: by the key of the very job that makes it.
  Request self;
  self.task = "collect_targets";
  self.input = reader.bundle();
  self.parameters = {{"pixel_targets", "mine, northscience0, 500, 500"}};
  const Digest own = TaskTable(all_tasks()).key_of(self);
  for (const Request& request : output.requests) {
    if (request.task != "forced_photometry") continue;
    EXPECT_EQ(request.input.one("targets").name, own);
    EXPECT_EQ(request.parameters.at("aperture_radii_px"), "2,2.5,3,3.5,4,4.5,5,6.25,7.5");
  }
}

TEST(CollectTargets, AFieldWithoutWcsIsACaveat) {
  FakeReader reader;
  add(reader, exposure_of("north", ImageType::science, 0));
  reader.add("frame", "frame", Artifact::of("frame", Frame{}));
  TableSet catalog = catalog_of(3);
  set_wcs(catalog.facts, Wcs{});
  reader.add("catalog", "catalog", Artifact::of("catalog", catalog));
  const TaskOutput output = run(collect_targets_task(), reader);
  EXPECT_TRUE(output.requests.empty());
  EXPECT_TRUE(output.artifact.as<TableSet>().facts.contains("caveat_targets"));
}

TEST(CollectTargets, RefusesPixelTargetsThatAreNone) {
  FakeReader reader;
  add_frames(reader, {5});
  EXPECT_THROW(run(collect_targets_task(), reader, {{"pixel_targets", "mine,frame,5"}}), Error);
}

}  // namespace
}  // namespace polis
