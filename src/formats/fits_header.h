#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"

namespace polis {

/// One keyword of a FITS header (FITS Standard 4.0, section 4). `value` is as written, without the
/// quotes of a string.
struct FitsCard {
  std::string name;   ///< "EXPTIME", or "ESO DET GAIN" for a HIERARCH card
  std::string value;  ///< empty: no value
  std::string comment;
  bool quoted = false;  ///< the value was a string
  bool operator==(const FitsCard&) const = default;
};

/// The cards of one HDU, in order. Names are compared without regard to case; where a name occurs
/// more than once, the last one counts.
class FitsHeader {
 public:
  const std::vector<FitsCard>& cards() const { return cards_; }
  bool has(std::string_view name) const { return find(name) != nullptr; }
  const FitsCard* find(std::string_view name) const;

  /// Value as text, trailing blanks removed; none if the keyword is absent or has no value.
  std::optional<std::string> text(std::string_view name) const;
  /// Value as number; also reads numbers in strings, 'D' exponents. None if absent or no finite
  /// number.
  std::optional<double> number(std::string_view name) const;
  /// None if absent, not an integer, or outside the 64-bit range.
  std::optional<std::int64_t> integer(std::string_view name) const;
  std::optional<bool> flag(std::string_view name) const;

  /// Writers replace the value of a keyword that exists and append otherwise.
  FitsHeader& set_text(std::string_view name, std::string_view value,
                       std::string_view comment = {});
  /// Shortest text that reads back to the same double. A number that is not finite is left out.
  FitsHeader& set_number(std::string_view name, double value, std::string_view comment = {});
  FitsHeader& set_integer(std::string_view name, std::int64_t value, std::string_view comment = {});
  FitsHeader& set_flag(std::string_view name, bool value, std::string_view comment = {});
  /// COMMENT, HISTORY or blank card; long text takes several.
  FitsHeader& add_note(std::string_view name, std::string_view text);
  void append(FitsCard card) { cards_.push_back(std::move(card)); }

 private:
  FitsHeader& set(FitsCard card);
  std::vector<FitsCard> cards_;
};

/// Bounds that no honest header comes near (facts of the border, not of the format).
inline constexpr std::size_t kMaxHeaderCards = 16384;
inline constexpr std::size_t kMaxLongString = 65536;

struct ParsedHeader {
  FitsHeader header;
  std::size_t size = 0;              ///< bytes, whole blocks of 2880
  std::vector<std::string> caveats;  ///< non-ASCII text, cards that are no cards
};

/// Reads cards from the start of `bytes` up to END. Errors: bad_input (no END, too many cards, an
/// integer that fits in no 64 bits, a CONTINUE chain without end).
ParsedHeader parse_fits_header(ByteView bytes);

/// Cards of 80 bytes, END, padded with blanks to 2880; long strings as CONTINUE, long names as
/// HIERARCH.
Bytes encode_fits_header(const FitsHeader& header);

}  // namespace polis
