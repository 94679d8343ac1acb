#include "tasks/detector_frame.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "formats/raw_array.h"
#include "kernels/calibrate.h"
#include "kernels/dark_model.h"
#include "kernels/overscan.h"

namespace polis {
namespace {

std::string size_text(std::ptrdiff_t width, std::ptrdiff_t height) {
  return std::to_string(width) + " x " + std::to_string(height);
}

/// Where an amplifier's pixels land in the trimmed image.
Section target_of(const Amplifier& amplifier) {
  return {static_cast<int>(std::lround(amplifier.origin.x)),
          static_cast<int>(std::lround(amplifier.origin.y)), amplifier.data.width,
          amplifier.data.height};
}

bool lies_inside(const Section& s, std::ptrdiff_t width, std::ptrdiff_t height) {
  return !s.empty() && s.x0 >= 0 && s.y0 >= 0 && s.x0 + std::ptrdiff_t{s.width} <= width &&
         s.y0 + std::ptrdiff_t{s.height} <= height;
}

void check_sections(const Exposure& exposure, View<const float> raw) {
  bool good = !exposure.amplifiers.empty() && exposure.width > 0 && exposure.height > 0;
  for (const Amplifier& amplifier : exposure.amplifiers) {
    good = good && lies_inside(amplifier.data, raw.width, raw.height) &&
           lies_inside(target_of(amplifier), exposure.width, exposure.height) &&
           (amplifier.overscan.empty() || lies_inside(amplifier.overscan, raw.width, raw.height));
  }
  if (good) return;
  throw Error(
      ErrorKind::bad_input, "cannot calibrate exposure " + exposure.exposure_id,
      "its amplifier sections do not fit its " + size_text(raw.width, raw.height) + " raw pixels",
      "check trim and overscan in the instrument's file and ingest it again");
}

void check_master(const Exposure& exposure, const Frame* master, std::string_view what) {
  if (master == nullptr) return;
  if (master->pixels.width() == exposure.width && master->pixels.height() == exposure.height)
    return;
  throw Error(ErrorKind::bad_input,
              "cannot calibrate exposure " + exposure.exposure_id + " with the " +
                  std::string(what) + " " + master->exposure.exposure_id,
              "the exposure has " + size_text(exposure.width, exposure.height) + " pixels, the " +
                  std::string(what) + " " +
                  size_text(master->pixels.width(), master->pixels.height()),
              "calibrate each detector and binning with its own masters");
}

template <class T>
View<const T> cut_if(const Plane<T>& plane, const Section& s) {
  return plane.empty() ? View<const T>{} : plane.view().cut(s.x0, s.y0, s.width, s.height);
}

MasterView master_view(const Frame* master, const Section& s) {
  if (master == nullptr) return {};
  return {cut_if(master->pixels, s), cut_if(master->variance, s), cut_if(master->mask, s)};
}

/// Overscan level of each row of the amplifier's data; empty without overscan.
std::vector<float> row_levels(const Amplifier& amplifier, View<const float> raw) {
  const Section& o = amplifier.overscan;
  if (o.empty()) return {};
  const View<const float> section = raw.cut(o.x0, o.y0, o.width, o.height);
  std::vector<float> levels(static_cast<std::size_t>(amplifier.data.height));
  if (o.y0 == amplifier.data.y0 && o.height == amplifier.data.height) {
    overscan_levels(section, {}, levels);
  } else {
    std::fill(levels.begin(), levels.end(), overscan_level(section, {}));
  }
  return levels;
}

float limit_or_infinity(double limit_adu) {
  return limit_adu > 0.0 ? static_cast<float>(limit_adu) : std::numeric_limits<float>::infinity();
}

CalibrateInput input_for(const Exposure& exposure, std::size_t i, const Masters& masters,
                         PixelUnit unit) {
  const Amplifier& amplifier = exposure.amplifiers[i];
  const Section target = target_of(amplifier);
  const double gain = unit == PixelUnit::electron ? gain_or_one(amplifier) : 1.0;
  CalibrateInput in;
  in.bias = master_view(masters.bias, target);
  in.dark = master_view(masters.dark, target);
  in.flat = master_view(masters.flat, target);
  in.dark_scale =
      masters.dark != nullptr ? static_cast<float>(dark_scale_s(exposure, *masters.dark)) : 0.0F;
  in.gain_e_per_adu = static_cast<float>(gain);
  in.read_noise_e = static_cast<float>(gain * read_noise_adu(exposure, i, masters.bias));
  in.saturation_adu = limit_or_infinity(exposure.saturation_adu);
  in.nonlinear_adu = limit_or_infinity(exposure.nonlinear_adu);
  return in;
}

std::vector<float> linearity_of(const Exposure& exposure) {
  if (exposure.linearity.size() > kMaxLinearityTerms) {
    throw Error(ErrorKind::bad_input, "cannot linearise exposure " + exposure.exposure_id,
                std::to_string(exposure.linearity.size()) +
                    " linearity coefficients are more than " + std::to_string(kMaxLinearityTerms),
                "give a lower order in the instrument's file");
  }
  return {exposure.linearity.begin(), exposure.linearity.end()};
}

}  // namespace

double fact_number(const Facts& facts, std::string_view name, double fallback) {
  const auto found = facts.find(std::string(name));
  if (found == facts.end()) return fallback;
  double value = fallback;
  const char* end = found->second.data() + found->second.size();
  return std::from_chars(found->second.data(), end, value).ptr == end ? value : fallback;
}

bool has_input(Reader& reader, std::string_view role) {
  return reader.bundle().has(role) && reader.has(reader.bundle().one(role));
}

Plane<float> read_raw_pixels(Reader& reader, const Exposure& exposure) {
  const Artifact file = reader.open(InputRef{InputRef::From::lake, exposure.raw, "raw_frame"});
  // What ingest accepted with a caveat is not refused here.
  Plane<float> pixels = read_raw_array(file.bytes(), exposure, ChecksumPolicy::caveat);
  if (pixels.width() != exposure.raw_width || pixels.height() != exposure.raw_height) {
    throw Error(ErrorKind::bad_input, "cannot read the pixels of exposure " + exposure.exposure_id,
                "they are " + size_text(pixels.width(), pixels.height()) + ", not " +
                    size_text(exposure.raw_width, exposure.raw_height),
                "ingest it again");
  }
  return pixels;
}

double dark_scale_s(const Exposure& exposure, const Frame& dark) {
  if (!(exposure.exposure_time_s > 0.0)) return 0.0;
  return exposure.exposure_time_s *
         dark_temperature_factor(exposure.temperature_c, dark.exposure.temperature_c,
                                 fact_number(dark.facts, "doubling_c", 0.0));
}

double gain_or_one(const Amplifier& amplifier) {
  return amplifier.gain_e_per_adu > 0.0 ? amplifier.gain_e_per_adu : 1.0;
}

double read_noise_adu(const Exposure& exposure, std::size_t amplifier, const Frame* bias) {
  const Amplifier& amp = exposure.amplifiers.at(amplifier);
  const double header = amp.read_noise_e > 0.0 ? amp.read_noise_e / gain_or_one(amp) : 0.0;
  if (bias == nullptr) return header;
  return std::max(header,
                  fact_number(bias->facts, "read_noise_adu_" + std::to_string(amplifier), 0.0));
}

Frame calibrate_exposure(const Exposure& exposure, View<const float> raw, const Masters& masters,
                         PixelUnit unit) {
  check_sections(exposure, raw);
  check_master(exposure, masters.bias, "master bias");
  check_master(exposure, masters.dark, "master dark");
  check_master(exposure, masters.flat, "master flat");
  Frame frame;
  frame.exposure = exposure;
  frame.wcs = exposure.wcs;
  frame.unit = unit == PixelUnit::electron ? "electron" : "adu";
  frame.pixels = Plane<float>(exposure.width, exposure.height);
  frame.variance = Plane<float>(exposure.width, exposure.height);
  frame.mask = Plane<MaskPixel>(exposure.width, exposure.height, mask_bits::no_data);
  const std::vector<float> linearity = linearity_of(exposure);
  for (std::size_t i = 0; i < exposure.amplifiers.size(); ++i) {
    const Amplifier& amplifier = exposure.amplifiers[i];
    const Section& d = amplifier.data;
    const Section t = target_of(amplifier);
    const std::vector<float> levels = row_levels(amplifier, raw);
    CalibrateInput in = input_for(exposure, i, masters, unit);
    in.raw = raw.cut(d.x0, d.y0, d.width, d.height);
    in.overscan = levels;
    in.linearity = linearity;
    calibrate(in, {frame.pixels.view().cut(t.x0, t.y0, t.width, t.height),
                   frame.variance.view().cut(t.x0, t.y0, t.width, t.height),
                   frame.mask.view().cut(t.x0, t.y0, t.width, t.height)});
  }
  return frame;
}

}  // namespace polis
