#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace polis {

/// Extents from the slowest axis to the fastest.
using Shape = std::vector<std::int64_t>;

/// Numbers in a box, the last axis running fastest.
struct Tensor {
  Shape shape;
  std::vector<float> values;  ///< as many as the product of `shape`
};

/// Product of the extents (1 for no axis); -1 if one is negative or the product exceeds 2^40.
std::int64_t elements_of(const Shape& shape);
/// "3 63 63".
std::string shape_text(const Shape& shape);
/// Inverse of shape_text. Errors: bad_input (`what` names the thing).
Shape shape_from(std::string_view text, std::string_view what);

}  // namespace polis
