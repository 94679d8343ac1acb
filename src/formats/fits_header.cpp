#include "formats/fits_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace polis {
namespace {

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return upper(x) == upper(y); });
}

std::string_view strip(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

const FitsCard* FitsHeader::find(std::string_view name) const {
  for (auto card = cards_.rbegin(); card != cards_.rend(); ++card) {
    if (same_name(card->name, name)) return &*card;
  }
  return nullptr;
}

std::optional<std::string> FitsHeader::text(std::string_view name) const {
  const FitsCard* card = find(name);
  if (card == nullptr || (card->value.empty() && !card->quoted)) return std::nullopt;
  std::string value = card->value;
  while (!value.empty() && value.back() == ' ') value.pop_back();
  return value;
}

std::optional<double> FitsHeader::number(std::string_view name) const {
  const FitsCard* card = find(name);
  if (card == nullptr) return std::nullopt;
  std::string text(strip(card->value));
  for (char& c : text) {
    if (c == 'D' || c == 'd') c = 'E';
  }
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::optional<std::int64_t> FitsHeader::integer(std::string_view name) const {
  const FitsCard* card = find(name);
  if (card == nullptr) return std::nullopt;
  std::string_view digits = strip(card->value);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc() && end == digits.data() + digits.size()) return value;
  // Some writers put a decimal point behind their integers.
  const std::optional<double> real = number(name);
  if (real && *real == std::floor(*real) && std::abs(*real) < 9e15)
    return static_cast<std::int64_t>(*real);
  return std::nullopt;
}

std::optional<bool> FitsHeader::flag(std::string_view name) const {
  const FitsCard* card = find(name);
  if (card == nullptr) return std::nullopt;
  const std::string_view value = strip(card->value);
  if (value == "T") return true;
  if (value == "F") return false;
  return std::nullopt;
}

FitsHeader& FitsHeader::set(FitsCard card) {
  for (FitsCard& have : cards_) {
    if (!same_name(have.name, card.name)) continue;
    have = std::move(card);
    return *this;
  }
  cards_.push_back(std::move(card));
  return *this;
}

FitsHeader& FitsHeader::set_text(std::string_view name, std::string_view value,
                                 std::string_view comment) {
  return set({std::string(name), std::string(value), std::string(comment), true});
}

FitsHeader& FitsHeader::set_number(std::string_view name, double value, std::string_view comment) {
  if (!std::isfinite(value)) return *this;
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  std::string number(text.data(), end);
  for (char& c : number) c = upper(c);
  // A number must look like one with a fraction, or readers take it for an integer.
  if (number.find_first_of(".E") == std::string::npos) number += ".0";
  return set({std::string(name), number, std::string(comment), false});
}

FitsHeader& FitsHeader::set_integer(std::string_view name, std::int64_t value,
                                    std::string_view comment) {
  return set({std::string(name), std::to_string(value), std::string(comment), false});
}

FitsHeader& FitsHeader::set_flag(std::string_view name, bool value, std::string_view comment) {
  return set({std::string(name), value ? "T" : "F", std::string(comment), false});
}

FitsHeader& FitsHeader::add_note(std::string_view name, std::string_view text) {
  constexpr std::size_t width = 72;
  do {
    cards_.push_back({std::string(name), {}, std::string(text.substr(0, width)), false});
    text.remove_prefix(std::min(text.size(), width));
  } while (!text.empty());
  return *this;
}

}  // namespace polis
