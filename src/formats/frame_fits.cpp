#include "formats/frame_fits.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "formats/exposure_json.h"
#include "formats/fits_image.h"
#include "formats/fits_tiles.h"
#include "formats/wcs_header.h"
#include "formats/wcs_json.h"

namespace polis {
namespace {

constexpr std::string_view kFormat = "polis frame 1";

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read a frame", why);
}

Json facts_to_json(const Facts& facts) {
  Json object = Json::object();
  for (const auto& [name, text] : facts) object[name] = text;
  return object;
}

/// What the planes do not hold, exactly; the cards of the headers repeat some of it for people and
/// other programs.
std::string meta_text(const Frame& frame, const Facts& provenance) {
  return write_json({{"format", kFormat},
                     {"provenance", facts_to_json(provenance)},
                     {"exposure", exposure_to_json(frame.exposure)},
                     {"unit", frame.unit},
                     {"wcs", wcs_to_json(frame.wcs)},
                     {"facts", facts_to_json(frame.facts)}});
}

FitsHeader primary_header(const Frame& frame, const Facts& provenance) {
  const Exposure& e = frame.exposure;
  FitsHeader header;
  header.set_text("FORMAT", kFormat, "docs/formats/frame.md");
  header.set_text("EXPID", e.exposure_id, "exposure")
      .set_text("SITE", e.site)
      .set_text("INSTRUME", e.instrument);
  header.set_text("DETECTOR", e.detector)
      .set_text("IMAGETYP", name_of(e.type))
      .set_text("FILTER", e.physical_filter);
  header.set_text("OBJECT", e.object)
      .set_text("DATE-OBS", e.datetime_begin, "UTC, begin of the exposure");
  header.set_number("MJD-OBS", e.mjd_begin, "[d] UTC, begin")
      .set_number("MJD-MID", e.mjd_mid, "[d] UTC, middle");
  header.set_number("EXPTIME", e.exposure_time_s, "[s]").set_number("AIRMASS", e.airmass);
  for (const auto& [name, text] : provenance) header.add_note("HISTORY", name + " = " + text);
  for (const auto& [name, text] : frame.facts) header.add_note("COMMENT", name + " = " + text);
  return header;
}

FitsHeader science_header(const Frame& frame) {
  FitsHeader header;
  header.set_text("BUNIT", frame.unit);
  write_wcs(header, frame.wcs);
  return header;
}

FitsHeader variance_header(const Frame& frame) {
  FitsHeader header;
  header.set_text("BUNIT", frame.unit + "2", "square of the unit of SCI");
  return header;
}

/// Layers are named like HDUs, which must not be taken for those of every frame.
void check_layer(const Frame& frame, const std::string& name, const Plane<float>& layer) {
  const bool good =
      !name.empty() && name.size() <= 60 && name != "SCI" && name != "VAR" && name != "DQ" &&
      name != "META" &&
      name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == std::string::npos;
  if (!good || layer.width() != frame.pixels.width() || layer.height() != frame.pixels.height()) {
    throw Error(ErrorKind::internal, "cannot write layer '" + name + "' of a frame",
                "its name or its size does not fit");
  }
}

FitsHeader mask_header() {
  FitsHeader header;
  for (const mask_bits::Name& name : mask_bits::names) {
    std::string word(name.name);
    for (char& c : word) c = c == '_' ? ' ' : c;
    header.set_integer("MASKBIT" + std::to_string(std::countr_zero(name.bit)),
                       static_cast<std::int64_t>(name.bit), word);
  }
  return header;
}

const FitsHdu* find_hdu(const FitsFile& file, std::string_view name) {
  for (const FitsHdu& hdu : file.hdus) {
    if (hdu.name == name && hdu.has_pixels()) return &hdu;
  }
  return nullptr;
}

void check_sums(const FitsFile& file, const FitsHdu& hdu) {
  if (const std::string problem = checksum_problem(file, hdu); !problem.empty())
    refuse(hdu.name + ": " + problem);
}

void read_meta(const FitsFile& file, Frame& frame, Facts& provenance) {
  const FitsHdu* hdu = find_hdu(file, "META");
  if (hdu == nullptr || hdu->kind != FitsHduKind::image || hdu->header.integer("BITPIX") != 8)
    refuse("it has no META extension");
  check_sums(file, *hdu);
  const Json meta =
      parse_json(as_text(file.bytes.subspan(hdu->data_begin, hdu->data_size)), "META of a frame");
  json_only(meta, {"format", "provenance", "exposure", "unit", "wcs", "facts"}, "META of a frame");
  json_check_format(meta, kFormat);
  provenance = json_to_facts(meta, "provenance");
  frame.exposure = exposure_from_json(json_member(meta, "exposure"));
  frame.unit = json_to_text(meta, "unit");
  frame.wcs = wcs_from_json(json_member(meta, "wcs"));
  frame.facts = json_to_facts(meta, "facts");
}

}  // namespace

Bytes write_frame(const Frame& frame, const Facts& provenance, FitsCompression compression) {
  const std::string meta = meta_text(frame, provenance);
  std::vector<FitsHduOut> hdus;
  hdus.push_back({"", primary_header(frame, provenance), {}, FitsCompression::none});
  hdus.push_back({"SCI", science_header(frame), frame.pixels.view(), compression});
  if (!frame.variance.empty())
    hdus.push_back({"VAR", variance_header(frame), frame.variance.view(), compression});
  if (!frame.mask.empty())
    hdus.push_back({"DQ", mask_header(), frame.mask.view(), FitsCompression::rice});
  for (const auto& [name, layer] : frame.layers) {
    check_layer(frame, name, layer);
    hdus.push_back({name, {}, layer.view(), compression});
  }
  const View<const std::uint8_t> text(reinterpret_cast<const std::uint8_t*>(meta.data()),
                                      static_cast<std::ptrdiff_t>(meta.size()), 1);
  hdus.push_back({"META", {}, text, FitsCompression::none});
  return write_fits(hdus);
}

Frame read_frame(ByteView bytes, Facts& provenance) {
  const FitsFile file = parse_fits(bytes);
  Frame frame;
  read_meta(file, frame, provenance);
  const FitsHdu* science = find_hdu(file, "SCI");
  if (science == nullptr) refuse("it has no SCI extension");
  const std::vector<std::size_t> axes = science->image_axes();
  for (const char* name : {"VAR", "DQ"}) {
    const FitsHdu* other = find_hdu(file, name);
    if (other != nullptr && other->image_axes() != axes)
      refuse(std::string("SCI and ") + name + " differ in size");
  }
  frame.pixels = read_pixels(file, *science);
  if (const FitsHdu* variance = find_hdu(file, "VAR"))
    frame.variance = read_pixels(file, *variance);
  if (const FitsHdu* mask = find_hdu(file, "DQ")) {
    check_sums(file, *mask);
    if (!mask->compressed_image) refuse("DQ is not compressed as this format says");
    frame.mask = read_compressed_mask(file, *mask);
  }
  for (const FitsHdu& hdu : file.hdus) {
    if (!hdu.has_pixels() || hdu.name.empty() || hdu.name == "SCI" || hdu.name == "VAR" ||
        hdu.name == "DQ" || hdu.name == "META") {
      continue;
    }
    if (hdu.image_axes() != axes) refuse("SCI and " + hdu.name + " differ in size");
    frame.layers[hdu.name] = read_pixels(file, hdu);
  }
  return frame;
}

Bytes encode_frame(const std::any& frame, const Facts& provenance) {
  return write_frame(std::any_cast<const Frame&>(frame), provenance);
}

std::any decode_frame(ByteView bytes, Facts& provenance) { return read_frame(bytes, provenance); }

}  // namespace polis
