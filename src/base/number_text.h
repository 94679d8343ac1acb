#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace polis {

/// The shortest text that reads back as the same double: for facts and JSON. "nan", "inf" where it
/// is not finite.
std::string number_text(double value);
/// Whole-text inverse; nothing if it is not a number.
std::optional<double> number_from(std::string_view text);

}  // namespace polis
