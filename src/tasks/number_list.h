#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace polis {

/// "2, 2.5,3" as numbers. `name`: of the parameter, for the message. Errors: bad_config.
std::vector<double> parse_numbers(std::string_view text, const std::string& name);
/// The shortest text that reads back as the same number.
std::string format_number(double value);
std::string format_numbers(const std::vector<double>& values);

}  // namespace polis
