#include "sky/photometry_helpers.h"

#include <cmath>

#include "base/random.h"
#include "sky/astrometry.h"
#include "sky/scene_helpers.h"

namespace polis::testing_sky {

Made make_frame(std::uint64_t seed, double colour_term, double slope_mag, double flat_scatter) {
  Scene scene = make_scene(seed);
  RandomStream stream(seed, "photometry");
  Made made{{}, reference_of(scene), exposure_of(scene)};
  Table& stars = made.reference.at("stars");
  std::vector<double> green;
  std::vector<double> red_err(stars.rows(), 0.01);
  for (std::size_t j = 0; j < stars.rows(); ++j) {
    // Magnitudes of the scene are 18 and brighter; the catalogue's carry 0.01 mag of error.
    const double colour = stream.uniform(0.2, 1.4);
    green.push_back(stars.get<double>("mag_r")[j] + colour);
  }
  std::size_t j = 0;
  for (DetectedStar& star : scene.detected) {
    while (separation_arcsec(scene.reference[j].position,
                             scene.truth[static_cast<std::size_t>(&star - scene.detected.data())]) >
           0.1)
      ++j;
    const double colour = green[j] - stars.get<double>("mag_r")[j];
    const double mag = stars.get<double>("mag_r")[j] - colour_term * colour -
                       slope_mag * (star.position.x / kWidth - 0.5) +
                       flat_scatter * stream.normal();
    star.flux = 30.0 * std::pow(10.0, -0.4 * (mag - kTrueZeroPoint));
    star.flux += std::sqrt(star.flux + 400.0) * stream.normal();
  }
  for (double& magnitude : stars.get<double>("mag_r")) magnitude += 0.01 * stream.normal();
  stars.add({"mag_r_err", "mag", "", "", red_err});
  stars.add({"mag_i", "mag", "", "", green});
  made.catalog = catalog_of(scene);
  const auto references = reference_stars(stars, kUnknown, "r");
  write_astrometry(made.catalog, solve_catalog(made.catalog, made.exposure, references, {}),
                   "icrs");
  return made;
}

}  // namespace polis::testing_sky
