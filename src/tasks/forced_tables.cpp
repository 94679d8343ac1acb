#include "tasks/forced_tables.h"

#include <cstdlib>

#include "tasks/number_list.h"

namespace polis {
namespace {

std::string numbered(const char* name, std::size_t k) { return name + std::to_string(k + 1); }

double number_in(const Facts& facts, const char* name) {
  const auto found = facts.find(name);
  return found == facts.end() ? kUnknown : std::strtod(found->second.c_str(), nullptr);
}

std::string text_in(const Facts& facts, const char* name) {
  const auto found = facts.find(name);
  return found == facts.end() ? std::string() : found->second;
}

std::int32_t flags_of(const ApertureSeries& s) {
  std::int32_t flags = 0;
  if ((s.mask & (mask_bits::saturated | mask_bits::bleed)) != 0) flags |= forced_flags::saturated;
  if (!s.masked_fraction.empty() && s.masked_fraction.back() > 0.0F)
    flags |= forced_flags::incomplete;
  return flags;
}

}  // namespace

Table forced_table(const std::vector<std::int64_t>& id, const std::vector<double>& x,
                   const std::vector<double>& y, const std::vector<ApertureSeries>& series,
                   std::size_t radii) {
  std::vector<double> sky, sky_err;
  std::vector<float> peak;
  std::vector<std::int32_t> flags, mask;
  for (const ApertureSeries& s : series) {
    sky.push_back(s.sky);
    sky_err.push_back(s.sky_err);
    peak.push_back(s.peak);
    flags.push_back(flags_of(s));
    mask.push_back(static_cast<std::int32_t>(s.mask));
  }
  Table table("forced");
  table.add({"target", "", "meta.id", "id in the list of targets", id})
      .add({"x", "pix", "pos.cartesian.x", "where it was measured", x})
      .add({"y", "pix", "pos.cartesian.y", "where it was measured", y});
  for (std::size_t k = 0; k < radii; ++k) {
    std::vector<double> flux, error;
    for (const ApertureSeries& s : series) {
      flux.push_back(s.flux[k]);
      error.push_back(s.flux_err[k]);
    }
    table
        .add({numbered("flux_", k), "electron", "phot.count", "within the circle of that number",
              std::move(flux)})
        .add({numbered("flux_err_", k), "electron", "stat.error;phot.count", "1 sigma",
              std::move(error)});
  }
  table.add({"sky", "electron", "", "per pixel, in the ring", std::move(sky)})
      .add({"sky_err", "electron", "", "1 sigma of the mean", std::move(sky_err)})
      .add({"peak", "electron", "", "highest pixel of the smallest circle, with the sky",
            std::move(peak)})
      .add({"flags", "", "meta.code.qual", "4 saturated, 16 spoilt pixels in the largest circle",
            std::move(flags)})
      .add({"mask_bits", "", "", "mask bits OR-ed over the largest circle", std::move(mask)});
  return table;
}

void add_psf_columns(const std::vector<ForcedFlux>& psf, Table& forced) {
  if (psf.empty()) return;
  std::vector<double> flux, error;
  std::vector<float> chi2;
  for (const ForcedFlux& f : psf) {
    flux.push_back(f.flux_psf);
    error.push_back(f.flux_psf_err);
    chi2.push_back(f.chi2);
  }
  forced
      .add({"flux_psf", "electron", "phot.count", "PSF fit at that place, all targets together",
            std::move(flux)})
      .add({"flux_psf_err", "electron", "stat.error;phot.count", "1 sigma", std::move(error)})
      .add({"chi2_psf", "", "stat.fit.chi2", "reduced", std::move(chi2)});
}

ForcedFrame read_forced(const TableSet& forced) {
  ForcedFrame frame;
  const Facts& facts = forced.facts;
  frame.exposure_id = text_in(facts, "exposure_id");
  frame.mjd_mid = number_in(facts, "mjd_mid");
  frame.airmass = number_in(facts, "airmass");
  frame.fwhm_px = number_in(facts, "fwhm_px");
  frame.zero_point_mag = number_in(facts, "zero_point_mag");
  frame.exposure_time_s = number_in(facts, "exposure_time_s");
  frame.on_sky = text_in(facts, "on_sky") == "true";
  frame.radii_px = parse_numbers(text_in(facts, "aperture_radii_px"), "aperture_radii_px");
  const Table& table = forced.at("forced");
  frame.target = table.get<std::int64_t>("target");
  frame.x = table.get<double>("x");
  frame.y = table.get<double>("y");
  for (std::size_t k = 0; k < frame.radii_px.size(); ++k) {
    frame.flux.push_back(table.get<double>(numbered("flux_", k)));
    frame.flux_err.push_back(table.get<double>(numbered("flux_err_", k)));
  }
  if (table.has("flux_psf")) {
    frame.flux_psf = table.get<double>("flux_psf");
    frame.flux_psf_err = table.get<double>("flux_psf_err");
  }
  frame.peak = table.get<float>("peak");
  frame.flags = table.get<std::int32_t>("flags");
  return frame;
}

}  // namespace polis
