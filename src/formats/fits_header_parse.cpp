#include <algorithm>
#include <string>

#include "base/error.h"
#include "formats/fits_header.h"
#include "formats/fits_limits.h"

namespace polis {
namespace {

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read a FITS header", why);
}

std::string_view strip_end(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}
std::string_view strip(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return strip_end(text);
}

/// Splits `'it''s' / comment`. A quote that never closes ends with the card.
void parse_quoted(std::string_view field, FitsCard& card, bool& clean) {
  card.quoted = true;
  std::size_t at = 1;
  bool closed = false;
  for (; at < field.size(); ++at) {
    if (field[at] != '\'') {
      card.value += field[at];
    } else if (at + 1 < field.size() && field[at + 1] == '\'') {
      card.value += '\'';
      ++at;
    } else {
      closed = true;
      ++at;
      break;
    }
  }
  clean = clean && closed;
  card.value = strip_end(card.value);
  const std::size_t slash = field.find('/', at);
  if (slash != std::string_view::npos) card.comment = strip(field.substr(slash + 1));
}

/// An integer so long that it fits nowhere overflows the buffers of other readers.
void check_integer(const FitsCard& card) {
  std::string_view digits = card.value;
  if (!digits.empty() && (digits.front() == '+' || digits.front() == '-')) digits.remove_prefix(1);
  const bool integer = !digits.empty() && std::all_of(digits.begin(), digits.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
  if (integer && digits.size() > kMaxIntegerDigits) {
    refuse("keyword " + card.name + " is an integer of " + std::to_string(digits.size()) +
           " digits");
  }
}

void parse_value(std::string_view field, FitsCard& card, bool& clean) {
  field = strip(field);
  if (field.starts_with('\'')) {
    parse_quoted(field, card, clean);
    return;
  }
  const std::size_t slash = field.find('/');
  card.value = strip(field.substr(0, slash));
  if (slash != std::string_view::npos) card.comment = strip(field.substr(slash + 1));
  check_integer(card);
}

FitsCard parse_card(std::string_view line, bool& clean) {
  FitsCard card;
  card.name = strip_end(line.substr(0, 8));
  if (card.name == "HIERARCH") {
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos) {
      card.name = strip(line.substr(8, equals - 8));
      parse_value(line.substr(equals + 1), card, clean);
      return card;
    }
  }
  if (card.name == "CONTINUE") {
    parse_value(line.substr(8), card, clean);
  } else if (line.substr(8, 2) == "= " ||
             (line[8] == '=' && card.name != "COMMENT" && card.name != "HISTORY")) {
    parse_value(line.substr(9), card, clean);
  } else {
    card.comment = strip_end(line.substr(8));
  }
  return card;
}

/// Appends a CONTINUE card to the string before it. Returns false if there is no string to
/// continue.
bool continue_string(FitsCard& previous, const FitsCard& card) {
  if (!previous.quoted || !previous.value.ends_with('&') || !card.quoted) return false;
  previous.value.pop_back();
  previous.value += card.value;
  if (!card.comment.empty()) previous.comment = card.comment;
  if (previous.value.size() > kMaxLongString)
    refuse("a CONTINUE chain of more than " + std::to_string(kMaxLongString) + " characters");
  return true;
}

/// The card with unprintable bytes replaced, since they would break logs and JSON later.
std::string printable(std::string_view line, bool& clean) {
  std::string text(line);
  for (char& c : text) {
    if (c >= ' ' && c <= '~') continue;
    c = c == '\t' ? ' ' : '?';
    clean = false;
  }
  return text;
}

/// Only blanks may stand before a block that END closes; a file cut in the middle has no END at
/// all.
bool is_end(std::string_view line) { return line.starts_with("END") && strip_end(line) == "END"; }

}  // namespace

ParsedHeader parse_fits_header(ByteView bytes) {
  ParsedHeader parsed;
  std::size_t unclean = 0;
  std::vector<FitsCard> cards;
  for (std::size_t index = 0;; ++index) {
    if ((index + 1) * kFitsCardSize > bytes.size()) refuse("it has no END card");
    if (index >= kMaxHeaderCards)
      refuse("it has more than " + std::to_string(kMaxHeaderCards) + " cards");
    bool clean = true;
    const std::string line =
        printable(as_text(bytes.subspan(index * kFitsCardSize, kFitsCardSize)), clean);
    if (is_end(line)) {
      const std::size_t used = (index + 1) * kFitsCardSize;
      parsed.size = (used + kFitsBlock - 1) / kFitsBlock * kFitsBlock;
      break;
    }
    FitsCard card = parse_card(line, clean);
    if (!clean) ++unclean;
    if (card.name == "CONTINUE" && !cards.empty() && continue_string(cards.back(), card)) continue;
    cards.push_back(std::move(card));
  }
  if (parsed.size > bytes.size()) refuse("its last block of 2880 bytes is incomplete");
  if (unclean > 0)
    parsed.caveats.push_back("header: " + std::to_string(unclean) +
                             " cards with text that FITS does not allow");
  for (FitsCard& card : cards) parsed.header.append(std::move(card));
  return parsed;
}

}  // namespace polis
