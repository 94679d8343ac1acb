#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace polis {

/// Text as a JSON string, with its quotes. Bytes that are no UTF-8 become U+FFFD.
std::string json_quoted(std::string_view text);

/// Builds one JSON object on one line, members in the order of the calls: for logs and summaries.
class JsonLine {
 public:
  JsonLine& text(std::string_view name, std::string_view value);
  JsonLine& number(std::string_view name, double value);  ///< not finite: null
  JsonLine& count(std::string_view name, std::uint64_t value);
  JsonLine& flag(std::string_view name, bool value);
  /// `json` is JSON already.
  JsonLine& raw(std::string_view name, std::string_view json);
  std::string finish() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

}  // namespace polis
