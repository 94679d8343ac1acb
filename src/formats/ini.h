#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace polis {

struct IniEntry {
  std::string key;
  std::string value;
  int line = 0;
};

struct IniSection {
  std::string name;
  int line = 0;
  std::vector<IniEntry> entries;  ///< in the order of the file
};

/// Sections of `key = value` lines. '#' begins a comment at the start of a line or after a blank,
/// outside quotes.
struct IniFile {
  std::string name;  ///< for messages
  std::vector<IniSection> sections;
};

/// Errors: bad_config, naming file and line (no section, no '=', a key or section given twice).
IniFile parse_ini(std::string_view text, std::string_view name);

/// Throws bad_config: `cannot read FILE (line N: why) advice`.
[[noreturn]] void refuse_ini(const IniFile& file, int line, std::string_view why,
                             std::string_view advice = {});

}  // namespace polis
