#include "sky/measured_catalog.h"

#include <algorithm>
#include <cmath>

#include "base/number_text.h"
#include "kernels/source_flags.h"
#include "sky/psf_table.h"

namespace polis {
namespace {

/// A source takes its position from the fit if that can be trusted and nothing says that it is
/// extended.
bool fit_rules(const MeasuredSource& source) {
  constexpr std::uint32_t failed = star_fit_flags::not_converged | star_fit_flags::no_pixels;
  return (source.psf.flags & failed) == 0 &&
         (source.psf.star_statistic >= 0.5F || source.psf.widening_sigma < 3.0F) &&
         source.psf.x_err > 0.0F && std::isfinite(source.psf.flux);
}

/// A row's best position with its errors.
struct Place {
  double x, y;
  float x_err, y_err;
};
Place place_of(const MeasuredSource& source) {
  if (fit_rules(source)) return {source.psf.x, source.psf.y, source.psf.x_err, source.psf.y_err};
  return {source.basic.x, source.basic.y, source.basic.x_err, source.basic.y_err};
}

std::int32_t flags_of(const MeasuredSource& source) {
  std::int32_t flags = source.basic.flags;
  const std::uint32_t fit = source.psf.flags;
  if ((fit & star_fit_flags::neighbour) != 0) flags |= source_flags::neighbour;
  if ((fit & star_fit_flags::saturated) != 0) flags |= source_flags::saturated;
  if ((fit & star_fit_flags::edge) != 0) flags |= source_flags::edge;
  if ((fit & star_fit_flags::masked) != 0) flags |= source_flags::incomplete;
  if ((fit & (star_fit_flags::not_converged | star_fit_flags::no_pixels)) != 0)
    flags |= source_flags::psf_failed;
  return flags;
}

std::vector<const MeasuredSource*> in_order(const MeasuredImage& image) {
  std::vector<const MeasuredSource*> rows;
  rows.reserve(image.sources.size());
  for (const MeasuredSource& source : image.sources) rows.push_back(&source);
  std::stable_sort(rows.begin(), rows.end(), [](const MeasuredSource* a, const MeasuredSource* b) {
    const Place p = place_of(*a), q = place_of(*b);
    return p.y != q.y ? p.y < q.y : p.x < q.x;
  });
  return rows;
}

/// Builds columns by asking each row for its value.
class RowTable {
 public:
  RowTable(std::string name, std::vector<const MeasuredSource*> rows)
      : table_(std::move(name)), rows_(std::move(rows)) {}
  template <class T, class Get>
  RowTable& column(const char* name, const char* unit, const char* ucd, const char* text,
                   Get&& get) {
    std::vector<T> values;
    values.reserve(rows_.size());
    for (const MeasuredSource* row : rows_) values.push_back(static_cast<T>(get(*row)));
    table_.add({name, unit, ucd, text, std::move(values)});
    return *this;
  }
  Table take() { return std::move(table_); }

 private:
  Table table_;
  std::vector<const MeasuredSource*> rows_;
};

using Row = const MeasuredSource&;

void add_positions(RowTable& table) {
  std::int64_t id = 0;
  table.column<std::int64_t>("id", "", "meta.id", "number of the row", [&](Row) { return ++id; })
      .column<double>("x", "pix", "pos.cartesian.x", "best position, 0-based",
                      [](Row r) { return place_of(r).x; })
      .column<double>("y", "pix", "pos.cartesian.y", "best position, 0-based",
                      [](Row r) { return place_of(r).y; })
      .column<float>("x_err", "pix", "stat.error;pos.cartesian.x", "1 sigma",
                     [](Row r) { return place_of(r).x_err; })
      .column<float>("y_err", "pix", "stat.error;pos.cartesian.y", "1 sigma",
                     [](Row r) { return place_of(r).y_err; });
}

void add_fluxes(RowTable& table) {
  constexpr const char* counts = "phot.count";
  constexpr const char* error = "stat.error;phot.count";
  table
      .column<double>("flux_psf", "electron", counts, "PSF photometry, neighbours fitted together",
                      [](Row r) { return r.psf.flux; })
      .column<double>("flux_psf_err", "electron", error, "1 sigma",
                      [](Row r) { return r.psf.flux_err; })
      .column<float>("chi2_psf", "", "stat.fit.chi2", "reduced chi-square of the PSF fit",
                     [](Row r) { return r.psf.chi2; })
      .column<double>("flux_aper", "electron", counts, "circular aperture",
                      [](Row r) { return r.basic.flux_aper[0]; })
      .column<double>("flux_aper_err", "electron", error, "1 sigma",
                      [](Row r) { return r.basic.flux_aper_err[0]; })
      .column<double>("flux_auto", "electron", counts, "Kron ellipse",
                      [](Row r) { return r.basic.flux_auto; })
      .column<double>("flux_auto_err", "electron", error, "1 sigma",
                      [](Row r) { return r.basic.flux_auto_err; })
      .column<float>("kron_radius", "pix", "phys.angSize", "semi-major axis of the Kron ellipse",
                     [](Row r) { return r.basic.kron_radius; })
      .column<float>("snr", "", "stat.snr", "of the matched filter at the peak",
                     [](Row r) { return r.basic.snr; })
      .column<float>("peak", "electron", "phot.count", "highest pixel above the background",
                     [](Row r) { return r.basic.peak; })
      .column<float>("background", "electron", "instr.background", "per pixel",
                     [](Row r) { return r.basic.background; });
}

void add_shapes(RowTable& table) {
  constexpr const char* size = "phys.angSize";
  table.column<float>("xx", "pix2", "", "second moment", [](Row r) { return r.basic.xx; })
      .column<float>("yy", "pix2", "", "second moment", [](Row r) { return r.basic.yy; })
      .column<float>("xy", "pix2", "", "second moment", [](Row r) { return r.basic.xy; })
      .column<float>("a", "pix", size, "semi-major axis", [](Row r) { return r.basic.a; })
      .column<float>("b", "pix", size, "semi-minor axis", [](Row r) { return r.basic.b; })
      .column<float>("theta", "deg", "pos.posAng", "counter-clockwise from +x",
                     [](Row r) { return r.basic.theta_deg; })
      .column<float>("half_light_radius", "pix", size, "of the Kron flux",
                     [](Row r) { return r.basic.half_light_radius; })
      .column<float>("fwhm", "pix", size, "full width at half maximum",
                     [](Row r) { return r.basic.fwhm; })
      .column<float>("star_statistic", "", "src.class.starGalaxy", "1: a star, 0: extended",
                     [](Row r) { return r.psf.star_statistic; })
      .column<std::int32_t>("pixels", "", "", "isophotal area",
                            [](Row r) { return r.basic.pixels; })
      .column<std::int32_t>("flags", "", "meta.code.qual", "see docs/formats/catalog.md",
                            [](Row r) { return flags_of(r); })
      .column<std::int32_t>("mask_bits", "", "", "mask bits within 1 FWHM",
                            [](Row r) { return r.basic.mask_bits; });
}

Table background_table(const Background& background) {
  std::vector<double> x, y;
  std::vector<float> level, rms;
  for (std::ptrdiff_t j = 0; j < background.level.height(); ++j)
    for (std::ptrdiff_t i = 0; i < background.level.width(); ++i) {
      x.push_back(background.centre_x_px(i));
      y.push_back(background.centre_y_px(j));
      level.push_back(background.level(i, j));
      rms.push_back(background.rms(i, j));
    }
  Table table("background");
  table.add({"x", "pix", "pos.cartesian.x", "centre of the cell, 0-based", std::move(x)})
      .add({"y", "pix", "pos.cartesian.y", "centre of the cell, 0-based", std::move(y)})
      .add({"level", "electron", "instr.background", "sky per pixel", std::move(level)})
      .add({"rms", "electron", "instr.skyLevel;stat.stdev", "noise per pixel", std::move(rms)});
  return table;
}

}  // namespace

TableSet catalog_of(const MeasuredImage& image) {
  RowTable sources("sources", in_order(image));
  add_positions(sources);
  add_fluxes(sources);
  add_shapes(sources);
  TableSet set;
  set.tables.push_back(sources.take());
  set.tables.push_back(psf_table(image.psf));
  set.tables.push_back(background_table(image.background));
  set.facts = {{"fwhm_px", number_text(image.psf.fwhm_px)},
               {"sky_level_e", number_text(static_cast<double>(image.background.global_level))},
               {"sky_rms_e", number_text(static_cast<double>(image.background.global_rms))},
               {"aperture_radius_px", number_text(image.aperture_radius_px)},
               {"variance_per_signal", number_text(image.variance_per_signal)},
               {"sources", std::to_string(image.sources.size())}};
  for (const auto& [name, text] : image.caveats) set.facts["caveat_" + name] = text;
  return set;
}

}  // namespace polis
