#include "sky/wcs_import.h"

#include <wcslib/wcs.h>
#include <wcslib/wcserr.h>
#include <wcslib/wcshdr.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <vector>

#include "sky/fit_wcs.h"

namespace polis {
namespace {

constexpr int kGrid = 21;  // samples per axis
constexpr double kMostErrorPx = 0.05;
constexpr double kSampleErrorPx =
    1e-4;  // samples are exact; this lets the fit choose its highest order

/// wcspih and wcsset keep state between calls.
std::mutex& wcslib_mutex() {
  static std::mutex mutex;
  return mutex;
}

/// What wcspih allocates.
struct Parsed {
  int count = 0;
  wcsprm* list = nullptr;
  Parsed() = default;
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;
  ~Parsed() {
    if (list != nullptr) wcsvfree(&count, &list);
  }
};

ImportedWcs refused(std::string why) { return {{}, 0.0, std::move(why)}; }

bool parse(const std::string& cards, Parsed& parsed) {
  std::string copy = cards;  // wcspih writes into its input
  int rejected = 0;
  const int status = wcspih(copy.data(), static_cast<int>(copy.size() / 80), 0, 0, &rejected,
                            &parsed.count, &parsed.list);
  return status == 0 && parsed.count > 0 && parsed.list[0].naxis == 2;
}

/// Sky positions of a grid over the detector, its border included; those without one are left out.
std::vector<StarPair> sample(wcsprm& prm, int width, int height) {
  std::vector<StarPair> pairs;
  for (int j = 0; j < kGrid; ++j) {
    for (int i = 0; i < kGrid; ++i) {
      const PixelPosition pixel{(width - 1.0) * i / (kGrid - 1), (height - 1.0) * j / (kGrid - 1)};
      const double fits_pixel[2] = {pixel.x + 1.0, pixel.y + 1.0};
      double intermediate[2], phi[1], theta[1], world[2];
      int bad[1] = {0};
      if (wcsp2s(&prm, 1, 2, fits_pixel, intermediate, phi, theta, world, bad) != 0) continue;
      const SkyPosition sky{world[prm.lng], world[prm.lat]};
      if (std::isfinite(sky.ra_deg) && std::isfinite(sky.dec_deg))
        pairs.push_back({pixel, sky, kSampleErrorPx});
    }
  }
  return pairs;
}

double largest_error(const Wcs& wcs, const std::vector<StarPair>& pairs) {
  double largest = 0.0;
  const double scale = wcs.pixel_scale_arcsec();
  for (const StarPair& pair : pairs) {
    const double error = separation_arcsec(wcs.to_sky(pair.pixel), pair.sky) / scale;
    largest = std::isfinite(error) ? std::max(largest, error) : INFINITY;
  }
  return largest;
}

}  // namespace

ImportedWcs import_wcs(const std::string& cards, int width, int height) {
  if (width < 2 || height < 2) return refused("the image is too small for a WCS");
  const std::scoped_lock guard(wcslib_mutex());
  Parsed parsed;
  if (!parse(cards, parsed)) return refused("WCSLIB cannot read its WCS");
  wcsprm& prm = parsed.list[0];
  if (wcsset(&prm) != 0) return refused("WCSLIB refuses its WCS");
  if (prm.lng < 0 || prm.lat < 0 || std::string(prm.lngtyp).substr(0, 2) != "RA")
    return refused("its WCS is not equatorial");
  const std::vector<StarPair> pairs = sample(prm, width, height);
  if (pairs.size() < static_cast<std::size_t>(kGrid * kGrid / 2))
    return refused("its WCS covers too little of the image");
  WcsFitSettings settings;
  settings.width = width;
  settings.height = height;
  settings.most_sip_order = 5;
  settings.clip_sigma = 1e12;
  const WcsFit fit = fit_wcs(pairs, pairs[pairs.size() / 2].sky, settings);
  if (!fit.found) return refused("no TAN-SIP fits its WCS");
  ImportedWcs imported{fit.wcs, largest_error(fit.wcs, pairs), {}};
  if (!(imported.error_px <= kMostErrorPx))
    return refused("TAN-SIP misses its WCS by " + std::to_string(imported.error_px) + " pixels");
  add_inverse_sip(imported.wcs, width, height);
  return imported;
}

}  // namespace polis
