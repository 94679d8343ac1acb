#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/psf_photometry.h"
#include "kernels/star_groups.h"
#include "kernels/star_window.h"

namespace polis {

/// How far a star's light matters: radii as functions of its flux, from the PSF's profile and the
/// sky's noise.
class StarReach {
 public:
  StarReach(const PsfModel& psf, float sky_sigma, double core_px, double variance_per_signal);
  /// What is expected of the variance of a flux, of a star alone.
  double flux_variance(double flux) const;
  double fit_radius(double flux) const { return radius_where(flux, 0.5, core_); }
  int light_radius(double flux) const;

 private:
  double radius_where(double flux, double sigmas, double least) const;
  std::vector<float> profile_;  // largest value at each whole radius
  float sky_sigma_ = 1.0F;
  double core_ = 1.0;
  double sharpness_ = 1.0;  // sum of the squares of the PSF's pixels
  double variance_per_signal_ = 1.0;
};

/// A typical noise of empty pixels: root of the lower quartile of the variance.
float sky_sigma_of(View<const float> variance);

/// The state of one star while all are fitted.
struct StarState {
  double x = 0.0, y = 0.0, flux = 0.0;
  double x_start = 0.0, y_start = 0.0;
  int light_radius = 0;           ///< within which its light has been taken away
  bool alive = false;             ///< has pixels
  bool moves = false;             ///< position was fitted at the last visit
  bool held = false;              ///< position is not fitted
  bool known = false;             ///< was fitted before: near its place from the start
  std::array<float, 6> fisher{};  ///< ff fx fy xx xy yy at the last visit; first ff as expected
  /// How far from its own place the PSF may be taken, in half fields: what changes the flux by a
  /// hundredth of `sigmas` or less where the PSF varies by ten percent.
  double place_tolerance(double sigmas) const;
  int cx() const;
  int cy() const;
};

/// Working memory of one thread.
struct StarScratch {
  explicit StarScratch(const PsfBrush& brush) : pencil(brush) {}
  PsfPencil pencil;
  PsfStamp stamp, other;
  StarWindow window;
  std::array<Eigen::ArrayXf, 3> columns;
};

/// Fits all stars of an image together; see fit_stars.
class StarFitter {
 public:
  StarFitter(const FitPlanes& planes, const PsfModel& psf, const StarFitSettings& settings);
  void run(std::vector<StarFit>& stars);

 private:
  void start(const std::vector<StarFit>& stars);
  void take_all();
  void pass(int number);
  bool is_due(std::size_t k, int number) const;
  void visit(std::size_t k, bool move, StarScratch& scratch);
  void settle_all(std::vector<StarFit>& stars);
  void take_light(const StarState& star, const PsfStamp& stamp, float scale) const;
  bool rests(std::size_t k) const;
  void place(const StarState& star, int radius, StarScratch& scratch) const;
  double fit_radius(const StarState& star) const;
  bool core_is_masked(const StarState& star) const;
  void settle(std::size_t k, StarFit& out, StarScratch& scratch) const;
  void set_errors(std::size_t k, StarFit& out, StarScratch& scratch) const;
  void set_shape(const StarState& star, StarFit& out, StarScratch& scratch) const;
  std::uint32_t flags_of(const StarState& star) const;

  FitPlanes planes_;
  StarFitSettings settings_;
  PsfBrush brush_;
  StarReach reach_;
  double tile_px_ = 64.0;
  StarTiles tiles_;
  StarNeighbours neighbours_;
  std::vector<StarState> stars_;
  std::vector<float> moved_, moved_before_;  // in sigma, in this pass and in the one before
};

}  // namespace polis
