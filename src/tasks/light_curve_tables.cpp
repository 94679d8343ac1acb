#include "tasks/light_curve_tables.h"

#include <unordered_map>

namespace polis {

Table stars_table(const std::vector<StarCurve>& curves) {
  std::vector<std::int64_t> id;
  std::vector<std::string> name, reason, method;
  std::vector<double> ra, dec, aperture, median, scatter, expected;
  std::vector<std::int32_t> comparison, points;
  for (const StarCurve& c : curves) {
    id.push_back(c.id);
    name.push_back(c.name);
    reason.push_back(c.reason);
    ra.push_back(c.position.ra_deg);
    dec.push_back(c.position.dec_deg);
    method.emplace_back(c.psf ? "psf" : "aperture");
    aperture.push_back(c.aperture_px);
    median.push_back(c.median_flux);
    scatter.push_back(c.scatter);
    expected.push_back(c.expected);
    comparison.push_back(c.comparison ? 1 : 0);
    points.push_back(static_cast<std::int32_t>(c.time.size()));
  }
  Table table("stars");
  table.add({"id", "", "meta.id", "id in the list of targets", std::move(id)})
      .add({"name", "", "meta.id", "given by a person", std::move(name)})
      .add({"ra", "deg", "pos.eq.ra", "ICRS", std::move(ra)})
      .add({"dec", "deg", "pos.eq.dec", "ICRS", std::move(dec)})
      .add({"reason", "", "meta.note", "why it is followed", std::move(reason)})
      .add({"points", "", "meta.number", "measurements", std::move(points)})
      .add({"median_flux", "electron", "phot.count", "above the sky", std::move(median)})
      .add({"scatter", "", "stat.stdev", "robust, relative to the median flux", std::move(scatter)})
      .add({"expected", "", "stat.error", "median error, relative to the median flux",
            std::move(expected)})
      .add({"method", "", "meta.code", "aperture or psf: the less noisy for this star",
            std::move(method)})
      .add({"aperture_px", "pix", "", "radius of the circle that was taken; 0: none",
            std::move(aperture)})
      .add({"comparison", "", "meta.code", "1: one of the ensemble", std::move(comparison)});
  return table;
}

Table points_table(const std::vector<StarCurve>& curves) {
  std::vector<std::int64_t> star;
  std::vector<std::int32_t> frame, flags;
  std::vector<double> time, flux, error, x, y;
  for (const StarCurve& c : curves) {
    star.insert(star.end(), c.time.size(), c.id);
    frame.insert(frame.end(), c.frame.begin(), c.frame.end());
    time.insert(time.end(), c.time.begin(), c.time.end());
    flux.insert(flux.end(), c.flux.begin(), c.flux.end());
    error.insert(error.end(), c.flux_err.begin(), c.flux_err.end());
    x.insert(x.end(), c.x.begin(), c.x.end());
    y.insert(y.end(), c.y.begin(), c.y.end());
    flags.insert(flags.end(), c.flags.begin(), c.flags.end());
  }
  Table table("points");
  table.add({"star", "", "meta.id", "id in the table of stars", std::move(star)})
      .add({"frame", "", "meta.id", "row in the table of frames, from 0", std::move(frame)})
      .add({"time", "d", "time.epoch", "mid-exposure, in the facts' time_system", std::move(time)})
      .add({"flux", "electron", "phot.count", "at the transparency of the median frame",
            std::move(flux)})
      .add({"flux_err", "electron", "stat.error;phot.count",
            "1 sigma, zero point and noise floor included", std::move(error)})
      .add({"x", "pix", "pos.cartesian.x", "on the frame", std::move(x)})
      .add({"y", "pix", "pos.cartesian.y", "on the frame", std::move(y)})
      .add({"flags", "", "meta.code.qual", "1 outlier, 4 saturated, 16 spoilt pixels",
            std::move(flags)});
  return table;
}

std::vector<StarCurve> read_curves(const TableSet& set) {
  const Table& stars = set.at("stars");
  const Table& points = set.at("points");
  std::vector<StarCurve> curves(stars.rows());
  std::unordered_map<std::int64_t, std::size_t> row_of;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    StarCurve& c = curves[i];
    c.id = stars.get<std::int64_t>("id")[i];
    c.name = stars.get<std::string>("name")[i];
    c.reason = stars.get<std::string>("reason")[i];
    c.position = {stars.get<double>("ra")[i], stars.get<double>("dec")[i]};
    c.psf = stars.has("method") && stars.get<std::string>("method")[i] == "psf";
    c.aperture_px = stars.get<double>("aperture_px")[i];
    c.comparison = stars.get<std::int32_t>("comparison")[i] != 0;
    c.median_flux = stars.get<double>("median_flux")[i];
    c.scatter = stars.get<double>("scatter")[i];
    c.expected = stars.get<double>("expected")[i];
    row_of[c.id] = i;
  }
  const auto& star = points.get<std::int64_t>("star");
  const auto& frame = points.get<std::int32_t>("frame");
  const auto& flags = points.get<std::int32_t>("flags");
  const auto &time = points.get<double>("time"), &flux = points.get<double>("flux"),
             &error = points.get<double>("flux_err"), &x = points.get<double>("x"),
             &y = points.get<double>("y");
  for (std::size_t i = 0; i < points.rows(); ++i) {
    const auto found = row_of.find(star[i]);
    if (found == row_of.end()) continue;
    StarCurve& c = curves[found->second];
    c.frame.push_back(frame[i]);
    c.time.push_back(time[i]);
    c.flux.push_back(flux[i]);
    c.flux_err.push_back(error[i]);
    c.x.push_back(x[i]);
    c.y.push_back(y[i]);
    c.flags.push_back(flags[i]);
  }
  return curves;
}

}  // namespace polis
