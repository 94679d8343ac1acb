#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/fits_header.h"
#include "sky/instrument.h"

namespace polis {

/// Reads `FILTER, FILT1 & FILT2, CAMTEMP:kelvin, 'none', 2.5, [1:10,1:20]`. Returns false (and
/// `why`) if it cannot be read.
bool parse_sources(std::string_view text, ValueSources& sources, std::string& why);
std::string to_text(const ValueSource& source);
std::string to_text(const ValueSources& sources);

/// What is known besides the cards: `@file` (name without extension), `@hdu` (number).
struct HeaderContext {
  const FitsHeader* header = nullptr;
  const FitsHeader* primary = nullptr;  ///< asked where `header` has no such keyword
  std::string file_stem;
  int hdu = 0;
};

struct FoundValue {
  std::string text;  ///< as in the header
  const ValueSource* source = nullptr;
};

/// The first source that has a value that is not empty. Conversions are not yet applied.
std::optional<FoundValue> find_value(const ValueSources& sources, const HeaderContext& context);

/// Number of a text: plain, or sexagesimal "12:34:56.7" / "12 34 56.7".
std::optional<double> to_number(std::string_view text);
bool is_sexagesimal(std::string_view text);

/// True if `name` (with its argument) is a conversion that exists.
bool is_conversion(std::string_view name);
/// Applies all conversions of a source to a number. NaN where the result means nothing.
double convert(double value, const std::vector<std::string>& conversions);
/// Their names, for messages.
std::string conversion_names();

}  // namespace polis
