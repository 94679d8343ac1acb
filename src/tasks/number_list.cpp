#include "tasks/number_list.h"

#include <array>
#include <charconv>

#include "base/error.h"

namespace polis {

std::vector<double> parse_numbers(std::string_view text, const std::string& name) {
  std::vector<double> values;
  while (true) {
    const std::size_t comma = text.find(',');
    std::string_view word = text.substr(0, comma);
    while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
    while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
    double value = 0.0;
    const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (failed != std::errc{} || end != word.data() + word.size()) {
      throw Error(ErrorKind::bad_config, "cannot read " + name,
                  "'" + std::string(word) + "' is no number", "write numbers separated by commas");
    }
    values.push_back(value);
    if (comma == std::string_view::npos) return values;
    text.remove_prefix(comma + 1);
  }
}

std::string format_number(double value) {
  std::array<char, 32> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), result.ptr};
}

std::string format_numbers(const std::vector<double>& values) {
  std::string text;
  for (double value : values) text += (text.empty() ? "" : ",") + format_number(value);
  return text;
}

}  // namespace polis
