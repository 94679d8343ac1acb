#include "sky/wcs_facts.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>

namespace polis {
namespace {

constexpr int kLargestOrder = 9;

std::string join(std::span<const double> values) {
  std::string text;
  for (const double value : values) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    if (!text.empty()) text += ' ';
    text.append(digits.data(), end);
  }
  return text;
}

/// The numbers of a fact; nothing if it is absent, unreadable, not finite, or not `count` of them.
std::optional<std::vector<double>> numbers(const Facts& facts, const std::string& key,
                                           std::size_t count) {
  const auto found = facts.find(key);
  if (found == facts.end()) return std::nullopt;
  std::vector<double> values;
  const char* at = found->second.data();
  const char* const end = at + found->second.size();
  while (at != end) {
    double value = 0.0;
    const auto [next, status] = std::from_chars(at, end, value);
    if (status != std::errc{} || !std::isfinite(value)) return std::nullopt;
    values.push_back(value);
    at = next;
    while (at != end && *at == ' ') ++at;
  }
  if (values.size() != count) return std::nullopt;
  return values;
}

/// Reads the distortion into `wcs`; false if the facts are not one.
bool read_sip(const Facts& facts, Wcs& wcs) {
  const std::size_t count = sip_size(wcs.sip_order);
  const auto a = numbers(facts, "wcs_sip_a", count);
  const auto b = numbers(facts, "wcs_sip_b", count);
  if (!a || !b) return false;
  wcs.sip_a = *a;
  wcs.sip_b = *b;
  if (!facts.contains("wcs_sip_ap")) return true;
  const auto ap = numbers(facts, "wcs_sip_ap", count);
  const auto bp = numbers(facts, "wcs_sip_bp", count);
  if (!ap || !bp) return false;
  wcs.sip_ap = *ap;
  wcs.sip_bp = *bp;
  return true;
}

}  // namespace

void set_wcs(Facts& facts, const Wcs& wcs) {
  std::erase_if(facts, [](const auto& fact) { return fact.first.starts_with("wcs_"); });
  if (!wcs.valid) return;
  facts["wcs_reference"] = join(std::array{wcs.reference.ra_deg, wcs.reference.dec_deg});
  facts["wcs_reference_pixel"] = join(std::array{wcs.reference_pixel.x, wcs.reference_pixel.y});
  facts["wcs_cd"] = join(wcs.cd);
  facts["wcs_sip_order"] = std::to_string(wcs.sip_order);
  if (wcs.sip_order == 0) return;
  facts["wcs_sip_a"] = join(wcs.sip_a);
  facts["wcs_sip_b"] = join(wcs.sip_b);
  if (wcs.sip_ap.empty() || wcs.sip_bp.empty()) return;
  facts["wcs_sip_ap"] = join(wcs.sip_ap);
  facts["wcs_sip_bp"] = join(wcs.sip_bp);
}

Wcs wcs_from(const Facts& facts) {
  const auto reference = numbers(facts, "wcs_reference", 2);
  const auto pixel = numbers(facts, "wcs_reference_pixel", 2);
  const auto cd = numbers(facts, "wcs_cd", 4);
  const auto order = numbers(facts, "wcs_sip_order", 1);
  if (!reference || !pixel || !cd || !order) return {};
  Wcs wcs;
  wcs.reference = {(*reference)[0], (*reference)[1]};
  wcs.reference_pixel = {(*pixel)[0], (*pixel)[1]};
  for (std::size_t i = 0; i < 4; ++i) wcs.cd.at(i) = (*cd)[i];
  if (wcs.cd[0] * wcs.cd[3] == wcs.cd[1] * wcs.cd[2]) return {};
  const double n = order->front();
  if (n < 0.0 || n > kLargestOrder || n != std::floor(n)) return {};
  wcs.sip_order = static_cast<int>(n);
  if (wcs.sip_order > 0 && !read_sip(facts, wcs)) return {};
  wcs.valid = true;
  return wcs;
}

}  // namespace polis
