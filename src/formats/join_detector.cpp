#include "formats/join_detector.h"

#include <algorithm>

#include "base/error.h"
#include "formats/detector_layout.h"
#include "formats/fits_image.h"
#include "formats/fits_tiles.h"
#include "formats/raw_array.h"
#include "formats/wcs_header.h"

namespace polis {
namespace {

[[noreturn]] void refuse(const FitsHdu& hdu, std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot join HDU " + hdu.name + " to its detector", why,
              "check join and data in the instrument file");
}

/// One HDU in the coordinates of its own pixels after turning.
struct Part {
  RawPart raw;
  Amplifier amplifier;
  Section target;  ///< on the detector, not binned
  int width = 0, height = 0;
  Wcs wcs;
};

HeaderContext context_of(const FitsFile& file, std::size_t index, const FitsHeader& header,
                         std::string_view stem) {
  return {&header, &file.hdus.front().header, std::string(stem), static_cast<int>(index)};
}

Section target_of(const Instrument& instrument, const HeaderContext& context, const FitsHdu& hdu,
                  SectionDirection& direction) {
  const std::optional<FoundValue> found = find_value(instrument.join, context);
  if (!found) refuse(hdu, "it has no " + to_text(instrument.join));
  const std::optional<Section> section = parse_section(found->text, direction);
  if (!section) refuse(hdu, "'" + found->text.substr(0, 60) + "' is no [x1:x2,y1:y2]");
  return *section;
}

Part part_of(const FitsHdu& hdu, const RawImage& image, const HeaderContext& context,
             const Instrument& instrument, std::vector<std::string>& caveats) {
  Part part;
  SectionDirection direction;
  part.target = target_of(instrument, context, hdu, direction);
  part.raw = {context.hdu, direction.falls_x, direction.falls_y};
  part.width = static_cast<int>(image.pixels.width());
  part.height = static_cast<int>(image.pixels.height());
  Exposure alone;
  alone.raw_width = part.width;
  alone.raw_height = part.height;
  lay_out_detector(instrument.amplifiers, context, alone);
  caveats.insert(caveats.end(), alone.caveats.begin(), alone.caveats.end());
  part.amplifier = alone.amplifiers.front();
  part.wcs = read_wcs(image.header, part.width, part.height, caveats);
  const auto turn = [&](const auto& what) {
    return turned(what, part.width, part.height, part.raw.flip_x, part.raw.flip_y);
  };
  part.amplifier.data = turn(part.amplifier.data);
  part.amplifier.overscan = turn(part.amplifier.overscan);
  if (part.wcs.valid) part.wcs = turn(part.wcs);
  return part;
}

/// How many pixels of the detector went into one along an axis.
int binning_of(const FitsHdu& hdu, int on_detector, int in_data) {
  if (in_data > 0 && on_detector % in_data == 0) return on_detector / in_data;
  refuse(hdu, "its section of the detector is " + std::to_string(on_detector) +
                  " pixels long, its data " + std::to_string(in_data));
}

/// Puts the parts' amplifiers into the exposure: raw sections stacked, origins by the targets.
void place_parts(const FitsFile& file, std::vector<Part>& parts, Exposure& exposure) {
  int left = parts.front().target.x0, bottom = parts.front().target.y0;
  for (const Part& part : parts) {
    left = std::min(left, part.target.x0);
    bottom = std::min(bottom, part.target.y0);
  }
  for (Part& part : parts) {
    const FitsHdu& hdu = file.hdus[static_cast<std::size_t>(part.raw.hdu)];
    Amplifier& a = part.amplifier;
    a.origin = {static_cast<double>((part.target.x0 - left) /
                                    binning_of(hdu, part.target.width, a.data.width)),
                static_cast<double>((part.target.y0 - bottom) /
                                    binning_of(hdu, part.target.height, a.data.height))};
    if (part.wcs.valid && !exposure.wcs.valid) {
      exposure.wcs = part.wcs;
      exposure.wcs.reference_pixel.x += a.origin.x - a.data.x0;
      exposure.wcs.reference_pixel.y += a.origin.y - a.data.y0;
    }
    a.data.y0 += exposure.raw_height;
    if (!a.overscan.empty()) a.overscan.y0 += exposure.raw_height;
    exposure.raw_width = std::max(exposure.raw_width, part.width);
    exposure.raw_height += part.height;
    exposure.width = std::max(exposure.width, static_cast<int>(a.origin.x) + a.data.width);
    exposure.height = std::max(exposure.height, static_cast<int>(a.origin.y) + a.data.height);
    exposure.amplifiers.push_back(a);
    exposure.parts.push_back(part.raw);
  }
}

}  // namespace

std::vector<std::vector<std::size_t>> group_by_detector(const FitsFile& file,
                                                        const std::vector<std::size_t>& hdus,
                                                        std::string_view file_stem,
                                                        const Instrument& instrument) {
  std::vector<std::vector<std::size_t>> groups;
  std::vector<std::string> names;
  const auto mapped = instrument.values.find("detector");
  for (const std::size_t index : hdus) {
    const FitsHeader header = image_header(file.hdus[index]);
    std::optional<FoundValue> found;
    if (mapped != instrument.values.end())
      found = find_value(mapped->second, context_of(file, index, header, file_stem));
    const std::string name = found ? found->text : "";
    const auto known = std::find(names.begin(), names.end(), name);
    const auto group = static_cast<std::size_t>(known - names.begin());
    if (known == names.end()) {
      names.push_back(name);
      groups.emplace_back();
    }
    groups[group].push_back(index);
  }
  return groups;
}

Exposure read_joined_detector(const FitsFile& file, const std::vector<std::size_t>& hdus,
                              std::string_view file_stem, const Instrument& instrument,
                              std::vector<MemberTrace>& traces, Plane<float>& pixels) {
  Exposure exposure;
  exposure.hdu = static_cast<int>(hdus.front());
  std::vector<Part> parts;
  std::vector<Plane<float>> images;
  for (const std::size_t index : hdus) {
    RawImage image =
        read_image(file, file.hdus[index],
                   instrument.forgive_checksum ? ChecksumPolicy::caveat : ChecksumPolicy::refuse);
    const HeaderContext context = context_of(file, index, image.header, file_stem);
    exposure.caveats.insert(exposure.caveats.end(), image.caveats.begin(), image.caveats.end());
    if (parts.empty()) read_exposure_header(instrument, context, exposure, traces);
    parts.push_back(part_of(file.hdus[index], image, context, instrument, exposure.caveats));
    images.push_back(
        turned(std::move(image.pixels), parts.back().raw.flip_x, parts.back().raw.flip_y));
  }
  place_parts(file, parts, exposure);
  check_cover(exposure);
  pixels = stacked(images);
  std::vector<std::string>& caveats = exposure.caveats;
  std::sort(caveats.begin(), caveats.end());
  caveats.erase(std::unique(caveats.begin(), caveats.end()), caveats.end());
  return exposure;
}

}  // namespace polis
