#include "sky/candidate_context.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/neighbours.h"
#include "sky/catalog_stars.h"

namespace polis {
namespace {

constexpr double kFwhmPerSigma = 2.3548200450309493;

PlanePoint point(PixelPosition p) { return {p.x, p.y}; }

}  // namespace

std::vector<HostMatch> find_hosts(const std::vector<DifferenceSource>& found_sources,
                                  const Wcs& wcs, const Frame& reference, const Table& sources,
                                  double radius_px, double galaxy_statistic) {
  const auto& x = sources.get<double>("x");
  const auto& y = sources.get<double>("y");
  const auto& flux = sources.get<double>("flux_auto");
  const auto& star = sources.get<float>("star_statistic");
  std::vector<PlanePoint> places;
  for (std::size_t i = 0; i < sources.rows(); ++i)
    places.push_back(point(wcs.to_pixel(reference.wcs.to_sky({x[i], y[i]}))));
  const NeighbourGrid grid(places);
  const double zero = number_of(reference.facts, "zero_point_mag") +
                      2.5 * std::log10(reference.exposure.exposure_time_s);
  std::vector<HostMatch> hosts;
  for (const DifferenceSource& c : found_sources) {
    HostMatch& host = hosts.emplace_back();
    const std::ptrdiff_t found = grid.nearest({c.x, c.y}, radius_px);
    if (found < 0) continue;
    const auto i = static_cast<std::size_t>(found);
    host.distance_px = std::hypot(places[i].x - c.x, places[i].y - c.y);
    host.mag = zero - 2.5 * std::log10(flux[i]);
    host.extended = static_cast<double>(star[i]) < galaxy_statistic;
  }
  return hosts;
}

std::vector<std::int64_t> find_known(const std::vector<DifferenceSource>& found_sources,
                                     const Wcs& wcs, const Table& stars, double mjd,
                                     double radius_px) {
  const double year = 2000.0 + (mjd - 51544.5) / 365.25;
  std::vector<PlanePoint> places;
  for (const ReferenceStar& star : reference_stars(stars, year, ""))
    places.push_back(point(wcs.to_pixel(star.position)));
  const NeighbourGrid grid(places);
  const auto& id = stars.get<std::int64_t>("id");
  std::vector<std::int64_t> known;
  for (const DifferenceSource& c : found_sources) {
    const std::ptrdiff_t found = grid.nearest({c.x, c.y}, radius_px);
    known.push_back(found < 0 ? 0 : id[static_cast<std::size_t>(found)]);
  }
  return known;
}

double limiting_mag(const Frame& difference, const CandidateContext& context, double fwhm_px,
                    double snr) {
  constexpr std::ptrdiff_t kStep = 7;  // a sample will do
  std::vector<float> variances;
  for (std::ptrdiff_t i = 0; i < difference.variance.size(); i += kStep) {
    if (const float v = difference.variance.data()[i]; v > 0.0F) variances.push_back(v);
  }
  if (variances.empty()) return kUnknown;
  const auto middle = variances.begin() + static_cast<std::ptrdiff_t>(variances.size() / 2);
  std::nth_element(variances.begin(), middle, variances.end());
  const double sigma = fwhm_px / kFwhmPerSigma;
  const double flux =
      snr * sigma * std::sqrt(static_cast<double>(*middle) * 4.0 * std::numbers::pi);
  return context.zero_point_mag - 2.5 * std::log10(flux / context.exposure_time_s);
}

}  // namespace polis
