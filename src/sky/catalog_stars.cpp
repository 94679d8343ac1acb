#include "sky/catalog_stars.h"

#include <cmath>
#include <limits>

#include "base/number_text.h"
#include "kernels/source_flags.h"
#include "sky/coordinates.h"

namespace polis {
namespace {

constexpr double kAssumedErrorMas =
    50.0;  // of a reference that gives none (docs/formats/reference_catalog.md)

double at_or(const std::vector<double>& values, std::size_t row, double otherwise) {
  return row < values.size() ? values[row] : otherwise;
}

}  // namespace

std::vector<double> numbers_of(const Table& table, std::string_view column) {
  if (!table.has(column)) return {};
  return std::visit(
      [](const auto& values) {
        std::vector<double> numbers;
        if constexpr (!std::is_same_v<std::decay_t<decltype(values)>, std::vector<std::string>>) {
          numbers.reserve(values.size());
          for (const auto value : values) numbers.push_back(static_cast<double>(value));
        }
        return numbers;
      },
      table.at(column).values);
}

double number_of(const Facts& facts, std::string_view key) {
  const auto found = facts.find(std::string(key));
  return found == facts.end() ? kUnknown : number_from(found->second).value_or(kUnknown);
}

std::vector<DetectedStar> detected_stars(const Table& sources) {
  const auto x = numbers_of(sources, "x");
  const auto y = numbers_of(sources, "y");
  const auto x_err = numbers_of(sources, "x_err");
  const auto y_err = numbers_of(sources, "y_err");
  const auto flux_psf = numbers_of(sources, "flux_psf");
  const auto flux_aper = numbers_of(sources, "flux_aper");
  const auto flags = numbers_of(sources, "flags");
  std::vector<DetectedStar> stars(std::min(x.size(), y.size()));
  for (std::size_t i = 0; i < stars.size(); ++i) {
    DetectedStar& star = stars[i];
    star.position = {x[i], y[i]};
    const double ex = at_or(x_err, i, 0.1);
    const double ey = at_or(y_err, i, 0.1);
    star.error_px = std::sqrt(0.5 * (ex * ex + ey * ey));
    star.flux = at_or(flux_psf, i, kUnknown);
    if (!std::isfinite(star.flux)) star.flux = at_or(flux_aper, i, 0.0);
    const auto bits = static_cast<std::int32_t>(at_or(flags, i, 0.0));
    star.good_position =
        (bits & (source_flags::saturated | source_flags::edge | source_flags::too_large)) == 0 &&
        std::isfinite(star.error_px);
  }
  return stars;
}

std::string magnitude_column(const Table& stars, std::string_view filter) {
  const std::string wanted = "mag_" + std::string(filter);
  if (!filter.empty() && stars.has(wanted)) return wanted;
  for (const Column& column : stars.columns()) {
    if (column.name.starts_with("mag_") && !column.name.ends_with("_err")) return column.name;
  }
  return {};
}

std::vector<ReferenceStar> reference_stars(const Table& stars, double year,
                                           std::string_view filter) {
  const auto ra = numbers_of(stars, "ra");
  const auto dec = numbers_of(stars, "dec");
  const auto ra_err = numbers_of(stars, "ra_err");
  const auto dec_err = numbers_of(stars, "dec_err");
  const auto pmra = numbers_of(stars, "pmra");
  const auto pmdec = numbers_of(stars, "pmdec");
  const auto epoch = numbers_of(stars, "epoch");
  const auto magnitude = numbers_of(stars, magnitude_column(stars, filter));
  std::vector<ReferenceStar> result(std::min(ra.size(), dec.size()));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const ProperMotion motion{at_or(pmra, i, 0.0), at_or(pmdec, i, 0.0)};
    result[i].position = at_epoch({ra[i], dec[i]}, motion, at_or(epoch, i, year), year);
    const double ea = at_or(ra_err, i, kAssumedErrorMas);
    const double ed = at_or(dec_err, i, kAssumedErrorMas);
    const double error = std::sqrt(0.5 * (ea * ea + ed * ed));
    result[i].error_arcsec = 1e-3 * (std::isfinite(error) ? error : kAssumedErrorMas);
    result[i].magnitude = at_or(magnitude, i, kUnknown);
  }
  return result;
}

std::vector<ReferenceStar> stars_as_reference(const Table& sources, const Wcs& wcs) {
  std::vector<ReferenceStar> result;
  const double scale = wcs.pixel_scale_arcsec();
  for (const DetectedStar& star : detected_stars(sources)) {
    ReferenceStar reference;
    reference.position =
        star.good_position ? wcs.to_sky(star.position) : SkyPosition{kUnknown, kUnknown};
    reference.error_arcsec = star.error_px * scale;
    reference.magnitude = star.flux > 0.0 ? -2.5 * std::log10(star.flux) : kUnknown;
    result.push_back(reference);
  }
  return result;
}

}  // namespace polis
