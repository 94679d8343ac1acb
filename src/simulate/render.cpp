#include <cmath>
#include <span>

#include "base/error.h"
#include "formats/gzip.h"
#include "kernels/parallel.h"
#include "simulate/expose.h"
#include "simulate/header.h"
#include "simulate/night.h"

namespace polis {
namespace {

const PlannedExposure& planned_at(const Night& night, int index) {
  if (index < 0 || static_cast<std::size_t>(index) >= night.exposures.size()) {
    throw Error(ErrorKind::not_found, "no exposure " + std::to_string(index),
                "the night has " + std::to_string(night.exposures.size()));
  }
  return night.exposures[static_cast<std::size_t>(index)];
}

/// Variance as a calibration states it: the signal that was counted, and the read noise.
void set_variance(const SceneSite& site, const std::vector<Amplifier>& amplifiers, Frame& frame) {
  for (const Amplifier& a : amplifiers) {
    const auto read = static_cast<float>(a.read_noise_e * a.read_noise_e);
    const auto x0 = static_cast<std::ptrdiff_t>(a.origin.x);
    for (std::ptrdiff_t y = 0; y < site.height; ++y) {
      for (std::ptrdiff_t x = x0; x < x0 + a.data.width; ++x) {
        frame.variance(x, y) = std::max(0.0F, frame.pixels(x, y)) + read;
      }
    }
  }
}

void set_mask(const Exposed& exposed, const std::vector<PixelEvent>& defects, Frame& frame) {
  for (const PixelEvent& p : exposed.events) frame.mask(p.x, p.y) |= mask_of(p.kind);
  for (const PixelEvent& p : defects) frame.mask(p.x, p.y) |= mask_of(p.kind);
  for (const SkyTrail& trail : exposed.trails) {
    for (std::ptrdiff_t y = 0; y < frame.mask.height(); ++y) {
      for (std::ptrdiff_t x = 0; x < frame.mask.width(); ++x) {
        const double light = trail.light(static_cast<double>(x), static_cast<double>(y));
        if (light > 0.5 * exposed.noise_e) frame.mask(x, y) |= mask_bits::trail;
      }
    }
  }
}

}  // namespace

RawExposure render(const Night& night, int index) {
  const PlannedExposure& planned = planned_at(night, index);
  const SceneSite& site = night.site_of(planned);
  const Detector detector(night.scene, site);
  const Exposed exposed = expose(night, planned, detector);
  RawExposure raw;
  raw.site = site.name;
  raw.adu = read_out(night.scene, site, detector, planned.number, exposed.electrons.view());
  const bool science = planned.type == ImageType::science;
  raw.exposure =
      described(night, planned, science ? &exposed.observation : nullptr, exposed.temperature_c);
  write_dialect(site, planned, raw);
  return raw;
}

Bytes fits_of(const RawExposure& raw) {
  std::vector<FitsHduOut> hdus(raw.in_extension ? 2 : 1);
  hdus[0].header = raw.primary;
  FitsHduOut& image = hdus.back();
  if (raw.in_extension) {
    image.header = raw.extension;
    image.name = raw.compression == FitsCompression::none ? "CHIP1" : "";
  }
  image.pixels = raw.adu.view();
  image.compression = raw.compression;
  // A compressed image brings its own empty primary along.
  const std::span<const FitsHduOut> all(hdus);
  const Bytes bytes = write_fits(raw.compression == FitsCompression::none ? all : all.subspan(1));
  return raw.gzip ? deflate_gzip(bytes) : bytes;
}

Frame ideal_frame(const Night& night, int index) {
  const PlannedExposure& planned = planned_at(night, index);
  const SceneSite& site = night.site_of(planned);
  const Detector detector(night.scene, site);
  Exposed exposed = expose(night, planned, detector, false);
  Frame frame;
  frame.exposure = described(night, planned, &exposed.observation, exposed.temperature_c);
  frame.unit = "electron";
  frame.pixels = std::move(exposed.electrons);
  frame.variance = Plane<float>(site.width, site.height);
  frame.mask = Plane<MaskPixel>(site.width, site.height);
  frame.wcs = exposed.observation.wcs;
  set_variance(site, frame.exposure.amplifiers, frame);
  set_mask(exposed, detector.defects(planned.exposure_s, exposed.temperature_c), frame);
  const RowNoise noise(night.scene.seed, "ideal read noise/" + planned.name);
  const auto dark = static_cast<float>(planned.exposure_s);
  parallel_bands(site.height, 64, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    std::vector<float> row(static_cast<std::size_t>(site.width));
    std::vector<float> current(row.size());
    for (std::ptrdiff_t y = first; y < last; ++y) {
      noise.normal(static_cast<std::uint64_t>(y), row);
      detector.dark_row(static_cast<int>(y), exposed.temperature_c, current);
      for (const Amplifier& a : frame.exposure.amplifiers) {
        const auto x0 = static_cast<std::size_t>(a.origin.x);
        for (std::size_t x = x0; x < x0 + static_cast<std::size_t>(a.data.width); ++x) {
          frame.pixels.view().row(y)[x] +=
              static_cast<float>(a.read_noise_e) * row[x] - dark * current[x];
        }
      }
    }
  });
  return frame;
}

}  // namespace polis
