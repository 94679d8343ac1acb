#include "formats/fits_checksum.h"

#include <array>

#include "formats/big_endian.h"
#include "formats/fits_layout.h"
#include "formats/fits_limits.h"

namespace polis {
namespace {

std::uint32_t fold(std::uint64_t sum) {
  while (sum >> 32 != 0) sum = (sum & 0xffffffffu) + (sum >> 32);
  return static_cast<std::uint32_t>(sum);
}

bool is_punctuation(int c) { return (c >= 0x3a && c <= 0x40) || (c >= 0x5b && c <= 0x60); }

}  // namespace

std::uint32_t fits_sum(ByteView bytes, std::uint32_t sum) {
  std::uint64_t total = sum;
  const std::size_t words = bytes.size() / 4;
  for (std::size_t i = 0; i < words; ++i) total += load_big<std::uint32_t>(bytes.data() + 4 * i);
  if (const std::size_t left = bytes.size() % 4; left > 0) {
    std::array<std::byte, 4> last{};
    std::memcpy(last.data(), bytes.data() + 4 * words, left);
    total += load_big<std::uint32_t>(last.data());
  }
  return fold(total);
}

std::string encode_fits_checksum(std::uint32_t sum) {
  const std::uint32_t value = ~sum;
  std::array<int, 16> ascii{};
  for (int byte = 0; byte < 4; ++byte) {
    const int whole = static_cast<int>(value >> (24 - 8 * byte) & 0xff);
    std::array<int, 4> part{whole / 4 + whole % 4 + 0x30, whole / 4 + 0x30, whole / 4 + 0x30,
                            whole / 4 + 0x30};
    // Pairs are pushed apart, their sum kept, until none is punctuation.
    for (bool again = true; again;) {
      again = false;
      for (std::size_t pair = 0; pair < 4; pair += 2) {
        if (is_punctuation(part[pair]) || is_punctuation(part[pair + 1])) {
          ++part[pair];
          --part[pair + 1];
          again = true;
        }
      }
    }
    for (std::size_t i = 0; i < 4; ++i)
      ascii.at(4 * i + static_cast<std::size_t>(byte)) = part.at(i);
  }
  std::string text(16, ' ');
  // The value begins in column 12 of its card: one byte to the right of a word's border.
  for (std::size_t i = 0; i < 16; ++i) text[i] = static_cast<char>(ascii.at((i + 15) % 16));
  return text;
}

std::string checksum_problem(const FitsFile& file, const FitsHdu& hdu) {
  const std::size_t padded = (hdu.data_size + kFitsBlock - 1) / kFitsBlock * kFitsBlock;
  const std::size_t available = std::min(padded, file.bytes.size() - hdu.data_begin);
  const ByteView data = file.bytes.subspan(hdu.data_begin, available);
  std::uint32_t sum = 0;
  const std::optional<std::string> datasum = hdu.header.text("DATASUM");
  const std::optional<std::string> checksum = hdu.header.text("CHECKSUM");
  if ((!datasum || datasum->empty()) && (!checksum || checksum->empty())) return {};
  sum = fits_sum(data);
  if (datasum && !datasum->empty()) {
    const std::optional<std::int64_t> wanted = hdu.header.integer("DATASUM");
    if (!wanted || *wanted != static_cast<std::int64_t>(sum)) return "DATASUM is wrong";
  }
  if (checksum && !checksum->empty()) {
    sum = fits_sum(file.bytes.subspan(hdu.header_begin, hdu.data_begin - hdu.header_begin), sum);
    if (sum != 0xffffffffu && sum != 0) return "CHECKSUM is wrong";
  }
  return {};
}

}  // namespace polis
