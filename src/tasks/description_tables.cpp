#include "tasks/description_tables.h"

namespace polis {
namespace {

constexpr double kSecondsPerDay = 86400.0;

template <class T, class Get>
std::vector<T> column(const std::vector<CurveDescription>& descriptions, Get get) {
  std::vector<T> values;
  values.reserve(descriptions.size());
  for (const CurveDescription& d : descriptions) values.push_back(get(d));
  return values;
}

using D = CurveDescription;

void add_variability(Table& table, const std::vector<D>& all) {
  const auto numbers = [&](auto get) { return column<double>(all, get); };
  table
      .add({"points", "", "meta.number", "unflagged measurements",
            column<std::int32_t>(all,
                                 [](const D& d) { return static_cast<std::int32_t>(d.points); })})
      .add({"chi2", "", "stat.fit.chi2", "reduced, of a constant",
            numbers([](const D& d) { return d.chi2; })})
      .add({"amplitude", "", "", "5th to 95th percentile, relative",
            numbers([](const D& d) { return d.amplitude; })})
      .add({"trend_per_day", "1/d", "", "of a straight line, relative",
            numbers([](const D& d) { return d.trend_per_day; })})
      .add({"trend_snr", "", "stat.snr", "", numbers([](const D& d) { return d.trend_snr; })})
      .add({"periodic", "", "meta.code", "1: the period counts",
            column<std::int32_t>(all, [](const D& d) { return d.periodic ? 1 : 0; })})
      .add({"period", "d", "time.period", "of the highest peak",
            numbers([](const D& d) { return d.period_days; })})
      .add({"period_power", "", "", "generalised Lomb-Scargle, 0..1",
            numbers([](const D& d) { return d.period_power; })})
      .add({"effective_points", "", "meta.number", "independent ones, as red as the curve is",
            numbers([](const D& d) { return d.effective_points; })})
      .add({"false_alarm", "", "stat.probability", "of that peak, for noise so red",
            numbers([](const D& d) { return d.false_alarm; })})
      .add({"phase_dispersion", "", "", "at that period",
            numbers([](const D& d) { return d.phase_dispersion; })});
}

void add_dips(Table& table, const std::vector<D>& all) {
  const auto numbers = [&](auto get) { return column<double>(all, get); };
  table
      .add({"dip", "", "meta.code", "1: a transit-like dip counts",
            column<std::int32_t>(all, [](const D& d) { return d.has_dip ? 1 : 0; })})
      .add({"dip_depth", "", "", "of the box, relative",
            numbers([](const D& d) { return d.dip.depth; })})
      .add({"dip_depth_err", "", "stat.error", "red noise included",
            numbers([](const D& d) { return d.dip.depth_err; })})
      .add({"dip_mid_time", "d", "time.epoch", "",
            numbers([](const D& d) { return d.dip.mid_time; })})
      .add({"dip_duration", "d", "time.duration", "of the box",
            numbers([](const D& d) { return d.dip.duration; })})
      .add({"dip_period", "d", "time.period", "0: seen once",
            numbers([](const D& d) { return d.dip.period; })})
      .add({"dip_snr", "", "stat.snr", "red noise included",
            numbers([](const D& d) { return d.dip_snr; })})
      .add({"dip_false_alarm", "", "stat.probability", "trials counted",
            numbers([](const D& d) { return d.dip_false_alarm; })});
}

void add_transits(Table& table, const std::vector<D>& all) {
  const auto fitted = [&](auto get) {
    return column<double>(
        all, [&](const D& d) { return d.transit.converged ? get(d.transit) : kUnknown; });
  };
  using F = TransitFit;
  table
      .add({"radius_ratio", "", "", "of the transiting body to the star",
            fitted([](const F& f) { return f.transit.radius_ratio; })})
      .add({"radius_ratio_err", "", "stat.error", "1 sigma",
            fitted([](const F& f) { return f.radius_ratio_err; })})
      .add({"transit_mid_time", "d", "time.epoch", "",
            fitted([](const F& f) { return f.transit.mid_time; })})
      .add({"transit_mid_time_err", "s", "stat.error", "1 sigma",
            fitted([](const F& f) { return f.mid_time_err * kSecondsPerDay; })})
      .add({"transit_duration", "d", "time.duration", "first to last contact",
            fitted([](const F& f) { return f.transit.duration(); })})
      .add({"transit_impact", "", "", "least separation, stellar radii",
            fitted([](const F& f) { return f.transit.impact; })})
      .add({"transit_speed", "1/d", "", "stellar radii per day",
            fitted([](const F& f) { return f.transit.speed; })})
      .add({"transit_level", "", "", "light out of transit at mid-time, over the median",
            fitted([](const F& f) { return f.transit.level; })})
      .add({"transit_slope", "1/d", "", "of that light",
            fitted([](const F& f) { return f.transit.slope; })})
      .add({"transit_chi2", "", "stat.fit.chi2", "reduced",
            fitted([](const F& f) { return f.chi2; })})
      .add({"transit_rms", "", "stat.stdev", "of the residuals, relative",
            fitted([](const F& f) { return f.residual_rms; })});
}

}  // namespace

Table descriptions_table(const std::vector<StarCurve>& curves,
                         const std::vector<CurveDescription>& descriptions) {
  std::vector<std::int64_t> id;
  std::vector<std::string> name;
  std::vector<double> ra, dec, flux, scatter, expected;
  for (const StarCurve& c : curves) {
    id.push_back(c.id);
    name.push_back(c.name);
    ra.push_back(c.position.ra_deg);
    dec.push_back(c.position.dec_deg);
    flux.push_back(c.median_flux);
    scatter.push_back(c.scatter);
    expected.push_back(c.expected);
  }
  Table table("descriptions");
  table.add({"star", "", "meta.id", "id in the list of targets", std::move(id)})
      .add({"name", "", "meta.id", "given by a person", std::move(name)})
      .add({"ra", "deg", "pos.eq.ra", "ICRS", std::move(ra)})
      .add({"dec", "deg", "pos.eq.dec", "ICRS", std::move(dec)})
      .add({"median_flux", "electron", "phot.count", "", std::move(flux)})
      .add({"scatter", "", "stat.stdev", "robust, relative", std::move(scatter)})
      .add({"expected", "", "stat.error", "median error, relative", std::move(expected)});
  add_variability(table, descriptions);
  add_dips(table, descriptions);
  add_transits(table, descriptions);
  return table;
}

}  // namespace polis
