#include <algorithm>
#include <cmath>
#include <string>

#include "base/random.h"
#include "simulate/columns.h"
#include "simulate/night.h"
#include "simulate/observation.h"

namespace polis {
namespace {

Table exposure_table(const Night& night) {
  using E = PlannedExposure;
  const auto& rows = night.exposures;
  Table t("exposures");
  t.add({"exposure_id", "", "meta.id", "", column_of(rows, [](const E& e) { return e.name; })});
  t.add({"site", "", "", "", column_of(rows, [&](const E& e) { return night.site_of(e).name; })});
  t.add({"image_type", "", "", "",
         column_of(rows, [](const E& e) { return std::string(name_of(e.type)); })});
  t.add({"filter", "", "", "", column_of(rows, [](const E& e) { return e.filter; })});
  t.add({"field", "", "", "",
         column_of(rows, [](const E& e) { return static_cast<std::int32_t>(e.field); })});
  t.add({"mjd_begin", "d", "time.start", "true UTC",
         column_of(rows, [](const E& e) { return e.mjd_begin; })});
  t.add({"exposure_s", "s", "time.duration", "",
         column_of(rows, [](const E& e) { return e.exposure_s; })});
  return t;
}

Table variable_table(const Night& night) {
  using V = Variable;
  const auto& rows = night.variables;
  Table t("variables");
  t.add({"id", "", "meta.id", "", column_of(rows, [](const V& v) { return v.star.id; })});
  t.add({"kind", "", "", "",
         column_of(rows, [](const V& v) { return std::string(name_of(v.kind)); })});
  t.add({"field", "", "", "",
         column_of(rows, [](const V& v) { return static_cast<std::int32_t>(v.field); })});
  t.add({"ra", "deg", "pos.eq.ra", "",
         column_of(rows, [](const V& v) { return v.star.position.ra_deg; })});
  t.add({"dec", "deg", "pos.eq.dec", "",
         column_of(rows, [](const V& v) { return v.star.position.dec_deg; })});
  t.add({"mag_r", "mag", "phot.mag", "mean; peak of a supernova",
         column_of(rows, [](const V& v) { return v.star.mag[1]; })});
  t.add(
      {"period", "d", "time.period", "", column_of(rows, [](const V& v) { return v.period_day; })});
  t.add({"epoch_mjd", "d", "time.epoch", "",
         column_of(rows, [](const V& v) { return v.epoch_mjd; })});
  t.add({"amplitude", "mag", "", "", column_of(rows, [](const V& v) { return v.amplitude_mag; })});
  t.add({"radius_ratio", "", "", "", column_of(rows, [](const V& v) { return v.radius_ratio; })});
  t.add({"width", "", "", "part of the period; days for a flare",
         column_of(rows, [](const V& v) { return v.width; })});
  t.add({"host", "", "meta.id", "galaxy", column_of(rows, [](const V& v) { return v.host; })});
  return t;
}

Table asteroid_table(const Night& night) {
  using A = Asteroid;
  const auto& rows = night.asteroids;
  Table t("asteroids");
  t.add({"id", "", "meta.id", "", column_of(rows, [](const A& a) { return a.id; })});
  t.add({"field", "", "", "",
         column_of(rows, [](const A& a) { return static_cast<std::int32_t>(a.field); })});
  t.add({"mjd", "d", "time.epoch", "of the position",
         column_of(rows, [](const A& a) { return a.mjd; })});
  t.add({"ra", "deg", "pos.eq.ra", "",
         column_of(rows, [](const A& a) { return a.position.ra_deg; })});
  t.add({"dec", "deg", "pos.eq.dec", "",
         column_of(rows, [](const A& a) { return a.position.dec_deg; })});
  t.add({"ra_rate", "arcsec/h", "", "with cos(dec)",
         column_of(rows, [](const A& a) { return a.ra_rate_arcsec_h; })});
  t.add({"dec_rate", "arcsec/h", "", "",
         column_of(rows, [](const A& a) { return a.dec_rate_arcsec_h; })});
  t.add({"mag_r", "mag", "phot.mag", "", column_of(rows, [](const A& a) { return a.mag[1]; })});
  return t;
}

struct LightPoint {
  std::int64_t id;
  std::string exposure, filter;
  double mjd, mag;
};

/// True magnitude of each variable at each exposure of its field.
Table light_curve_table(const Night& night) {
  std::vector<LightPoint> points;
  for (const Variable& v : night.variables) {
    for (const PlannedExposure& e : night.exposures) {
      if (e.type != ImageType::science || e.field != v.field) continue;
      const Band band = band_of(e.filter);
      const double mag =
          v.star.mag[static_cast<std::size_t>(band)] + brightening(v, band, e.mjd_mid());
      points.push_back({v.star.id, e.name, e.filter, e.mjd_mid(), mag});
    }
  }
  using P = LightPoint;
  Table t("light_curves");
  t.add(
      {"id", "", "meta.id", "of the variable", column_of(points, [](const P& p) { return p.id; })});
  t.add({"exposure_id", "", "", "", column_of(points, [](const P& p) { return p.exposure; })});
  t.add({"filter", "", "", "", column_of(points, [](const P& p) { return p.filter; })});
  t.add({"mjd_mid", "d", "time.epoch", "true UTC",
         column_of(points, [](const P& p) { return p.mjd; })});
  t.add({"mag", "mag", "phot.mag", "", column_of(points, [](const P& p) { return p.mag; })});
  return t;
}

/// A catalogue entry: the truth with errors.
struct Entry {
  std::int64_t id;
  SkyPosition position;
  double position_err, pmra, pmdec;
  Magnitudes mag, err;
};

Entry entry_of(const Scene& scene, const Star& star) {
  RandomStream random(scene.seed, "catalogue", static_cast<std::uint64_t>(star.id));
  const double r = star.mag[1];
  // Gaia DR3: 0.02 mas to 13 mag, then photon noise; a ground-based survey's photometry.
  const double position_err = std::hypot(0.02, 0.02 * std::pow(10.0, 0.2 * (r - 14.0)));
  const auto at = [&](double start, double err) { return start + err * random.normal(); };
  Entry entry{star.id, {}, position_err, at(star.pmra, position_err), at(star.pmdec, position_err),
              {},      {}};
  const double to_deg = 1.0 / 3.6e6;
  entry.position.dec_deg = at(star.position.dec_deg, position_err * to_deg);
  entry.position.ra_deg =
      at(star.position.ra_deg,
         position_err * to_deg / std::cos(star.position.dec_deg * 0.017453292519943295));
  for (std::size_t b = 0; b < 3; ++b) {
    entry.err[b] = std::hypot(0.004, 0.02 * std::pow(10.0, 0.3 * (star.mag[b] - 19.0)));
    entry.mag[b] = at(star.mag[b], entry.err[b]);
  }
  return entry;
}

/// How far around a field the catalogue reaches: the frame, wherever its header may say it is.
double reach_deg(const Scene& scene) {
  double reach = 0.0;
  for (const SceneSite& s : scene.sites) {
    const double frame = 0.5 * std::hypot(s.width, s.height) * s.pixel_scale_arcsec / 3600.0;
    reach = std::max(
        reach,
        1.3 * frame + (s.header_pointing_offset_arcmin + 4.0 * s.pointing_error_arcmin) / 60.0);
  }
  return reach + 0.05;
}

std::vector<Entry> entries_of(const Night& night) {
  const Scene& scene = night.scene;
  std::vector<Entry> entries;
  for (const SkyPosition& field : scene.fields) {
    for (const Star& star : stars_in(scene, {field, reach_deg(scene)})) {
      if (star.mag[1] <= scene.reference_faint_mag) entries.push_back(entry_of(scene, star));
    }
  }
  for (const Variable& v : night.variables) {
    if (v.kind != VariableKind::supernova && v.star.mag[1] <= scene.reference_faint_mag) {
      entries.push_back(entry_of(scene, v.star));
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.id < b.id; });
  entries.erase(std::unique(entries.begin(), entries.end(),
                            [](const Entry& a, const Entry& b) { return a.id == b.id; }),
                entries.end());
  return entries;
}

}  // namespace

TableSet truth_of_night(const Night& night) {
  TableSet truth;
  truth.tables = {exposure_table(night), variable_table(night), asteroid_table(night),
                  light_curve_table(night)};
  truth.facts = {{"preset", night.scene.preset}, {"seed", std::to_string(night.scene.seed)}};
  return truth;
}

TableSet reference_catalog(const Night& night) {
  using E = Entry;
  const std::vector<Entry> rows = entries_of(night);
  Table t("stars");
  t.add({"id", "", "meta.id", "", column_of(rows, [](const E& e) { return e.id; })});
  t.add({"ra", "deg", "pos.eq.ra", "at epoch",
         column_of(rows, [](const E& e) { return e.position.ra_deg; })});
  t.add({"dec", "deg", "pos.eq.dec", "at epoch",
         column_of(rows, [](const E& e) { return e.position.dec_deg; })});
  t.add({"ra_err", "mas", "stat.error;pos.eq.ra", "",
         column_of(rows, [](const E& e) { return e.position_err; })});
  t.add({"dec_err", "mas", "stat.error;pos.eq.dec", "",
         column_of(rows, [](const E& e) { return e.position_err; })});
  t.add({"pmra", "mas/yr", "pos.pm;pos.eq.ra", "with cos(dec)",
         column_of(rows, [](const E& e) { return e.pmra; })});
  t.add({"pmdec", "mas/yr", "pos.pm;pos.eq.dec", "",
         column_of(rows, [](const E& e) { return e.pmdec; })});
  t.add(
      {"epoch", "yr", "time.epoch", "", column_of(rows, [](const E&) { return kCatalogueEpoch; })});
  constexpr const char* kBands[] = {"mag_g", "mag_r", "mag_i"};
  for (std::size_t b = 0; b < 3; ++b) {
    t.add({kBands[b], "mag", "phot.mag", "AB",
           column_of(rows, [&](const E& e) { return e.mag[b]; })});
    t.add({std::string(kBands[b]) + "_err", "mag", "stat.error;phot.mag", "",
           column_of(rows, [&](const E& e) { return e.err[b]; })});
  }
  TableSet set;
  set.tables.push_back(std::move(t));
  return set;
}

}  // namespace polis
