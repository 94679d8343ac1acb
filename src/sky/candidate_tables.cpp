#include "sky/candidate_tables.h"

#include <cmath>
#include <limits>

namespace polis {

std::vector<Candidate> candidates_from(const std::vector<DifferenceSource>& sources,
                                       const CandidateContext& context) {
  constexpr double kMagPerRelative = 1.0857362047581296;  // 2.5 / ln 10
  const double zero = context.zero_point_mag + 2.5 * std::log10(context.exposure_time_s);
  std::vector<Candidate> candidates;
  for (const DifferenceSource& s : sources) {
    const HostMatch& host = context.hosts[candidates.size()];
    const SkyPosition sky = context.wcs.to_sky({s.x, s.y});
    Candidate& c = candidates.emplace_back();
    c.id = static_cast<std::int64_t>(candidates.size());
    c.x = s.x;
    c.y = s.y;
    c.x_error = s.x_error;
    c.y_error = s.y_error;
    c.ra_deg = sky.ra_deg;
    c.dec_deg = sky.dec_deg;
    c.sign = s.sign;
    c.snr = s.snr;
    c.flux_e = s.flux;
    c.flux_error_e = s.flux_error;
    c.mag = zero - 2.5 * std::log10(std::abs(s.flux));
    c.mag_error = kMagPerRelative * s.flux_error / std::abs(s.flux);
    c.fwhm_px = s.fwhm_px;
    c.elongation = s.elongation;
    c.chi2 = s.chi2;
    c.dipole = s.dipole;
    c.negative_pixels = s.opposite_pixels;
    c.masked_pixels = s.masked_pixels;
    c.edge_distance_px = s.edge_distance_px;
    c.source_distance_px = host.distance_px;
    c.source_mag = host.mag;
    c.source_extended = host.extended ? 1 : 0;
    c.known_id = context.known_ids[candidates.size() - 1];
  }
  return candidates;
}

Table candidates_table(std::span<const Candidate> candidates, bool judged) {
  std::vector<Field<Candidate>> fields;
  for (const Field<Candidate>& field : candidate_fields()) {
    const bool of_network = field.name.starts_with("p_") || field.name == "class";
    if (judged || !of_network) fields.push_back(field);
  }
  return table_of<Candidate>("candidates", fields, candidates);
}

NumberArray cut_outs(std::string name, View<const float> image,
                     std::span<const Candidate> candidates, std::string unit) {
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
