#include "formats/artifact.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/random.h"
#include "formats/manifest.h"
#include "sky/table.h"

namespace polis {
namespace {

const Facts kProvenance{{"task", "make_it"}, {"version", "3"}, {"empty", ""}};

Exposure some_exposure() {
  Exposure e;
  e.exposure_id = "n0012";
  e.site = "trinity";
  e.instrument = "cam \"1\"";
  e.type = ImageType::flat;
  e.physical_filter = "r";
  e.mjd_begin = 60000.1234567890123;
  e.exposure_time_s = 0.1;
  e.linearity = {1e-7, -3.3e-13};
  e.width = 20;
  e.height = 10;
  e.amplifiers = {{{0, 0, 10, 10}, {20, 0, 4, 10}, {0.0, 0.0}, 1.7, 5.25},
                  {{10, 0, 10, 10}, {}, {10.0, 0.0}, 1.9, 5.5}};
  e.wcs.valid = true;
  e.wcs.reference = {123.456789012345, -45.6};
  e.wcs.reference_pixel = {9.5, 4.5};
  e.wcs.cd = {-1.0 / 3600, 1e-9, 2e-9, 1.0 / 3600};
  e.wcs.sip_order = 2;
  e.wcs.sip_a = e.wcs.sip_b = std::vector<double>(sip_size(2), 1.0 / 3.0);
  e.raw = digest_of("raw");
  e.caveats = {"header: odd"};
  e.extra = {{"wind", "3 m/s"}};
  return e;
}

void expect_equal(const Exposure& a, const Exposure& b) {
  EXPECT_EQ(a.exposure_id, b.exposure_id);
  EXPECT_EQ(a.instrument, b.instrument);
  EXPECT_EQ(a.type, b.type);
  EXPECT_EQ(a.mjd_begin, b.mjd_begin);
  EXPECT_EQ(std::isnan(a.airmass), std::isnan(b.airmass));
  EXPECT_EQ(a.linearity, b.linearity);
  EXPECT_EQ(a.amplifiers, b.amplifiers);
  EXPECT_EQ(a.wcs, b.wcs);
  EXPECT_EQ(a.raw, b.raw);
  EXPECT_EQ(a.caveats, b.caveats);
  EXPECT_EQ(a.extra, b.extra);
}

Frame some_frame() {
  Frame frame;
  frame.exposure = some_exposure();
  frame.unit = "electron";
  frame.wcs = frame.exposure.wcs;
  frame.facts = {{"sky_level_e", "12.5"}};
  frame.pixels = Plane<float>(37, 11);
  frame.variance = Plane<float>(37, 11, 4.0f);
  frame.mask = Plane<MaskPixel>(37, 11);
  RandomStream random(1, "frame");
  for (std::ptrdiff_t i = 0; i < frame.pixels.size(); ++i)
    frame.pixels.data()[i] = static_cast<float>(100.0 + 10.0 * random.normal());
  frame.pixels(0, 0) = std::numeric_limits<float>::quiet_NaN();
  frame.pixels(1, 0) = -0.0f;
  frame.variance(2, 0) = std::numeric_limits<float>::infinity();
  frame.mask(3, 4) = mask_bits::cosmic_ray | 0x80000000u;
  frame.mask(36, 10) = 0xffffffffu;
  return frame;
}

bool same_bits(const Plane<float>& a, const Plane<float>& b) {
  return a.width() == b.width() && a.height() == b.height() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(float)) == 0;
}

TableSet some_tables() {
  Table sources("sources");
  sources.add({"id", "", "meta.id", "row", std::vector<std::int64_t>{1, 2, 1LL << 60}});
  sources.add({"x", "pix", "pos.cartesian.x", "", std::vector<double>{0.1, kUnknown, -3.0}});
  sources.add({"snr", "", "", "", std::vector<float>{1.5f, 2.5f, 3.5f}});
  sources.add({"flags", "", "", "", std::vector<std::int32_t>{0, -1, 7}});
  sources.add({"name", "", "", "", std::vector<std::string>{"a", "", "longer name"}});
  sources.facts = {{"size", "25"}};
  Table empty("empty");
  empty.add({"x", "pix", "", "", std::vector<double>{}});
  empty.add({"s", "", "", "", std::vector<std::string>{}});
  return {{sources, empty}, {{"fwhm_px", "2.5"}, {"note", ""}}};
}

void expect_equal(const TableSet& a, const TableSet& b) {
  EXPECT_EQ(a.facts, b.facts);
  ASSERT_EQ(a.tables.size(), b.tables.size());
  for (std::size_t t = 0; t < a.tables.size(); ++t) {
    EXPECT_EQ(a.tables[t].name(), b.tables[t].name());
    EXPECT_EQ(a.tables[t].facts, b.tables[t].facts);
    ASSERT_EQ(a.tables[t].columns().size(), b.tables[t].columns().size());
    for (std::size_t c = 0; c < a.tables[t].columns().size(); ++c) {
      const Column& left = a.tables[t].columns()[c];
      const Column& right = b.tables[t].columns()[c];
      EXPECT_EQ(left.name, right.name);
      EXPECT_EQ(left.unit, right.unit);
      EXPECT_EQ(left.ucd, right.ucd);
      EXPECT_EQ(left.description, right.description);
      EXPECT_EQ(left.values.index(), right.values.index());
    }
  }
}

TEST(Artifact, ExposureComesBackExactly) {
  const Artifact first = Artifact::of("exposure", some_exposure(), kProvenance);
  const Artifact again = Artifact::from_bytes("exposure", first.bytes());
  expect_equal(again.as<Exposure>(), some_exposure());
  EXPECT_EQ(again.provenance(), kProvenance);
  EXPECT_EQ(Artifact::of("exposure", again.as<Exposure>(), again.provenance()).digest(),
            first.digest());
}

TEST(Artifact, LayersOfAFrameComeBack) {
  Frame frame = some_frame();
  frame.layers["SCORE"] = frame.variance;
  const Artifact artifact = Artifact::of("frame", frame);
  const Frame again = Artifact::from_bytes("frame", artifact.bytes()).as<Frame>();
  ASSERT_EQ(again.layers.size(), 1u);
  EXPECT_TRUE(same_bits(again.layers.at("SCORE"), frame.variance));
  frame.layers["SCI"] = frame.variance;
  EXPECT_THROW(Artifact::of("frame", frame).bytes(), Error);
  frame.layers.erase("SCI");
  frame.layers["SMALL"] = Plane<float>(2, 2);
  EXPECT_THROW(Artifact::of("frame", frame).bytes(), Error);
}

TEST(Artifact, FrameComesBackBitForBit) {
  const Frame frame = some_frame();
  const Artifact first = Artifact::of("frame", frame, kProvenance);
  const Artifact again = Artifact::from_bytes("frame", first.bytes());
  EXPECT_TRUE(same_bits(again.as<Frame>().pixels, frame.pixels));
  EXPECT_TRUE(same_bits(again.as<Frame>().variance, frame.variance));
  EXPECT_EQ(again.as<Frame>().mask, frame.mask);
  EXPECT_EQ(again.as<Frame>().unit, "electron");
  EXPECT_EQ(again.as<Frame>().wcs, frame.wcs);
  EXPECT_EQ(again.as<Frame>().facts, frame.facts);
  expect_equal(again.as<Frame>().exposure, frame.exposure);
  EXPECT_EQ(again.provenance(), kProvenance);
  EXPECT_EQ(Artifact::of("frame", again.as<Frame>(), again.provenance()).digest(), first.digest());
}

TEST(Artifact, FrameWithoutVarianceAndMask) {
  Frame frame = some_frame();
  frame.variance = {};
  frame.mask = {};
  frame.wcs = {};
  const Artifact again = Artifact::from_bytes("frame", Artifact::of("frame", frame).bytes());
  EXPECT_TRUE(again.as<Frame>().variance.empty());
  EXPECT_TRUE(again.as<Frame>().mask.empty());
  EXPECT_FALSE(again.as<Frame>().wcs.valid);
}

TEST(Artifact, TablesComeBackExactly) {
  const Artifact first = Artifact::of("catalog", some_tables(), kProvenance);
  const Artifact again = Artifact::from_bytes("catalog", first.bytes());
  const auto& tables = again.as<TableSet>();
  expect_equal(tables, some_tables());
  EXPECT_EQ(tables.at("sources").get<std::string>("name"),
            (std::vector<std::string>{"a", "", "longer name"}));
  EXPECT_EQ(tables.at("sources").get<std::int64_t>("id")[2], 1LL << 60);
  EXPECT_TRUE(std::isnan(tables.at("sources").get<double>("x")[1]));
  EXPECT_EQ(again.provenance(), kProvenance);
  EXPECT_EQ(Artifact::of("catalog", tables, again.provenance()).digest(), first.digest());
}

TEST(Artifact, ManifestBundleAndDocumentComeBackExactly) {
  Manifest manifest{3, {}};
  for (int i = 0; i < 3; ++i) {
    Request r;
    r.task = "forced_photometry";
    r.input.entries = {{"frame", {InputRef::From::job, digest_of("j"), "frame"}},
                       {"targets", {InputRef::From::lake, digest_of("t"), "targets"}}};
    r.parameters = {{"radius_px", "3"}};
    r.priority = i;
    r.deadline_mjd = 60000.5;
    r.reason = "a \"new\" source\n";
    r.keep = i != 1;
    manifest.requests.push_back(r);
  }
  const Artifact first = Artifact::of("manifest", manifest, kProvenance);
  const Artifact again = Artifact::from_bytes("manifest", first.bytes());
  ASSERT_EQ(again.as<Manifest>().requests.size(), 3u);
  EXPECT_EQ(again.as<Manifest>().round, 3);
  EXPECT_EQ(again.as<Manifest>().requests[2].input, manifest.requests[2].input);
  EXPECT_EQ(again.as<Manifest>().requests[1].keep, false);
  EXPECT_EQ(again.as<Manifest>().requests[0].reason, "a \"new\" source\n");
  EXPECT_EQ(Artifact::of("manifest", again.as<Manifest>(), again.provenance()).digest(),
            first.digest());

  const Manifest none{1, {}};
  EXPECT_TRUE(Artifact::from_bytes("manifest", Artifact::of("manifest", none).bytes())
                  .as<Manifest>()
                  .requests.empty());

  const Artifact bundle = Artifact::of("bundle", manifest.requests[0].input, kProvenance);
  EXPECT_EQ(Artifact::from_bytes("bundle", bundle.bytes()).as<Bundle>(),
            manifest.requests[0].input);

  const std::string text = "{\"a\":  [1, 2.50],\n \"b\": null}";
  const Artifact document = Artifact::of("document", text, kProvenance);
  EXPECT_EQ(Artifact::from_bytes("document", document.bytes()).as<std::string>(), text);
  EXPECT_EQ(Artifact::from_bytes("document", document.bytes()).provenance(), kProvenance);
}

TEST(Artifact, ProvenanceCanBeReplaced) {
  const Artifact first = Artifact::of("catalog", some_tables());
  const Artifact other = first.with_provenance({{"task", "x"}});
  EXPECT_NE(first.digest(), other.digest());
  EXPECT_EQ(&first.as<TableSet>(), &other.as<TableSet>());
}

TEST(Artifact, RefusesUnknownKindsAndWrongTypes) {
  EXPECT_THROW(Artifact::of("nonsense", some_tables()), Error);
  EXPECT_THROW(Artifact::of("frame", some_tables()), Error);
  EXPECT_THROW(Artifact::of("catalog", some_tables()).as<Frame>(), Error);
  EXPECT_THROW(Artifact::from_bytes("catalog", to_bytes("no")).as<TableSet>(), Error);
}

TEST(JobKey, DependsOnAllThatDefinesAJob) {
  const Bundle input{{{"raw", {InputRef::From::lake, digest_of("a"), "exposure"}}}};
  const Digest key = job_key("calibrate", 1, {{"p", "1"}}, input);
  EXPECT_EQ(key, job_key("calibrate", 1, {{"p", "1"}}, input));
  EXPECT_NE(key, job_key("calibrat", 1, {{"p", "1"}}, input));
  EXPECT_NE(key, job_key("calibrate", 2, {{"p", "1"}}, input));
  EXPECT_NE(key, job_key("calibrate", 1, {{"p", "2"}}, input));
  EXPECT_NE(key, job_key("calibrate", 1, {{"p", "1"}}, Bundle{{{"row", input.entries[0].ref}}}));
  Bundle from_job = input;
  from_job.entries[0].ref.from = InputRef::From::job;
  EXPECT_NE(key, job_key("calibrate", 1, {{"p", "1"}}, from_job));
}

}  // namespace
}  // namespace polis
