#include "sky/cross_match.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>

#include "kernels/neighbours.h"
#include "kernels/source_flags.h"
#include "sky/catalog_stars.h"
#include "sky/photometry.h"
#include "sky/time.h"
#include "sky/wcs_facts.h"

namespace polis {
namespace {

constexpr double kDetected = 5.0;  // S/N of the limiting magnitude: what is brighter is detected
constexpr double kAssumedReferenceError = 0.02;  // docs/formats/reference_catalog.md
constexpr std::int32_t kUntrusted = source_flags::saturated | source_flags::edge |
                                    source_flags::psf_failed | source_flags::too_large |
                                    source_flags::incomplete;

std::string sentence(const char* format, double a, double b = 0.0) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), format, a, b);
  return text.data();
}

/// One row of table `matches`.
struct Row {
  std::string kind, reason;
  std::int64_t id = 0, reference_id = 0;
  SkyPosition position;
  double x = kUnknown, y = kUnknown;
  Identification match;
  double snr = kUnknown, mag = kUnknown, mag_err = kUnknown, reference_mag = kUnknown,
         delta_sigma = kUnknown;
};

class CrossMatcher {
 public:
  CrossMatcher(const TableSet& catalog, const Exposure& exposure, const TableSet& reference,
               const CrossMatchOptions& options)
      : sources_(catalog.at("sources")),
        exposure_(exposure),
        stars_(reference.at("stars")),
        options_(options),
        facts_(catalog.facts),
        wcs_(wcs_from(catalog.facts)) {
    read_columns();
  }
  std::vector<Row> run();

 private:
  void read_columns();
  void identify();
  Row row_of_source(std::size_t i) const;
  void judge_matched(Row& row, std::size_t i, std::size_t j) const;
  void judge_unmatched(Row& row, std::size_t i) const;
  void add_missing(std::vector<Row>& rows) const;
  double expected_snr(double magnitude) const;
  double least_snr(std::size_t j) const;

  const Table& sources_;
  const Exposure& exposure_;
  const Table& stars_;
  CrossMatchOptions options_;
  const Facts& facts_;
  Wcs wcs_;
  bool calibrated_ = false;
  double zero_point_error_ = 0.0;      // with the scatter that the zero point's stars show
  double limiting_mag_ = kUnknown;     // S/N 5
  double reference_depth_ = kUnknown;  // to which the reference is complete
  std::vector<double> id_, x_, y_, ra_, dec_, ra_err_, dec_err_, mag_, mag_err_, snr_, flags_,
      star_;
  std::vector<double> reference_id_, reference_mag_, reference_mag_err_;
  std::vector<ReferenceStar> reference_;
  std::vector<Identification> found_;
};

/// Magnitude to which a list of magnitudes is complete: where its counts, half a magnitude at a
/// time, are highest.
double completeness_of(const std::vector<double>& magnitudes) {
  std::map<int, int> counts;
  for (const double m : magnitudes) {
    if (std::isfinite(m) && std::abs(m) < 100.0) ++counts[static_cast<int>(std::floor(2.0 * m))];
  }
  int best = 0;
  double limit = kUnknown;
  for (const auto& [bin, count] : counts) {
    if (count < best) continue;
    best = count;
    limit = 0.5 * bin;
  }
  return limit;
}

void CrossMatcher::read_columns() {
  id_ = numbers_of(sources_, "id");
  x_ = numbers_of(sources_, "x");
  y_ = numbers_of(sources_, "y");
  ra_ = numbers_of(sources_, "ra");
  dec_ = numbers_of(sources_, "dec");
  ra_err_ = numbers_of(sources_, "ra_err");
  dec_err_ = numbers_of(sources_, "dec_err");
  mag_ = numbers_of(sources_, "mag");
  mag_err_ = numbers_of(sources_, "mag_err");
  snr_ = numbers_of(sources_, "snr");
  flags_ = numbers_of(sources_, "flags");
  star_ = numbers_of(sources_, "star_statistic");
  const std::size_t rows = sources_.rows();
  for (auto* column :
       {&id_, &x_, &y_, &ra_, &dec_, &ra_err_, &dec_err_, &mag_, &mag_err_, &snr_, &star_})
    column->resize(rows, kUnknown);
  flags_.resize(rows, 0.0);
  reference_ = reference_stars(stars_, julian_year(exposure_.mjd_mid), exposure_.physical_filter);
  reference_id_ = numbers_of(stars_, "id");
  reference_id_.resize(reference_.size(), 0.0);
  const std::string column = magnitude_column(stars_, exposure_.physical_filter);
  calibrated_ = std::isfinite(number_of(facts_, "zero_point_mag")) &&
                column == "mag_" + exposure_.physical_filter;
  if (calibrated_) reference_mag_ = numbers_of(stars_, column);
  if (calibrated_) reference_mag_err_ = numbers_of(stars_, column + "_err");
  reference_mag_.resize(reference_.size(), kUnknown);
  reference_mag_err_.resize(reference_.size(), kAssumedReferenceError);
  const double extra = number_of(facts_, "zero_point_extra_mag");
  zero_point_error_ =
      std::hypot(number_of(facts_, "zero_point_err_mag"), std::isfinite(extra) ? extra : 0.0);
  limiting_mag_ = number_of(facts_, "limiting_mag");
  reference_depth_ = completeness_of(reference_mag_);
}

void CrossMatcher::identify() {
  std::vector<SkySource> mine(sources_.rows());
  for (std::size_t i = 0; i < mine.size(); ++i) {
    const double error = std::sqrt(0.5 * (ra_err_[i] * ra_err_[i] + dec_err_[i] * dec_err_[i]));
    mine[i] = {{ra_[i], dec_[i]},
               error,
               calibrated_ ? mag_[i] : kUnknown,
               std::hypot(mag_err_[i], zero_point_error_)};
  }
  std::vector<SkySource> theirs(reference_.size());
  for (std::size_t j = 0; j < theirs.size(); ++j) {
    theirs[j] = {reference_[j].position, reference_[j].error_arcsec, reference_mag_[j],
                 reference_mag_err_[j]};
  }
  IdentifySettings settings = options_.identify;
  settings.error_floor_arcsec =
      std::hypot(settings.error_floor_arcsec, options_.error_floor_px * wcs_.pixel_scale_arcsec());
  found_ = identify_sources(mine, theirs, settings);
}

void CrossMatcher::judge_matched(Row& row, std::size_t i, std::size_t j) const {
  row.kind = "matched";
  row.reference_id = static_cast<std::int64_t>(reference_id_[j]);
  row.reference_mag = reference_mag_[j];
  const double error = std::hypot(
      mag_err_[i], zero_point_error_,
      std::isfinite(reference_mag_err_[j]) ? reference_mag_err_[j] : kAssumedReferenceError);
  const double change = mag_[i] - reference_mag_[j];
  row.delta_sigma = change / error;
  const bool trusted =
      (static_cast<std::int32_t>(flags_[i]) & (kUntrusted | source_flags::neighbour)) == 0;
  if (!trusted || !(std::abs(row.delta_sigma) > options_.changed_sigma) ||
      !(std::abs(change) > options_.least_change_mag))
    return;
  row.kind = "changed";
  row.reason =
      sentence("differs from the reference by %+.3f mag (%.1f sigma)", change, row.delta_sigma);
}

void CrossMatcher::judge_unmatched(Row& row, std::size_t i) const {
  row.kind = "unmatched";
  if (!wcs_.valid)
    row.reason = "the frame has no WCS";
  else if ((static_cast<std::int32_t>(flags_[i]) & kUntrusted) != 0)
    row.reason = "its measurement is flagged";
  else if (!calibrated_)
    row.reason = "the frame has no zero point";
  else if (!(snr_[i] >= options_.new_snr))
    row.reason = "too faint to be sure";
  else if (!(mag_[i] < reference_depth_))
    row.reason = "fainter than the reference is complete";
  else if (star_[i] < 0.5)
    row.reason = "extended";
  if (!row.reason.empty()) return;
  row.kind = "new";
  row.reason = sentence("not in the reference, which is complete to %.1f mag: %.2f mag",
                        reference_depth_, mag_[i]);
}

Row CrossMatcher::row_of_source(std::size_t i) const {
  Row row;
  row.id = static_cast<std::int64_t>(id_[i]);
  row.position = {ra_[i], dec_[i]};
  row.x = x_[i];
  row.y = y_[i];
  row.snr = snr_[i];
  row.mag = mag_[i];
  row.mag_err = mag_err_[i];
  row.match = found_[i];
  if (row.match.reference >= 0)
    judge_matched(row, i, static_cast<std::size_t>(row.match.reference));
  else
    judge_unmatched(row, i);
  return row;
}

/// S/N that reference star `j` has at least, were it as bright as ever.
double CrossMatcher::least_snr(std::size_t j) const {
  const double error = std::isfinite(reference_mag_err_[j]) ? reference_mag_err_[j] : 0.0;
  const double fainter = options_.missing_sigma * std::hypot(error, zero_point_error_);
  return expected_snr(reference_mag_[j] + fainter) - options_.missing_sigma;
}

/// S/N of a point source of that magnitude, were the sky alone its noise.
double CrossMatcher::expected_snr(double magnitude) const {
  return kDetected * std::pow(10.0, 0.4 * (limiting_mag_ - magnitude));
}

void CrossMatcher::add_missing(std::vector<Row>& rows) const {
  if (!wcs_.valid || !calibrated_ || !std::isfinite(limiting_mag_)) return;
  std::vector<bool> seen(reference_.size(), false);
  for (const Identification& match : found_) {
    if (match.reference >= 0) seen[static_cast<std::size_t>(match.reference)] = true;
  }
  std::vector<PlanePoint> sources;
  double largest_reach = 0.0;
  for (std::size_t i = 0; i < x_.size(); ++i) sources.push_back({x_[i], y_[i]});
  const NeighbourGrid grid(sources);
  const double fwhm = number_of(facts_, "fwhm_px");
  largest_reach = 2.0 * (std::isfinite(fwhm) ? fwhm : 3.0);
  for (std::size_t j = 0; j < reference_.size(); ++j) {
    if (seen[j] || !(least_snr(j) >= kDetected)) continue;
    const double snr = expected_snr(reference_mag_[j]);
    const PixelPosition p = wcs_.to_pixel(reference_[j].position);
    const double border = options_.border_px;
    if (!(p.x > border && p.y > border && p.x < exposure_.width - 1 - border &&
          p.y < exposure_.height - 1 - border))
      continue;
    // Something lies there, blended or moved: it is not simply gone.
    if (grid.nearest({p.x, p.y}, largest_reach) >= 0) continue;
    Row row;
    row.kind = "missing";
    row.reason = sentence("%.2f mag in the reference: S/N %.0f expected, nothing seen",
                          reference_mag_[j], snr);
    row.reference_id = static_cast<std::int64_t>(reference_id_[j]);
    row.position = reference_[j].position;
    row.x = p.x;
    row.y = p.y;
    row.reference_mag = reference_mag_[j];
    rows.push_back(std::move(row));
  }
}

std::vector<Row> CrossMatcher::run() {
  found_.assign(sources_.rows(), {});
  if (wcs_.valid) identify();
  std::vector<Row> rows;
  for (std::size_t i = 0; i < sources_.rows(); ++i) rows.push_back(row_of_source(i));
  add_missing(rows);
  return rows;
}

template <class T, class Get>
std::vector<T> column_of(const std::vector<Row>& rows, Get&& get) {
  std::vector<T> values;
  values.reserve(rows.size());
  for (const Row& row : rows) values.push_back(static_cast<T>(get(row)));
  return values;
}

Table table_of(const std::vector<Row>& rows) {
  Table table("matches");
  table
      .add({"kind", "", "meta.code.class", "matched, changed, new, missing or unmatched",
            column_of<std::string>(rows, [](const Row& r) { return r.kind; })})
      .add({"reason", "", "meta.note", "for people",
            column_of<std::string>(rows, [](const Row& r) { return r.reason; })})
      .add({"id", "", "meta.id", "source in the catalog; 0: none",
            column_of<std::int64_t>(rows, [](const Row& r) { return r.id; })})
      .add({"reference_id", "", "meta.id.cross", "object in the reference; 0: none",
            column_of<std::int64_t>(rows, [](const Row& r) { return r.reference_id; })})
      .add({"ra", "deg", "pos.eq.ra", "of the source, or where the missing star should be",
            column_of<double>(rows, [](const Row& r) { return r.position.ra_deg; })})
      .add({"dec", "deg", "pos.eq.dec", "",
            column_of<double>(rows, [](const Row& r) { return r.position.dec_deg; })})
      .add({"x", "pix", "pos.cartesian.x", "",
            column_of<double>(rows, [](const Row& r) { return r.x; })})
      .add({"y", "pix", "pos.cartesian.y", "",
            column_of<double>(rows, [](const Row& r) { return r.y; })})
      .add({"separation", "arcsec", "pos.angDistance", "",
            column_of<float>(rows, [](const Row& r) { return r.match.separation_arcsec; })})
      .add({"sigma", "", "stat.value", "separation in units of its error",
            column_of<float>(rows, [](const Row& r) { return r.match.sigma; })})
      .add({"probability", "", "stat.probability", "that both are the same object",
            column_of<float>(rows, [](const Row& r) { return r.match.probability; })})
      .add({"snr", "", "stat.snr", "", column_of<float>(rows, [](const Row& r) { return r.snr; })})
      .add({"mag", "mag", "phot.mag", "",
            column_of<float>(rows, [](const Row& r) { return r.mag; })})
      .add({"mag_err", "mag", "stat.error;phot.mag", "",
            column_of<float>(rows, [](const Row& r) { return r.mag_err; })})
      .add({"reference_mag", "mag", "phot.mag", "",
            column_of<float>(rows, [](const Row& r) { return r.reference_mag; })})
      .add({"delta_sigma", "", "stat.value", "magnitude difference in units of its error",
            column_of<float>(rows, [](const Row& r) { return r.delta_sigma; })});
  return table;
}

}  // namespace

TableSet cross_match(const TableSet& catalog, const Exposure& exposure, const TableSet& reference,
                     const CrossMatchOptions& options) {
  const std::vector<Row> rows = CrossMatcher(catalog, exposure, reference, options).run();
  TableSet set;
  set.tables.push_back(table_of(rows));
  set.facts["exposure_id"] = exposure.exposure_id;
  set.facts["site"] = exposure.site;
  set.facts["filter"] = exposure.physical_filter;
  for (const char* kind : {"matched", "changed", "new", "missing", "unmatched"}) {
    set.facts[kind] = std::to_string(
        std::count_if(rows.begin(), rows.end(), [&](const Row& row) { return row.kind == kind; }));
  }
  return set;
}

}  // namespace polis
