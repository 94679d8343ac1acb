#include <array>
#include <cstdio>
#include <string>

#include "base/error.h"
#include "formats/ingest_steps.h"
#include "formats/paths.h"

namespace polis {
namespace {

std::string column(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

std::string shape_of(const FitsHdu& hdu) {
  std::string text;
  for (const std::size_t length : hdu.image_axes())
    text.append(text.empty() ? "" : " x ").append(std::to_string(length));
  return text;
}

std::string describe_hdu(const FitsHdu& hdu, std::size_t index) {
  std::string text = "  HDU " + std::to_string(index) + " " + column(hdu.name, 10);
  if (!hdu.has_pixels())
    return text + (hdu.kind == FitsHduKind::image ? "no pixels" : "table") + "\n";
  const std::string type =
      hdu.header.text(hdu.compressed_image ? "ZBITPIX" : "BITPIX").value_or("?");
  text += shape_of(hdu) + " pixels, BITPIX " + type;
  if (hdu.compressed_image)
    text += ", compressed with " + hdu.header.text("ZCMPTYPE").value_or("?");
  return text + "\n";
}

std::string describe_traces(const std::vector<MemberTrace>& traces) {
  std::string text;
  for (const MemberTrace& trace : traces) {
    text += "    " + column(trace.member, 28);
    if (!trace.used.empty()) {
      text += column("'" + trace.text.substr(0, 48) + "'", 30) + " from " + trace.used + "\n";
    } else if (!trace.tried.empty()) {
      text += "no value; tried " + trace.tried + "\n";
    } else {
      text += "not mapped\n";
    }
  }
  return text;
}

std::string describe_section(const Section& s) {
  if (s.empty()) return "none";
  std::string text("[");
  text += std::to_string(s.x0 + 1) + ":" + std::to_string(s.x0 + s.width) + ",";
  return text + std::to_string(s.y0 + 1) + ":" + std::to_string(s.y0 + s.height) + "]";
}

std::string number(double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.8g", value);
  return text.data();
}

std::string describe_exposure(const Exposure& e) {
  std::string text = "    becomes: " + std::string(name_of(e.type)) + " " + e.exposure_id +
                     ", detector " + e.detector + ", filter '" + e.physical_filter + "', begin " +
                     (e.datetime_begin.empty() ? "unknown" : e.datetime_begin) + ", " +
                     number(e.exposure_time_s) + " s, night " + e.night() + "\n";
  text += "    image: " + std::to_string(e.width) + " x " + std::to_string(e.height) + " of " +
          std::to_string(e.raw_width) + " x " + std::to_string(e.raw_height) + " raw pixels, WCS " +
          (e.wcs.valid ? number(e.wcs.pixel_scale_arcsec()) + " arcsec/px" : "none") + "\n";
  for (const Amplifier& a : e.amplifiers) {
    text += "    amplifier: data " + describe_section(a.data) + ", overscan " +
            describe_section(a.overscan) + ", gain " + number(a.gain_e_per_adu) +
            " e/ADU, read noise " + number(a.read_noise_e) + " e\n";
  }
  for (const std::string& caveat : e.caveats) text += "    caveat: " + caveat + "\n";
  return text;
}

void describe_file(ByteView bytes, std::string_view name, std::span<const Instrument> instruments,
                   std::string& text) {
  check_file_name(name);
  const FitsFile file = parse_fits(bytes);
  for (std::size_t i = 0; i < file.hdus.size(); ++i) text += describe_hdu(file.hdus[i], i);
  const Instrument& instrument = choose_instrument(file, name, instruments);
  text += "  instrument " + instrument.name + " (" + instrument.file + ")\n";
  const auto detectors = detectors_of(file, name, instrument);
  for (const std::vector<std::size_t>& hdus : detectors) {
    text += "  detector in HDU";
    for (const std::size_t index : hdus) text += " " + std::to_string(index);
    text += "\n";
    std::vector<MemberTrace> traces;
    std::string outcome;
    try {
      outcome =
          describe_exposure(read_detector(file, hdus, detectors.size(), name, instrument, traces));
    } catch (const Error& error) {
      outcome = std::string("    error: ") + error.what() + "\n";
    }
    text += describe_traces(traces) + outcome;
  }
}

}  // namespace

std::string probe_file(ByteView bytes, std::string_view name,
                       std::span<const Instrument> instruments) {
  std::string text = std::string(name) + ": " + std::to_string(bytes.size()) + " bytes\n";
  try {
    describe_file(bytes, name, instruments, text);
  } catch (const Error& error) {
    text.append("  error: ").append(error.what()).append("\n");
  }
  return text;
}

}  // namespace polis
