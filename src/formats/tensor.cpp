#include "formats/tensor.h"

#include <charconv>

#include "base/error.h"

namespace polis {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 40;
constexpr std::size_t kMostAxes = 8;

}  // namespace

std::int64_t elements_of(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0 || (extent > 0 && count > kMostElements / extent)) return -1;
    count *= extent;
  }
  return count;
}

std::string shape_text(const Shape& shape) {
  std::string text;
  for (const std::int64_t extent : shape)
    text.append(text.empty() ? "" : " ").append(std::to_string(extent));
  return text;
}

Shape shape_from(std::string_view text, std::string_view what) {
  Shape shape;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end && shape.size() <= kMostAxes) {
    std::int64_t extent = 0;
    const auto [next, problem] = std::from_chars(at, end, extent);
    if (problem != std::errc{} || (next != end && *next != ' ')) break;
    shape.push_back(extent);
    at = next == end ? end : next + 1;
  }
  if (at != end) {
    throw Error(ErrorKind::bad_input, "cannot read " + std::string(what),
                "\"" + std::string(text.substr(0, 80)) + "\" is no list of at most " +
                    std::to_string(kMostAxes) + " integers");
  }
  return shape;
}

}  // namespace polis
