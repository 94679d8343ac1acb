#include "formats/ini.h"

#include <algorithm>

#include "base/error.h"

namespace polis {
namespace {

std::string_view strip(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string_view without_comment(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\'') quoted = !quoted;
    const bool begins = i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t';
    if (line[i] == '#' && begins && !quoted) return line.substr(0, i);
  }
  return line;
}

void add_section(IniFile& file, std::string_view text, int line) {
  if (!text.ends_with(']')) refuse_ini(file, line, "a section's name has no ']'");
  const std::string name(strip(text.substr(1, text.size() - 2)));
  for (const IniSection& section : file.sections) {
    if (section.name == name) refuse_ini(file, line, "section [" + name + "] is given twice");
  }
  file.sections.push_back({name, line, {}});
}

void add_entry(IniFile& file, std::string_view text, int line) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) refuse_ini(file, line, "no '=' in it", "write key = value");
  if (file.sections.empty())
    refuse_ini(file, line, "it stands before the first section",
               "begin with a line like [instrument]");
  const std::string key(strip(text.substr(0, equals)));
  if (key.empty()) refuse_ini(file, line, "nothing stands before '='");
  std::vector<IniEntry>& entries = file.sections.back().entries;
  if (std::any_of(entries.begin(), entries.end(),
                  [&](const IniEntry& e) { return e.key == key; })) {
    refuse_ini(file, line, "key '" + key + "' is given twice");
  }
  entries.push_back({key, std::string(strip(text.substr(equals + 1))), line});
}

}  // namespace

void refuse_ini(const IniFile& file, int line, std::string_view why, std::string_view advice) {
  throw Error(ErrorKind::bad_config, "cannot read " + file.name,
              "line " + std::to_string(line) + ": " + std::string(why), advice);
}

IniFile parse_ini(std::string_view text, std::string_view name) {
  IniFile file{std::string(name), {}};
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = strip(without_comment(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty()) continue;
    if (line.front() == '[') {
      add_section(file, line, number);
    } else {
      add_entry(file, line, number);
    }
  }
  return file;
}

}  // namespace polis
