#include "formats/ingest.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "formats/detector_layout.h"
#include "formats/exposure_header.h"
#include "formats/fits_image.h"
#include "formats/ingest_steps.h"
#include "formats/join_detector.h"
#include "formats/paths.h"
#include "formats/wcs_header.h"

namespace polis {
namespace {

bool matches(const Instrument& instrument, const HeaderContext& context) {
  return std::all_of(
      instrument.match.begin(), instrument.match.end(), [&](const NamedPattern& rule) {
        const std::optional<FoundValue> value = find_value({{false, rule.name, {}, {}}}, context);
        return value && std::regex_search(value->text.substr(0, 256), rule.regex);
      });
}

std::string stem_of(std::string_view name) {
  name.remove_prefix(name.find_last_of('/') + 1);
  if (name.ends_with(".gz") || name.ends_with(".fz")) name.remove_suffix(3);
  return std::string(name.substr(0, std::min(name.size(), name.find_last_of('.'))));
}

bool is_wanted(const Instrument& instrument, const FitsHdu& hdu, std::size_t index) {
  if (!hdu.has_pixels()) return false;
  if (instrument.hdus.empty()) return hdu.image_axes().size() == 2;
  return std::any_of(instrument.hdus.begin(), instrument.hdus.end(),
                     [&](const std::string& wanted) {
                       return wanted == hdu.name || wanted == std::to_string(index);
                     });
}

/// What the pixels as a whole say against the image.
void judge_pixels(const Plane<float>& pixels, Exposure& exposure) {
  long long valued = 0;
  long long saturated = 0;
  float least = INFINITY;
  float most = -INFINITY;
  for (std::ptrdiff_t i = 0; i < pixels.size(); ++i) {
    const float value = pixels.data()[i];
    if (std::isnan(value)) continue;
    ++valued;
    least = std::min(least, value);
    most = std::max(most, value);
    if (static_cast<double>(value) >= exposure.saturation_adu) ++saturated;
  }
  if (valued == 0) {
    exposure.caveats.emplace_back("pixels: none has a value");
  } else if (least == most) {
    exposure.caveats.emplace_back("pixels: all have the same value");
  } else if (valued < pixels.size()) {
    exposure.caveats.push_back("pixels: " + std::to_string(pixels.size() - valued) +
                               " have no value");
  }
  if (saturated > 0 && saturated * 2 > valued)
    exposure.caveats.emplace_back("pixels: more than half are saturated");
}

/// The header's WCS, moved from the raw array to the trimmed image.
void read_trimmed_wcs(const FitsHeader& header, Exposure& exposure) {
  exposure.wcs = read_wcs(header, exposure.raw_width, exposure.raw_height, exposure.caveats);
  if (!exposure.wcs.valid) return;
  const Amplifier& first = exposure.amplifiers.front();
  exposure.wcs.reference_pixel.x += first.origin.x - first.data.x0;
  exposure.wcs.reference_pixel.y += first.origin.y - first.data.y0;
}

Exposure read_whole_detector(const FitsFile& file, std::size_t index, std::size_t detectors,
                             std::string_view stem, const Instrument& instrument,
                             std::vector<MemberTrace>& traces, Plane<float>& pixels) {
  const FitsHdu& hdu = file.hdus[index];
  Exposure exposure;
  exposure.hdu = static_cast<int>(index);
  if (detectors > 1) exposure.detector = hdu.name.empty() ? std::to_string(index) : hdu.name;
  RawImage image = read_image(
      file, hdu, instrument.forgive_checksum ? ChecksumPolicy::caveat : ChecksumPolicy::refuse);
  exposure.caveats = image.caveats;
  exposure.raw_width = static_cast<int>(image.pixels.width());
  exposure.raw_height = static_cast<int>(image.pixels.height());
  const HeaderContext context{&image.header, &file.hdus.front().header, std::string(stem),
                              exposure.hdu};
  read_exposure_header(instrument, context, exposure, traces);
  lay_out_detector(instrument.amplifiers, context, exposure);
  read_trimmed_wcs(image.header, exposure);
  pixels = std::move(image.pixels);
  return exposure;
}

}  // namespace

const Instrument& choose_instrument(const FitsFile& file, std::string_view name,
                                    std::span<const Instrument> instruments) {
  const FitsHdu* image = nullptr;
  for (const FitsHdu& hdu : file.hdus) {
    if (image == nullptr && hdu.has_pixels()) image = &hdu;
  }
  const FitsHeader& primary = file.hdus.front().header;
  const HeaderContext context{image != nullptr ? &image->header : &primary, &primary, stem_of(name),
                              0};
  const Instrument* best = nullptr;
  std::string rivals;
  for (const Instrument& instrument : instruments) {
    if (!matches(instrument, context)) continue;
    if (best != nullptr && instrument.match.size() < best->match.size()) continue;
    const bool tie = best != nullptr && instrument.match.size() == best->match.size();
    rivals = tie ? rivals + " and " + instrument.file : instrument.file;
    best = &instrument;
  }
  if (best == nullptr) {
    throw Error(ErrorKind::bad_config, "cannot ingest " + std::string(name),
                "no instrument file matches its header",
                "write one (docs/formats/instrument.md), or name one");
  }
  if (rivals.find(" and ") != std::string::npos) {
    throw Error(ErrorKind::bad_config, "cannot ingest " + std::string(name),
                "it matches equally well " + rivals, "make one [match] stricter");
  }
  return *best;
}

std::vector<std::vector<std::size_t>> detectors_of(const FitsFile& file, std::string_view name,
                                                   const Instrument& instrument) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < file.hdus.size(); ++i) {
    if (is_wanted(instrument, file.hdus[i], i)) found.push_back(i);
  }
  if (found.empty())
    throw Error(ErrorKind::bad_input, "cannot read a FITS file",
                "no HDU in it holds an image that is asked for");
  if (!instrument.join.empty()) return group_by_detector(file, found, stem_of(name), instrument);
  std::vector<std::vector<std::size_t>> alone;
  for (const std::size_t index : found) alone.push_back({index});
  return alone;
}

Exposure read_detector(const FitsFile& file, const std::vector<std::size_t>& hdus,
                       std::size_t detectors, std::string_view name, const Instrument& instrument,
                       std::vector<MemberTrace>& traces) {
  Plane<float> pixels;
  Exposure exposure =
      instrument.join.empty()
          ? read_whole_detector(file, hdus.front(), detectors, stem_of(name), instrument, traces,
                                pixels)
          : read_joined_detector(file, hdus, stem_of(name), instrument, traces, pixels);
  if (exposure.wcs.valid && !std::isfinite(exposure.pixel_scale_arcsec))
    exposure.pixel_scale_arcsec = exposure.wcs.pixel_scale_arcsec();
  judge_pixels(pixels, exposure);
  return exposure;
}

Ingested ingest_file(ByteView bytes, std::string_view name,
                     std::span<const Instrument> instruments) {
  check_file_name(name);
  try {
    const FitsFile file = parse_fits(bytes);
    const Instrument& instrument = choose_instrument(file, name, instruments);
    const auto detectors = detectors_of(file, name, instrument);
    const Digest raw = digest_of(bytes);
    Ingested ingested{{}, instrument.name};
    for (const std::vector<std::size_t>& hdus : detectors) {
      std::vector<MemberTrace> traces;
      ingested.exposures.push_back(
          read_detector(file, hdus, detectors.size(), name, instrument, traces));
      ingested.exposures.back().raw = raw;
    }
    return ingested;
  } catch (const Error& error) {
    if (std::string_view(error.what()).starts_with("cannot ingest")) throw;
    throw Error(error.kind(), "cannot ingest " + std::string(name) + ": " + error.what(), {});
  }
}

}  // namespace polis
