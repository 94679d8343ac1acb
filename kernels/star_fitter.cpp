#include "kernels/star_fitter.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/parallel.h"
#include "kernels/pixel_sums.h"

namespace polis {
namespace {

constexpr double least_snr_to_move = 3.0;
constexpr double widest_tolerance = 0.035;  // for the PSF's place, in half fields
constexpr double near_fwhm = 1.5;           // nearer stars feel each other's smallest moves

void give_up(StarFit& star) {
  star.flux = star.flux_err = std::numeric_limits<double>::quiet_NaN();
  star.flags = star_fit_flags::no_pixels;
}

/// Where the star stands, for a fit to go on from.
void keep_rough(const StarState& star, StarFit& out) {
  out.x = star.x;
  out.y = star.y;
  out.flux = star.flux;
  out.flux_err = star.fisher[0] > 0.0F ? 1.0 / std::sqrt(static_cast<double>(star.fisher[0])) : 0.0;
}

/// One row of a stamp added to the residual.
void add_row(const float* light, float scale, std::ptrdiff_t count, float* out) {
  for (std::ptrdiff_t i = 0; i < count; ++i) out[i] += scale * light[i];
}

double tile_size(const PsfBrush& brush, double max_shift) {
  return std::max(64.0, 2.0 * (brush.radius() + max_shift + 3.0));
}

/// Normal equations of (flux, x, y, background); unknowns that are not fitted are held at zero.
struct StarEquations {
  Eigen::Matrix4d normal = Eigen::Matrix4d::Identity();
  Eigen::Vector4d right = Eigen::Vector4d::Zero();

  StarEquations(StarWindow& window, bool move, bool background) {
    const auto n = static_cast<std::size_t>(window.pixels());
    const int unknowns = move ? 3 : 1;
    const float* slope_x = window.own[move ? 1 : 0].data();
    const float* slope_y = window.own[move ? 2 : 0].data();
    if (!background) {
      const float* w = window.weight.data();
      const float* r = window.residual.data();
      const float* value = window.own[0].data();
      move ? fill(weighted_products<4>({value, slope_x, slope_y, r}, w, n), unknowns)
           : fill(weighted_products<2>({value, r}, w, n), unknowns);
      return;
    }
    if (window.widening.size() < window.pixels()) window.widening.resize(window.pixels());
    window.widening.head(window.pixels()).setOnes();
    const auto sums = weighted_products<5>(
        {window.own[0].data(), slope_x, slope_y, window.residual.data(), window.widening.data()},
        window.weight.data(), n);
    fill(sums, unknowns);
    for (int a = 0; a < unknowns; ++a) normal(a, 3) = normal(3, a) = sums.at(a, 4);
    normal(3, 3) = sums.at(4, 4);
    right[3] = sums.at(3, 4);
  }

 private:
  /// Columns: the unknowns, and the residual after them (of five, fourth).
  template <std::size_t N>
  void fill(const PixelProducts<N>& sums, int unknowns) {
    const int last = N == 5 ? 3 : static_cast<int>(N) - 1;
    for (int a = 0; a < unknowns; ++a) {
      for (int b = 0; b < unknowns; ++b) normal(a, b) = sums.at(a, b);
      right[a] = sums.at(a, last);
    }
  }
};

}  // namespace

double StarState::place_tolerance(double sigmas) const {
  // A tenth of the half field changes a flux by about one percent where a PSF varies by ten.
  const double snr = flux * std::sqrt(static_cast<double>(fisher[0]));
  return snr > 3.0 ? std::min(widest_tolerance, sigmas / snr) : widest_tolerance;
}
int StarState::cx() const { return static_cast<int>(std::lround(x)); }
int StarState::cy() const { return static_cast<int>(std::lround(y)); }

StarReach::StarReach(const PsfModel& psf, float sky_sigma, double core_px,
                     double variance_per_signal)
    : sky_sigma_(sky_sigma), core_(core_px), variance_per_signal_(variance_per_signal) {
  const Plane<float>& plane = psf.terms.front();
  const std::ptrdiff_t middle = plane.width() / 2;
  profile_.assign(static_cast<std::size_t>(psf.size / 2 + 1), 0.0F);
  for (std::size_t r = 0; r < profile_.size(); ++r) {
    const std::ptrdiff_t step = static_cast<std::ptrdiff_t>(r) * psf.oversampling;
    profile_[r] = std::max({plane(middle + step, middle), plane(middle - step, middle),
                            plane(middle, middle + step), plane(middle, middle - step)});
  }
  double squares = 0.0;
  for (std::ptrdiff_t i = 0; i < plane.size(); ++i)
    squares += static_cast<double>(plane.data()[i]) * static_cast<double>(plane.data()[i]);
  sharpness_ = std::max(squares / (psf.oversampling * psf.oversampling), 1e-12);
}

double StarReach::flux_variance(double flux) const {
  const auto sky = static_cast<double>(sky_sigma_);
  return sky * sky / sharpness_ + variance_per_signal_ * std::max(flux, 0.0);
}

double StarReach::radius_where(double flux, double sigmas, double least) const {
  const double limit = sigmas * static_cast<double>(sky_sigma_);
  const double last = static_cast<double>(profile_.size() - 1);
  double radius = std::min(least, last);
  while (radius < last &&
         std::abs(flux) * static_cast<double>(profile_[static_cast<std::size_t>(radius)]) > limit)
    radius += 1.0;
  return radius;
}

int StarReach::light_radius(double flux) const {
  return static_cast<int>(std::ceil(radius_where(flux, 0.03, core_ + 1.0)));
}

float sky_sigma_of(View<const float> variance) {
  std::vector<float> values;
  const std::ptrdiff_t step = std::max<std::ptrdiff_t>(1, variance.size() / 20000);
  for (std::ptrdiff_t i = 0; i < variance.size(); i += step) {
    const float value = variance(i % variance.width, i / variance.width);
    if (std::isfinite(value) && value > 0.0F) values.push_back(value);
  }
  if (values.empty()) return 1.0F;
  const auto quartile = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 4);
  std::nth_element(values.begin(), quartile, values.end());
  return std::sqrt(*quartile);
}

StarFitter::StarFitter(const FitPlanes& planes, const PsfModel& psf,
                       const StarFitSettings& settings)
    : planes_(planes),
      settings_(settings),
      brush_(psf),
      reach_(psf, sky_sigma_of(planes.variance), settings.core_fwhm * psf.fwhm_px,
             settings.variance_per_signal) {}

void StarFitter::take_light(const StarState& star, const PsfStamp& stamp, float scale) const {
  const int radius = std::min(star.light_radius, stamp.radius);
  const int cx = star.cx(), cy = star.cy();
  const int x0 = std::max(cx - radius, 0);
  const int x1 = std::min(cx + radius, static_cast<int>(planes_.residual.width) - 1);
  for (int y = std::max(cy - radius, 0);
       y <= std::min(cy + radius, static_cast<int>(planes_.residual.height) - 1); ++y) {
    if (x1 < x0) return;
    const std::ptrdiff_t at = (y - cy + stamp.radius) * stamp.stride + x0 - cx + stamp.radius;
    add_row(stamp.value.data() + at, scale, x1 - x0 + 1, planes_.residual.row(y) + x0);
  }
}

bool StarFitter::core_is_masked(const StarState& star) const {
  if (planes_.mask.empty()) return false;
  const int cx = star.cx(), cy = star.cy();
  for (int y = cy - 1; y <= cy + 1; ++y)
    for (int x = cx - 1; x <= cx + 1; ++x)
      if (planes_.mask.contains(x, y) && (planes_.mask(x, y) & mask_bits::unusable) != 0)
        return true;
  return false;
}

double StarFitter::fit_radius(const StarState& star) const {
  return core_is_masked(star) ? brush_.radius() : reach_.fit_radius(star.flux);
}

void StarFitter::start(const std::vector<StarFit>& stars) {
  stars_.assign(stars.size(), {});
  moved_.assign(stars.size(), 1e9F);
  moved_before_ = moved_;
  for (std::size_t k = 0; k < stars.size(); ++k) {
    StarState& star = stars_[k];
    star.x = star.x_start = stars[k].x;
    star.y = star.y_start = stars[k].y;
    star.flux = std::isfinite(stars[k].flux) ? std::max(stars[k].flux, 0.0) : 0.0;
    star.held = !settings_.fit_positions;
    star.fisher[0] = static_cast<float>(1.0 / reach_.flux_variance(star.flux));
    star.known = settings_.subtracted && stars[k].flux_err > 0.0;
    const double margin = brush_.radius();
    star.alive = star.x > -margin && star.y > -margin &&
                 star.x < static_cast<double>(planes_.residual.width - 1) + margin &&
                 star.y < static_cast<double>(planes_.residual.height - 1) + margin;
    star.light_radius = star.alive ? std::min(reach_.light_radius(star.flux), brush_.radius()) : 0;
  }
}

bool StarFitter::rests(std::size_t k) const {
  const double limit = settings_.tolerance_sigma;
  const double near = near_fwhm * brush_.fwhm_px();
  bool alone = true;
  for (const std::int32_t other : neighbours_.of(k)) {
    const auto number = static_cast<std::size_t>(other);
    const double distance =
        std::hypot(stars_[number].x - stars_[k].x, stars_[number].y - stars_[k].y);
    alone = alone && distance >= near;
    // The PSFs of two stars overlap by less than a twentieth where they are farther apart.
    const double felt = distance < near ? limit : 10.0 * limit;
    if (static_cast<double>(moved_before_[number]) > felt) return false;
  }
  // A star alone is where it belongs after one step, but for the step's square over its S/N.
  const double snr = stars_[k].flux * std::sqrt(static_cast<double>(stars_[k].fisher[0]));
  const double own = alone ? std::sqrt(limit * std::max(snr, 1.0)) : limit;
  return static_cast<double>(moved_before_[k]) <= own;
}

void StarFitter::place(const StarState& star, int radius, StarScratch& scratch) const {
  const double tolerance = star.place_tolerance(settings_.rough ? 3.0 : 1.0);
  const bool whole_tile = tolerance * brush_.shorter_scale() >= 0.5 * tile_px_;
  // What will do for a whole tile is taken at its middle, for all of its faint stars.
  const double x =
      whole_tile ? (std::floor(star.x_start / tile_px_) + 0.5) * tile_px_ : star.x_start;
  const double y =
      whole_tile ? (std::floor(star.y_start / tile_px_) + 0.5) * tile_px_ : star.y_start;
  scratch.pencil.place_near(x, y, radius, whole_tile ? 0.0 : tolerance);
}

/// In the first pass fluxes are found, in the second all positions, then what still moves.
bool StarFitter::is_due(std::size_t k, int number) const {
  if (!stars_[k].alive) return false;
  return number == 0 ? !stars_[k].known : number == 1 || !rests(k);
}

void StarFitter::visit(std::size_t k, bool move, StarScratch& scratch) {
  StarState& star = stars_[k];
  const double radius = fit_radius(star);
  const int cx = star.cx(), cy = star.cy();
  place(star, std::max(static_cast<int>(radius) + 1, star.light_radius + 1), scratch);
  const bool moves = move && !star.held &&
                     star.flux * std::sqrt(static_cast<double>(star.fisher[0])) > least_snr_to_move;
  star.moves = moves;
  scratch.pencil.draw(star.x - cx, star.y - cy, moves, scratch.stamp);
  scratch.window.gather(planes_, cx, cy, radius);
  scratch.window.spread(scratch.stamp, 0, 0, static_cast<float>(star.flux), moves,
                        scratch.window.own);
  const StarEquations equations(scratch.window, moves, settings_.fit_background);
  const Eigen::LDLT<Eigen::Matrix4d> solver(equations.normal);
  if (scratch.window.usable() < 6 || !(solver.vectorD().minCoeff() > 0.0)) {
    take_light(star, scratch.stamp, static_cast<float>(star.flux));
    star.alive = false;
    moved_[k] = 0.0F;
    return;
  }
  const Eigen::Vector4d step = solver.solve(equations.right);
  const Eigen::Matrix4d& f = equations.normal;
  star.fisher = {static_cast<float>(f(0, 0)), static_cast<float>(f(0, 1)),
                 static_cast<float>(f(0, 2)), static_cast<float>(f(1, 1)),
                 static_cast<float>(f(1, 2)), static_cast<float>(f(2, 2))};
  take_light(star, scratch.stamp, static_cast<float>(star.flux));
  const double longest = 0.3 * brush_.fwhm_px();
  const double dx = moves ? std::clamp(step[1], -longest, longest) : 0.0;
  const double dy = moves ? std::clamp(step[2], -longest, longest) : 0.0;
  moved_[k] = static_cast<float>(
      std::max({std::abs(step[0]) * std::sqrt(f(0, 0)), std::abs(dx) * std::sqrt(f(1, 1)),
                std::abs(dy) * std::sqrt(f(2, 2))}));
  star.flux += step[0];
  star.x += dx;
  star.y += dy;
  if (std::hypot(star.x - star.x_start, star.y - star.y_start) >
      settings_.max_shift_fwhm * brush_.fwhm_px()) {
    star.x = star.x_start;
    star.y = star.y_start;
    star.held = true;
  }
  const int before = star.light_radius;
  star.light_radius = std::min(reach_.light_radius(star.flux), brush_.radius());
  if (star.light_radius > before + 1)
    scratch.pencil.place(star.x_start, star.y_start, star.light_radius);
  scratch.pencil.draw(star.x - star.cx(), star.y - star.cy(), false, scratch.stamp);
  take_light(star, scratch.stamp, static_cast<float>(-star.flux));
}

void StarFitter::pass(int number) {
  std::swap(moved_, moved_before_);
  std::fill(moved_.begin(), moved_.end(), 0.0F);
  for (const auto& colour : tiles_.colours)
    parallel_bands(static_cast<std::ptrdiff_t>(colour.size()), 8, [&](auto first, auto last) {
      StarScratch scratch(brush_);
      for (auto tile = first; tile < last; ++tile)
        for (const std::int32_t member : colour[static_cast<std::size_t>(tile)]) {
          const auto k = static_cast<std::size_t>(member);
          if (is_due(k, number)) visit(k, number > 0, scratch);
        }
    });
}

void StarFitter::run(std::vector<StarFit>& stars) {
  start(stars);
  tile_px_ = tile_size(brush_, settings_.max_shift_fwhm * brush_.fwhm_px());
  tiles_ = tile_stars(stars, tile_px_);
  neighbours_ = find_star_neighbours(stars, 2.5 * brush_.fwhm_px());
  if (!settings_.subtracted) take_all();
  for (int number = 0; number <= settings_.passes; ++number) {
    pass(number);
    if (number > 0 && std::all_of(moved_.begin(), moved_.end(), [&](float moved) {
          return moved <= static_cast<float>(settings_.tolerance_sigma);
        }))
      break;
  }
  for (std::size_t k = 0; k < stars.size(); ++k) {
    if (!stars_[k].alive) give_up(stars[k]);
    if (stars_[k].alive && settings_.rough) keep_rough(stars_[k], stars[k]);
  }
  if (!settings_.rough) settle_all(stars);
}

void StarFitter::settle_all(std::vector<StarFit>& stars) {
  for (const auto& colour : tiles_.colours)
    parallel_bands(static_cast<std::ptrdiff_t>(colour.size()), 8, [&](auto first, auto last) {
      StarScratch scratch(brush_);
      for (auto tile = first; tile < last; ++tile)
        for (const std::int32_t member : colour[static_cast<std::size_t>(tile)]) {
          const auto k = static_cast<std::size_t>(member);
          if (stars_[k].alive) settle(k, stars[k], scratch);
        }
    });
}

void StarFitter::take_all() {
  for (const auto& colour : tiles_.colours)
    parallel_bands(static_cast<std::ptrdiff_t>(colour.size()), 8, [&](auto first, auto last) {
      StarScratch scratch(brush_);
      for (auto tile = first; tile < last; ++tile)
        for (const std::int32_t member : colour[static_cast<std::size_t>(tile)]) {
          const StarState& star = stars_[static_cast<std::size_t>(member)];
          if (!star.alive || star.flux <= 0.0) continue;
          place(star, star.light_radius, scratch);
          scratch.pencil.draw(star.x - star.cx(), star.y - star.cy(), false, scratch.stamp);
          take_light(star, scratch.stamp, static_cast<float>(-star.flux));
        }
    });
}

}  // namespace polis
