#include "formats/instrument_file.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "base/error.h"
#include "formats/ini.h"
#include "formats/value_sources.h"
#include "sky/exposure.h"

namespace polis {
namespace {

const std::array<std::string_view, 4> kSiteMembers{"name", "latitude_deg", "longitude_deg",
                                                   "altitude_m"};
const std::array<std::string_view, 3> kPixelNumbers{"saturation_adu", "nonlinear_adu",
                                                    "pixel_scale_arcsec"};

ValueSources sources_of(const IniFile& file, const IniEntry& entry) {
  ValueSources sources;
  std::string why;
  if (!parse_sources(entry.value, sources, why))
    refuse_ini(file, entry.line, "'" + entry.key + "': " + why);
  return sources;
}

NamedPattern pattern_of(const IniFile& file, const IniEntry& entry) {
  try {
    return {
        entry.key, entry.value,
        std::regex(entry.value, std::regex::ECMAScript | std::regex::icase | std::regex::optimize)};
  } catch (const std::regex_error& error) {
    refuse_ini(file, entry.line, "'" + entry.value + "' is no regular expression: " + error.what());
  }
}

[[noreturn]] void unknown_key(const IniFile& file, const IniSection& section, const IniEntry& entry,
                              std::string_view known) {
  refuse_ini(file, entry.line, "unknown key '" + entry.key + "' in [" + section.name + "]",
             "use one of: " + std::string(known));
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    if (c != ' ' && c != ',') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

void read_instrument_section(const IniFile& file, const IniSection& section,
                             Instrument& instrument) {
  for (const IniEntry& entry : section.entries) {
    if (entry.key == "name") {
      instrument.name = entry.value;
    } else if (entry.key == "hdus") {
      instrument.hdus = entry.value == "all" ? std::vector<std::string>{} : words_of(entry.value);
    } else if (entry.key == "join") {
      instrument.join = sources_of(file, entry);
    } else if (entry.key == "required") {
      instrument.required = words_of(entry.value);
    } else if (entry.key == "time_marks") {
      if (entry.value != "begin" && entry.value != "middle" && entry.value != "end") {
        refuse_ini(file, entry.line, "time_marks is '" + entry.value + "'",
                   "use begin, middle or end");
      }
      instrument.time_mark = entry.value == "begin" ? TimeMark::begin
                             : entry.value == "end" ? TimeMark::end
                                                    : TimeMark::middle;
    } else if (entry.key == "checksum") {
      if (entry.value != "refuse" && entry.value != "caveat")
        refuse_ini(file, entry.line, "checksum is '" + entry.value + "'", "use refuse or caveat");
      instrument.forgive_checksum = entry.value == "caveat";
    } else {
      unknown_key(file, section, entry, "name, hdus, join, required, time_marks, checksum");
    }
  }
}

void read_keywords(const IniFile& file, const IniSection& section, Instrument& instrument) {
  const std::vector<std::string>& members = instrument_members();
  for (const IniEntry& entry : section.entries) {
    const bool extra = entry.key.starts_with("extra.") && entry.key.size() > 6;
    if (!extra && std::find(members.begin(), members.end(), entry.key) == members.end()) {
      std::string known = "extra.<name>";
      for (const std::string& member : members) known += ", " + member;
      unknown_key(file, section, entry, known);
    }
    instrument.values[entry.key] = sources_of(file, entry);
  }
}

void read_site(const IniFile& file, const IniSection& section, Instrument& instrument) {
  for (const IniEntry& entry : section.entries) {
    if (std::find(kSiteMembers.begin(), kSiteMembers.end(), entry.key) == kSiteMembers.end()) {
      unknown_key(file, section, entry, "name, latitude_deg, longitude_deg, altitude_m");
    }
    instrument.values[entry.key == "name" ? "site" : entry.key] = sources_of(file, entry);
  }
}

bool read_amplifier_key(const IniFile& file, const IniEntry& entry, AmplifierRule& rule) {
  if (entry.key == "data")
    rule.data = sources_of(file, entry);
  else if (entry.key == "overscan")
    rule.overscan = sources_of(file, entry);
  else if (entry.key == "origin")
    rule.origin = sources_of(file, entry);
  else if (entry.key == "gain_e_per_adu")
    rule.gain_e_per_adu = sources_of(file, entry);
  else if (entry.key == "read_noise_e")
    rule.read_noise_e = sources_of(file, entry);
  else
    return false;
  return true;
}

void read_amplifier(const IniFile& file, const IniSection& section, Instrument& instrument) {
  AmplifierRule rule;
  rule.name = section.name.substr(section.name.find('.') + 1);
  for (const IniEntry& entry : section.entries) {
    if (!read_amplifier_key(file, entry, rule))
      unknown_key(file, section, entry, "data, overscan, origin, gain_e_per_adu, read_noise_e");
  }
  instrument.amplifiers.push_back(std::move(rule));
}

/// [pixels]: what holds for the whole detector, and the one amplifier of a simple camera.
void read_pixels_section(const IniFile& file, const IniSection& section, Instrument& instrument,
                         AmplifierRule& single) {
  for (const IniEntry& entry : section.entries) {
    if (std::find(kPixelNumbers.begin(), kPixelNumbers.end(), entry.key) != kPixelNumbers.end()) {
      instrument.values[entry.key] = sources_of(file, entry);
    } else if (entry.key == "linearity") {
      for (const std::string& word : words_of(entry.value)) {
        const std::optional<double> number = to_number(word);
        if (!number) refuse_ini(file, entry.line, "linearity: '" + word + "' is no number");
        instrument.linearity.push_back(*number);
      }
    } else if (!read_amplifier_key(file, entry, single)) {
      unknown_key(file, section, entry,
                  "data, overscan, gain_e_per_adu, read_noise_e, saturation_adu, nonlinear_adu, "
                  "linearity, pixel_scale_arcsec");
    }
  }
}

void read_image_types(const IniFile& file, const IniSection& section, Instrument& instrument) {
  for (const IniEntry& entry : section.entries) {
    if (name_of(image_type_from(entry.key)) != entry.key || entry.key == "unknown") {
      unknown_key(file, section, entry, "science, bias, dark, flat");
    }
    instrument.image_types.push_back(pattern_of(file, entry));
  }
}

void read_section(const IniFile& file, const IniSection& section, Instrument& instrument,
                  AmplifierRule& single) {
  if (section.name == "instrument") {
    read_instrument_section(file, section, instrument);
  } else if (section.name == "match") {
    for (const IniEntry& entry : section.entries)
      instrument.match.push_back(pattern_of(file, entry));
  } else if (section.name == "keywords") {
    read_keywords(file, section, instrument);
  } else if (section.name == "site") {
    read_site(file, section, instrument);
  } else if (section.name == "extract") {
    for (const IniEntry& entry : section.entries)
      instrument.extract[entry.key] = pattern_of(file, entry);
  } else if (section.name == "image_types") {
    read_image_types(file, section, instrument);
  } else if (section.name == "filters") {
    for (const IniEntry& entry : section.entries)
      instrument.filters.push_back(pattern_of(file, entry));
  } else if (section.name == "pixels") {
    read_pixels_section(file, section, instrument, single);
  } else if (section.name.starts_with("amplifier.")) {
    read_amplifier(file, section, instrument);
  } else {
    refuse_ini(file, section.line, "unknown section [" + section.name + "]",
               "use instrument, match, keywords, site, extract, image_types, filters, pixels, "
               "amplifier.<name>");
  }
}

}  // namespace

const std::vector<std::string>& instrument_members() {
  static const std::vector<std::string> members{"exposure_id",
                                                "detector",
                                                "image_type",
                                                "object",
                                                "physical_filter",
                                                "datetime_begin",
                                                "mjd_begin",
                                                "exposure_time_s",
                                                "temperature_c",
                                                "tracking_ra_deg",
                                                "tracking_dec_deg",
                                                "airmass",
                                                "site",
                                                "latitude_deg",
                                                "longitude_deg",
                                                "altitude_m",
                                                "pixel_scale_arcsec",
                                                "saturation_adu",
                                                "nonlinear_adu"};
  return members;
}

Instrument parse_instrument(std::string_view text, std::string_view name) {
  const IniFile file = parse_ini(text, name);
  Instrument instrument;
  instrument.file = name;
  instrument.required = {"exposure_time_s", "datetime_begin"};
  AmplifierRule single;
  single.name = "all";
  for (const IniSection& section : file.sections) read_section(file, section, instrument, single);
  if (instrument.name.empty())
    refuse_ini(file, 1, "the instrument has no name", "add 'name = ...' to [instrument]");
  if (instrument.amplifiers.empty()) {
    instrument.amplifiers.push_back(std::move(single));
  } else if (!single.data.empty() || !single.overscan.empty()) {
    refuse_ini(file, 1, "[pixels] and [amplifier.*] both say where the pixels are",
               "leave data and overscan out of [pixels]");
  }
  if (!instrument.join.empty() && instrument.amplifiers.size() > 1) {
    refuse_ini(file, 1, "join takes one amplifier per HDU, but there are [amplifier.*] sections",
               "say in [pixels] where an HDU's pixels are");
  }
  // What [pixels] says of gain and noise holds for amplifiers that say nothing.
  for (AmplifierRule& rule : instrument.amplifiers) {
    if (rule.gain_e_per_adu.empty()) rule.gain_e_per_adu = single.gain_e_per_adu;
    if (rule.read_noise_e.empty()) rule.read_noise_e = single.read_noise_e;
  }
  return instrument;
}

Instrument read_instrument(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw Error(ErrorKind::not_found, "cannot read instrument file " + path,
                "there is no such file");
  return parse_instrument(std::string(std::istreambuf_iterator<char>(in), {}), path);
}

std::vector<Instrument> read_instruments(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".ini") paths.push_back(entry.path().string());
  }
  if (error)
    throw Error(ErrorKind::not_found, "cannot read instrument files in " + folder, error.message());
  std::sort(paths.begin(), paths.end());
  std::vector<Instrument> instruments;
  for (const std::string& path : paths) instruments.push_back(read_instrument(path));
  return instruments;
}

}  // namespace polis
