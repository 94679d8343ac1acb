#pragma once

#include <map>
#include <regex>
#include <string>
#include <vector>

namespace polis {

/// One way to find a value: a literal, or keywords of the header with conversions applied in order.
struct ValueSource {
  bool literal = false;
  std::string text;  ///< the literal, or the keyword
  std::vector<std::string>
      joined;  ///< further keywords whose text follows, with a 'T' between (date & time)
  std::vector<std::string> conversions;  ///< "kelvin", "times(2.5)" ...
};
/// Tried in order; the first that gives a value counts.
using ValueSources = std::vector<ValueSource>;

struct NamedPattern {
  std::string name;
  std::string pattern;  ///< as written
  std::regex regex;     ///< ECMAScript, case ignored; it need only match a part
};

struct AmplifierRule {
  std::string name;
  ValueSources data, overscan, origin, gain_e_per_adu, read_noise_e;
};

enum class TimeMark { begin, middle, end };

/// How the files of one instrument are to be read (docs/formats/instrument.md). A plain value;
/// src/formats reads it from configs/instruments/.
struct Instrument {
  std::string name;
  std::string file;                 ///< for messages
  std::vector<NamedPattern> match;  ///< name: a keyword; all must match
  std::map<std::string, ValueSources>
      values;  ///< by the name of the Exposure's member, or "extra.<name>"
  std::map<std::string, NamedPattern>
      extract;  ///< takes the first group of the pattern out of a text value
  std::vector<NamedPattern> image_types;  ///< name: science, bias, dark, flat
  std::vector<NamedPattern> filters;      ///< name: the filter's one name
  std::vector<AmplifierRule> amplifiers;  ///< at least one
  std::vector<double> linearity;
  std::vector<std::string> required;  ///< members without which a file is refused
  std::vector<std::string> hdus;  ///< names or numbers of HDUs to read; empty: all that hold images
  ValueSources
      join;  ///< section of the detector that an HDU holds: those of one detector are joined
  TimeMark time_mark = TimeMark::begin;  ///< what the header's time marks
  bool forgive_checksum = false;         ///< a wrong checksum is a caveat
};

}  // namespace polis
