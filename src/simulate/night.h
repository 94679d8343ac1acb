#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "formats/fits_write.h"
#include "kernels/view.h"
#include "simulate/scene.h"
#include "simulate/variables.h"
#include "sky/exposure.h"
#include "sky/frame.h"
#include "sky/table.h"

namespace polis {

/// One exposure as planned: what happens when.
struct PlannedExposure {
  int index = 0;  ///< in Night::exposures
  int site = 0;   ///< in Scene::sites
  int night = 0;
  int number = 0;  ///< 1, 2, 3 ... within the site: the file name
  ImageType type = ImageType::science;
  std::string filter;      ///< empty for bias and dark
  int field = -1;          ///< science only
  double mjd_begin = 0.0;  ///< true time, UTC
  double exposure_s = 0.0;
  std::string name;    ///< "sierra_0012"
  std::string object;  ///< "field0"
  double mjd_mid() const { return mjd_begin + 0.5 * exposure_s / 86400.0; }
};

/// A night of the whole array, before any pixel is made. Cheap: everything but the schedule and the
/// changing objects is made from the scene when an exposure asks for it.
struct Night {
  Scene scene;
  std::vector<PlannedExposure> exposures;
  std::vector<Variable> variables;
  std::vector<Asteroid> asteroids;
  const SceneSite& site_of(const PlannedExposure& e) const {
    return scene.sites[static_cast<std::size_t>(e.site)];
  }
};
Night make_night(Scene scene);
/// Errors: bad_config (no such preset).
Night make_night(std::string_view preset, std::uint64_t seed);
Night make_night(std::string_view preset, std::uint64_t seed, const SceneText& changes);

/// A raw frame as the camera writes it, and what `ingest` should make of its header.
struct RawExposure {
  std::string site;
  std::string file_name;     ///< "sierra_0012.fits", with the ending of the site's format
  Plane<std::uint16_t> adu;  ///< with overscan: height x raw width
  Exposure exposure;         ///< as the header tells it, clock and pointing errors included
  FitsHeader primary;        ///< of the first HDU
  FitsHeader extension;      ///< of the second; used if `in_extension`
  bool in_extension = false;
  FitsCompression compression = FitsCompression::none;
  bool gzip = false;  ///< the whole file
};
/// Name of an exposure's file at its site.
std::string file_name_of(const SceneSite& site, const PlannedExposure& exposure);
/// Makes exposure `index`: the same bytes on any number of threads, in any order.
RawExposure render(const Night& night, int index);
/// The file, as the site would deliver it.
Bytes fits_of(const RawExposure& raw);

/// What perfect calibration would make of a science exposure: electrons with Poisson and read
/// noise, exact variance, a mask with the true defects, cosmic rays, trails, saturation and
/// bleeding. For measuring later steps alone.
Frame ideal_frame(const Night& night, int index);

/// Truth of one exposure (docs/formats/truth.md): tables "stars", "galaxies", "pixels"; facts with
/// the WCS.
TableSet truth_of(const Night& night, int index);
/// Truth of the whole night: tables "exposures", "variables", "light_curves", "asteroids".
TableSet truth_of_night(const Night& night);
/// The known-object catalogue (docs/formats/reference_catalog.md) around all fields.
TableSet reference_catalog(const Night& night);

}  // namespace polis
