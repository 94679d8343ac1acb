#include "sky/object_names.h"

#include <cmath>

#include "base/digest.h"
#include "sky/time.h"

namespace polis {
namespace {

constexpr int kLetters = 9;

std::string pixel_of(const Candidate& c) {
  return std::to_string(std::lround(std::isfinite(c.x) ? c.x : 0.0)) + "," +
         std::to_string(std::lround(std::isfinite(c.y) ? c.y : 0.0));
}

/// The first 64 bits.
std::uint64_t bits_of(const Digest& digest) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) value = value << 8U | digest.bytes[i];
  return value;
}

std::uint64_t hash_of(const SearchedFrame& frame, const Candidate& candidate, std::uint64_t turn) {
  return bits_of(Hasher()
                     .field(frame.key())
                     .field(pixel_of(candidate))
                     .field(std::uint64_t{candidate.sign > 0 ? 1U : 0U})
                     .field(turn)
                     .finish());
}

/// Every reader keeps whole numbers up to 2^53 exactly.
std::int64_t exact_number(std::uint64_t bits) {
  constexpr unsigned kBits = 53;
  return static_cast<std::int64_t>(bits >> (64 - kBits)) + 1;
}

std::string year_of(double mjd) {
  const std::string iso = iso_from_mjd(mjd);
  return iso.size() > 4 ? iso.substr(2, 2) : "00";
}

}  // namespace

std::string ObjectNames::name_for(const SearchedFrame& frame, const Candidate& first) {
  for (std::uint64_t turn = 0;; ++turn) {
    std::uint64_t value = hash_of(frame, first, turn);
    std::string name = "PO" + year_of(frame.mjd_mid);
    for (int i = 0; i < kLetters; ++i, value /= 26)
      name += static_cast<char>('a' + static_cast<char>(value % 26));
    if (taken_.insert(name).second) return name;
  }
}

std::int64_t candid_of(const SearchedFrame& frame, const Candidate& candidate) {
  return exact_number(hash_of(frame, candidate, 0));
}

std::int64_t frame_number(const SearchedFrame& frame) {
  return exact_number(bits_of(digest_of(frame.key())));
}

}  // namespace polis
