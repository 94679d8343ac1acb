#include "formats/alert_exits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "formats/alert_schema.h"
#include "formats/avro_container.h"

namespace polis {
namespace {

/// A supernova in a galaxy with a limit and two detections, and an asteroid; one alert each.
AlertSet small_set() {
  AlertSet set;
  for (int f = 0; f < 3; ++f) {
    SearchedFrame frame;
    frame.exposure_id = "n" + std::to_string(f);
    frame.instrument = "camera";
    frame.detector = "0";
    frame.site = "hill";
    frame.physical_filter = "r";
    frame.network = "judge 3";
    frame.mjd_mid = 60000.0 + f;
    frame.exposure_time_s = 60;
    frame.limiting_mag = 20.5;
    frame.fwhm_px = 2.5;
    frame.reference_exposures = 12;
    frame.reference_mjd_first = 59000.5;
    frame.reference_mjd_last = 59100.5;
    set.frames.push_back(frame);
  }
  set.objects.resize(2);
  set.objects[0] = {.name = "PO23aaaaaaaaa", .tag = "galaxy", .ra_deg = 10, .dec_deg = -5};
  set.objects[0].frames_covered = 3;
  set.objects[1] = {.name = "PO23bbbbbbbbb", .tag = "moving", .ra_deg = 10.1, .dec_deg = -5.1};
  set.objects[1].moving = 1;
  set.objects[1].rate_ra_arcsec_per_h = 30;
  const auto detect = [&](int frame, int object, std::int64_t alert, double ra, double dec) {
    SkyDetection d;
    d.id = 1;
    d.frame = frame;
    d.object = object;
    d.alert = alert;
    d.ra_deg = ra;
    d.dec_deg = dec;
    d.x = 100;
    d.y = 200;
    d.mag = 18.25;
    d.mag_error = 0.05;
    d.snr = 20;
    d.p_real_transient = 0.97;
    d.p_noise = 0.03;
    d.label = "real_transient";
    set.detections.push_back(d);
  };
  detect(1, 0, 11, 10, -5);
  detect(2, 0, 12, 10, -5);
  detect(2, 1, 13, 10.1, -5.1);
  set.limits = {{0, 0}};
  for (std::int32_t row : {1, 2}) {
    const SkyDetection& d = set.detections[static_cast<std::size_t>(row)];
    Alert a;
    a.candid = d.alert;
    a.object = set.objects[static_cast<std::size_t>(d.object)].name;
    a.detection = row;
    a.exposure_id = "n2";
    a.site = "hill";
    a.physical_filter = "r";
    a.mjd_mid = 60002.0;
    a.ra_deg = d.ra_deg;
    a.dec_deg = d.dec_deg;
    a.mag = d.mag;
    a.mag_error = d.mag_error;
    a.snr = d.snr;
    a.p_real_transient = d.p_real_transient;
    a.label = d.label;
    a.earlier = row == 1 ? 1 : 0;
    set.alerts.push_back(a);
  }
  const char* names[] = {"science", "template", "difference"};
  NumberArray* arrays[] = {&set.science, &set.reference, &set.difference};
  for (std::size_t k = 0; k < 3; ++k) {
    *arrays[k] = {names[k], "electron", "", {2, 63, 63}, std::vector<float>(2 * 63 * 63, 1.0F)};
    arrays[k]->values[static_cast<std::size_t>(63 * 63 + 63 * 3 + 5)] =
        42.0F + static_cast<float>(k);
    arrays[k]->values[0] = std::nanf("");
  }
  return set;
}

using FieldTypes = std::map<std::string, std::string>;

/// "record.field" -> type as text, whether named types stand inline or in `files`.
void collect(const Json& type, const std::map<std::string, Json>& files, const std::string& path,
             FieldTypes& fields) {
  if (type.is_array()) {
    fields[path] += "?";
    return collect(type[1], files, path, fields);
  }
  if (type.is_string() && files.contains(type.get<std::string>()))
    return collect(files.at(type.get<std::string>()), files, path, fields);
  if (type.is_string()) {
    fields[path] += type.get<std::string>();
    return;
  }
  if (type["type"] == "array") {
    fields[path] += "array of ";
    return collect(type["items"], files, path, fields);
  }
  fields[path] +=
      "record " + type["namespace"].get<std::string>() + "." + type["name"].get<std::string>();
  std::string order;
  for (const Json& field : type["fields"]) {
    order += field["name"].get<std::string>() + " ";
    collect(field["type"], files, path + "." + field["name"].get<std::string>(), fields);
  }
  fields[path] += " of " + order;
}

TEST(AlertSchema, HasTheNamesAndTypesOfTheOriginal) {
  const std::string folder = std::string(POLIS_REAL_DATA_DIR) + "/ztf-alert-schema/schema/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "skipped: no real data";
  std::map<std::string, Json> files;
  for (const char* name : {"candidate", "prv_candidate", "fp_hist", "cutout"}) {
    std::ifstream in(folder + name + ".avsc");
    files["ztf.alert." + std::string(name)] = Json::parse(in);
  }
  std::ifstream in(folder + "alert.avsc");
  FieldTypes theirs, ours;
  collect(Json::parse(in), files, "alert", theirs);
  const Json mine = Json::parse(ztf_alert_schema());
  // The cut-out's type is written out once and named twice.
  std::map<std::string, Json> named;
  for (const Json& field : mine["fields"]) {
    if (field["name"] == "cutoutScience") named["ztf.alert.cutout"] = field["type"][1];
  }
  collect(mine, named, "alert", ours);
  EXPECT_GT(theirs.size(), 190U);
  EXPECT_EQ(ours, theirs);
}

TEST(AlertPackets, AreTheSameBytesForTheSameAlerts) {
  const AlertSet set = small_set();
  const Bytes first = write_alert_packets(set);
  EXPECT_EQ(first, write_alert_packets(set));
  EXPECT_EQ(as_text(first).substr(0, 3), "Obj");
  EXPECT_NE(write_alert_packet(set, set.alerts[0]), write_alert_packet(set, set.alerts[1]));
}

TEST(AlertPackets, AreReadByPython) {
  if (std::system(POLIS_PYTHON " -c 'import avro, astropy' 2>/dev/null") != 0)
    GTEST_SKIP() << "skipped: python3-avro is not installed";
  const std::string path = testing::TempDir() + "/alert_packets.avro";
  const Bytes bytes = write_alert_packets(small_set());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  const std::string program = testing::TempDir() + "/alert_packets.py";
  std::ofstream(program) << R"py(
import gzip, io, math, sys
import numpy as np
from avro.datafile import DataFileReader
from avro.io import DatumReader
from astropy.io import fits
alerts = list(DataFileReader(open(sys.argv[1], 'rb'), DatumReader()))
assert len(alerts) == 2
a, b = alerts
assert (a['objectId'], a['candid'], a['publisher'], a['schemavsn']) == ('PO23aaaaaaaaa', 12, 'Astropolis', '4.02')
c = a['candidate']
assert c['fid'] == 2 and c['isdiffpos'] == 't' and c['ra'] == 10 and c['xpos'] == 101
assert abs(c['magpsf'] - 18.25) < 1e-6 and abs(c['drb'] - 0.97) < 1e-6 and c['drbversion'] == 'judge 3'
assert abs(c['jd'] - (2460002.5 - 30 / 86400)) < 1e-7 and c['nframesref'] == 12 and c['ndethist'] == 2
assert math.isnan(c['ranr']) and c['rb'] is None and c['objectidps1'] is None
p = a['prv_candidates']
assert [q['candid'] for q in p] == [None, 11] and p[0]['magpsf'] is None and abs(p[0]['diffmaglim'] - 20.5) < 1e-6
assert b['prv_candidates'] is None and b['fp_hists'] is None
for k, name in enumerate(['cutoutScience', 'cutoutTemplate', 'cutoutDifference']):
    image = fits.open(io.BytesIO(gzip.decompress(b[name]['stampData'])), checksum=True)[0]
    assert image.data.shape == (63, 63) and image.data[3, 5] == 42 + k and image.header['CANDID'] == 13
    assert b[name]['fileName'].endswith('.fits.gz')
assert np.isnan(fits.open(io.BytesIO(gzip.decompress(a['cutoutScience']['stampData'])))[0].data[0, 0])
)py";
  EXPECT_EQ(
      std::system(
          (std::string(POLIS_PYTHON) + " -W error::UserWarning " + program + " " + path).c_str()),
      0);
}

/// The published packets, read with our schema as the reader's: what a ZTF consumer does.
TEST(AlertPackets, AConsumerOfZtfReadsOursAndOurSchemaReadsTheirs) {
  const std::string folder = std::string(POLIS_REAL_DATA_DIR) + "/ztf-alert-schema/data/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "skipped: no real data";
  if (std::system(POLIS_PYTHON " -c 'import avro' 2>/dev/null") != 0)
    GTEST_SKIP() << "skipped: python3-avro is not installed";
  const std::string ours = testing::TempDir() + "/ours.avro",
                    schema = testing::TempDir() + "/ours.avsc";
  const Bytes bytes = write_alert_packets(small_set());
  std::ofstream(ours, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  std::ofstream(schema) << ztf_alert_schema();
  const std::string program = testing::TempDir() + "/alert_consumer.py";
  std::ofstream(program) << R"py(
import glob, sys
import avro.schema
from avro.datafile import DataFileReader
from avro.io import DatumReader
ours = avro.schema.parse(open(sys.argv[2]).read())
samples = sorted(glob.glob(sys.argv[3] + '/*.avro'))
assert len(samples) == 2
for path in samples:
    reader = DataFileReader(open(path, 'rb'), DatumReader())
    packet = next(reader)
    assert packet['cutoutScience']['stampData'][:2] == b'\x1f\x8b'
    # Every field of the sample that the current schema still has is in ours.
    mine = list(DataFileReader(open(sys.argv[1], 'rb'), DatumReader()))[0]
    assert set(packet) <= set(mine) | {'fp_hists'}, set(packet) - set(mine)
    lost = set(packet['candidate']) - set(mine['candidate'])
    assert not lost, lost
)py";
  EXPECT_EQ(std::system((std::string(POLIS_PYTHON) + " " + program + " " + ours + " " + schema +
                         " " + folder)
                            .c_str()),
            0);
}

TEST(AvroContainer, RefusesWhatTheSchemaDoesNotAllow) {
  const std::string schema = R"({"type":"record","name":"r","fields":[
    {"name":"a","type":"int"},{"name":"b","type":["null","float"]}]})";
  const std::vector<Json> good{{{"a", 1}}, {{"a", 2}, {"b", 0.5}}};
  EXPECT_FALSE(write_avro(schema, good).empty());
  EXPECT_FALSE(write_avro(schema, {}).empty());
  for (const Json& bad : {Json{{"b", 1.0}}, Json{{"a", "text"}}, Json{{"a", 1}, {"c", 2}}, Json()})
    EXPECT_THROW(write_avro(schema, std::span(&bad, 1)), Error) << bad;
  EXPECT_THROW(write_avro("{", good), Error);
}

TEST(AlertLines, TellEverythingButPixels) {
  std::istringstream lines(write_alert_lines(small_set()));
  std::string line;
  std::getline(lines, line);
  const Json first = Json::parse(line);
  EXPECT_EQ(first["candid"], 12);
  EXPECT_EQ(first["object"]["tag"], "galaxy");
  EXPECT_EQ(first["history"].size(), 3U);
  EXPECT_EQ(first["history"][0]["fainter_than_mag"], 20.5);
  EXPECT_EQ(first["probabilities"]["real_transient"], 0.97);
  EXPECT_TRUE(first["fwhm_px"].is_null());
  EXPECT_EQ(first["utc_mid"], "2023-02-27T00:00:00.000");
  std::getline(lines, line);
  EXPECT_EQ(Json::parse(line)["object"]["rate_ra_arcsec_per_h"], 30.0);
  EXPECT_FALSE(std::getline(lines, line));
}

TEST(AlertRegions, ShowObjectsAndMotion) {
  const std::string text = write_alert_regions(small_set());
  EXPECT_NE(
      text.find("circle(10.0000000,-5.0000000,3.0\") # color=magenta text={PO23aaaaaaaaa 18.25}"),
      std::string::npos);
  EXPECT_NE(text.find("# vector(10.1000000,-5.1000000,30.00\",180.00)"), std::string::npos);
}

}  // namespace
}  // namespace polis
