#include "sky/candidate_tables.h"

#include <cmath>
#include <limits>

namespace polis {
namespace {

template <class T, class Get>
std::vector<T> column(const std::vector<Candidate>& candidates, Get&& get) {
  std::vector<T> values;
  values.reserve(candidates.size());
  for (const Candidate& c : candidates) values.push_back(static_cast<T>(get(c)));
  return values;
}

struct Magnitudes {
  std::vector<float> mag, error;
};

Magnitudes magnitudes_of(const std::vector<Candidate>& candidates,
                         const CandidateContext& context) {
  const double zero = context.zero_point_mag + 2.5 * std::log10(context.exposure_time_s);
  constexpr double kMagPerRelative = 1.0857362047581296;  // 2.5 / ln 10
  Magnitudes result;
  for (const Candidate& c : candidates) {
    const double flux = std::abs(c.flux);
    result.mag.push_back(static_cast<float>(zero - 2.5 * std::log10(flux)));
    result.error.push_back(static_cast<float>(kMagPerRelative * c.flux_error / flux));
  }
  return result;
}

}  // namespace

Table candidates_table(const std::vector<Candidate>& candidates, const CandidateContext& context) {
  std::vector<std::int64_t> ids;
  std::vector<double> ra, dec;
  for (const Candidate& c : candidates) {
    const SkyPosition sky = context.wcs.to_sky({c.x, c.y});
    ids.push_back(static_cast<std::int64_t>(ids.size()) + 1);
    ra.push_back(sky.ra_deg);
    dec.push_back(sky.dec_deg);
  }
  Magnitudes magnitudes = magnitudes_of(candidates, context);
  std::vector<float> distance, mag;
  std::vector<std::int32_t> extended;
  for (const HostMatch& host : context.hosts) {
    distance.push_back(static_cast<float>(host.distance_px));
    mag.push_back(static_cast<float>(host.mag));
    extended.push_back(host.extended ? 1 : 0);
  }
  const auto doubles = [&](auto&& get) { return column<double>(candidates, get); };
  const auto floats = [&](auto&& get) { return column<float>(candidates, get); };
  const auto integers = [&](auto&& get) { return column<std::int32_t>(candidates, get); };
  using C = const Candidate&;
  Table table("candidates");
  table.add({"id", "", "meta.id", "1, 2, 3 ... within the frame", std::move(ids)})
      .add({"x", "pix", "pos.cartesian.x", "0-based", doubles([](C c) { return c.x; })})
      .add({"y", "pix", "pos.cartesian.y", "0-based", doubles([](C c) { return c.y; })})
      .add({"x_error", "pix", "stat.error;pos.cartesian.x", "",
            floats([](C c) { return c.x_error; })})
      .add({"y_error", "pix", "stat.error;pos.cartesian.y", "",
            floats([](C c) { return c.y_error; })})
      .add({"ra", "deg", "pos.eq.ra", "ICRS", std::move(ra)})
      .add({"dec", "deg", "pos.eq.dec", "ICRS", std::move(dec)})
      .add({"sign", "", "meta.code", "1: brighter than the reference, -1: fainter",
            integers([](C c) { return c.sign; })})
      .add({"snr", "", "stat.snr", "of the matched filter at the peak",
            floats([](C c) { return c.snr; })})
      .add({"flux", "electron", "phot.count", "PSF flux in the difference",
            doubles([](C c) { return c.flux; })})
      .add({"flux_error", "electron", "stat.error;phot.count", "",
            floats([](C c) { return c.flux_error; })})
      .add({"mag", "mag", "phot.mag", "of the absolute flux", std::move(magnitudes.mag)})
      .add({"mag_error", "mag", "stat.error;phot.mag", "", std::move(magnitudes.error)})
      .add({"fwhm_px", "pix", "phys.angSize", "from second moments in the difference",
            floats([](C c) { return c.fwhm_px; })})
      .add({"elongation", "", "phys.size.axisRatio", "major over minor axis",
            floats([](C c) { return c.elongation; })})
      .add({"chi2", "", "stat.fit.chi2", "per pixel, of the PSF fitted to the difference",
            floats([](C c) { return c.chi2; })})
      .add({"dipole", "", "stat", "light of the other sign near, relative",
            floats([](C c) { return c.dipole; })})
      .add({"negative_pixels", "", "meta.number", "of 5 x 5, those of the other sign",
            integers([](C c) { return c.opposite_pixels; })})
      .add({"masked_pixels", "", "meta.number", "of 5 x 5, those with a mask bit",
            integers([](C c) { return c.masked_pixels; })})
      .add({"edge_distance", "pix", "pos.distance", "to the nearest edge",
            floats([](C c) { return c.edge_distance_px; })})
      .add({"source_distance", "pix", "pos.angDistance", "to the nearest source of the reference",
            std::move(distance)})
      .add({"source_mag", "mag", "phot.mag", "of that source", std::move(mag)})
      .add({"source_extended", "", "meta.code.class", "1: that source is a galaxy",
            std::move(extended)})
      .add({"known_id", "", "meta.id.cross", "star of the reference catalogue; 0: none",
            context.known_ids});
  return table;
}

NumberArray cut_outs(std::string name, View<const float> image,
                     const std::vector<Candidate>& candidates, std::string unit) {
  NumberArray array;
  array.name = std::move(name);
  array.unit = std::move(unit);
  array.description = "candidate, y, x";
  array.shape = {static_cast<std::int64_t>(candidates.size()), kCutOutSide, kCutOutSide};
  array.values.reserve(candidates.size() * kCutOutSide * kCutOutSide);
  constexpr std::ptrdiff_t kHalf = kCutOutSide / 2;
  for (const Candidate& c : candidates) {
    const auto cx = static_cast<std::ptrdiff_t>(std::lround(c.x)),
               cy = static_cast<std::ptrdiff_t>(std::lround(c.y));
    for (std::ptrdiff_t y = cy - kHalf; y <= cy + kHalf; ++y) {
      for (std::ptrdiff_t x = cx - kHalf; x <= cx + kHalf; ++x) {
        array.values.push_back(image.contains(x, y) ? image(x, y)
                                                    : std::numeric_limits<float>::quiet_NaN());
      }
    }
  }
  return array;
}

}  // namespace polis
