#include <algorithm>
#include <string>

#include "formats/fits_header.h"
#include "formats/fits_limits.h"

namespace polis {
namespace {

constexpr std::size_t kFixedEnd = 30;  // column in which fixed-format numbers end

std::string clean(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

bool is_note(const FitsCard& card) { return !card.quoted && card.value.empty(); }

/// Name part of a card: `EXPTIME = ` or `HIERARCH ESO DET = `.
std::string head_of(const FitsCard& card) {
  std::string name = clean(card.name);
  const bool plain = name.size() <= 8 && name.find(' ') == std::string::npos;
  if (!plain) return "HIERARCH " + name + " = ";
  name.resize(8, ' ');
  return name + "= ";
}

void add_line(std::string& out, std::string line) {
  line.resize(kFitsCardSize, ' ');
  out += line;
}

std::string with_comment(std::string line, std::string_view comment) {
  if (comment.empty() || line.size() + 4 > kFitsCardSize) return line;
  // Where other writers put it too: they check a CHECKSUM by writing its card anew.
  if (line.size() < kFixedEnd) line.resize(kFixedEnd, ' ');
  return line + " / " + clean(comment);
}

std::string doubled_quotes(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '\'') out += c;
  }
  return out;
}

/// Takes from the front of `text` what fits into `room` characters once quotes are doubled.
std::string_view take(std::string_view& text, std::size_t room) {
  std::size_t used = 0;
  std::size_t count = 0;
  while (count < text.size()) {
    const std::size_t needs = text[count] == '\'' ? 2 : 1;
    if (used + needs > room) break;
    used += needs;
    ++count;
  }
  const std::string_view part = text.substr(0, count);
  text.remove_prefix(count);
  return part;
}

void add_string(std::string& out, const FitsCard& card) {
  const std::string head = head_of(card);
  const std::string value = clean(card.value);
  std::string quoted = doubled_quotes(value);
  if (head.size() + quoted.size() + 2 <= kFitsCardSize) {
    quoted.resize(std::max<std::size_t>(quoted.size(), head.size() == 10 ? 8 : 0), ' ');
    add_line(out, with_comment(head + "'" + quoted + "'", card.comment));
    return;
  }
  std::string_view rest = value;
  std::string start = head;
  while (true) {
    const std::size_t room = kFitsCardSize - start.size() - 3;  // two quotes and '&'
    const std::string part = doubled_quotes(take(rest, room));
    const bool more = !rest.empty();
    add_line(out, start + "'" + part + (more ? "&'" : "'"));
    if (!more) break;
    start = "CONTINUE  ";
  }
}

void add_card(std::string& out, const FitsCard& card) {
  if (is_note(card)) {
    std::string name = clean(card.name);
    name.resize(8, ' ');
    add_line(out, name + clean(card.comment));
  } else if (card.quoted) {
    add_string(out, card);
  } else {
    std::string line = head_of(card);
    const std::string value = clean(card.value);
    if (line.size() + value.size() < kFixedEnd)
      line.append(kFixedEnd - line.size() - value.size(), ' ');
    add_line(out, with_comment(line + value, card.comment));
  }
}

}  // namespace

Bytes encode_fits_header(const FitsHeader& header) {
  std::string out;
  for (const FitsCard& card : header.cards()) add_card(out, card);
  add_line(out, "END");
  out.resize((out.size() + kFitsBlock - 1) / kFitsBlock * kFitsBlock, ' ');
  return to_bytes(out);
}

}  // namespace polis
