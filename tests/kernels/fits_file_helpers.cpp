#include "kernels/fits_file_helpers.h"

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

namespace polis::test {
namespace {

constexpr std::size_t kBlock = 2880;
constexpr std::size_t kCard = 80;

using Cards = std::map<std::string, std::string>;

/// Reads cards up to END and moves `at` to the first byte of data.
Cards read_header(const std::string& bytes, std::size_t& at) {
  Cards cards;
  for (; at + kCard <= bytes.size(); at += kCard) {
    const std::string card = bytes.substr(at, kCard);
    const std::string name = card.substr(0, card.find_first_of(" ="));
    if (name == "END") break;
    if (card[8] == '=') cards.emplace(name, card.substr(10));
  }
  at = (at / kBlock + 1) * kBlock;
  return cards;
}

double number(const Cards& cards, const std::string& name, double fallback) {
  const auto found = cards.find(name);
  return found == cards.end() ? fallback : std::strtod(found->second.c_str(), nullptr);
}

std::uint64_t big_endian(const std::string& bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

}  // namespace

std::optional<Plane<float>> read_plain_fits(const std::string& path, int hdu) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::size_t at = 0;
  for (int i = 0; at < bytes.size(); ++i) {
    const Cards cards = read_header(bytes, at);
    const int bits = static_cast<int>(number(cards, "BITPIX", 8));
    const auto width = static_cast<std::ptrdiff_t>(number(cards, "NAXIS1", 0));
    const auto height = static_cast<std::ptrdiff_t>(number(cards, "NAXIS2", 0));
    const auto size = static_cast<std::size_t>(std::abs(bits) / 8);
    const std::size_t length = static_cast<std::size_t>(width * height) * size;
    if (i < hdu) {
      at += (length + kBlock - 1) / kBlock * kBlock;
      continue;
    }
    if (at + length > bytes.size() || (bits != 16 && bits != -32 && bits != -64)) {
      return std::nullopt;
    }
    Plane<float> plane(width, height);
    const double scale = number(cards, "BSCALE", 1.0);
    const double zero = number(cards, "BZERO", 0.0);
    for (std::ptrdiff_t p = 0; p < plane.size(); ++p) {
      const std::uint64_t word = big_endian(bytes, at + static_cast<std::size_t>(p) * size, size);
      const double value =
          bits == 16 ? static_cast<double>(static_cast<std::int16_t>(word))
          : bits == -32
              ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(word)))
              : std::bit_cast<double>(word);
      plane.data()[p] = static_cast<float>(value * scale + zero);
    }
    return plane;
  }
  return std::nullopt;
}

}  // namespace polis::test
