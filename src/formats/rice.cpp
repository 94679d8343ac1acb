#include "formats/rice.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "base/error.h"
#include "formats/big_endian.h"

namespace polis {
namespace {

/// How the block headers of one pixel width are coded.
struct RiceCode {
  int header_bits;  ///< bits of a block's header
  int escape;       ///< number of low bits that stands for "differences are written plainly"
  int pixel_bits;
};

RiceCode code_of(int pixel_bytes) {
  if (pixel_bytes == 1) return {3, 6, 8};
  if (pixel_bytes == 2) return {4, 14, 16};
  return {5, 25, 32};
}

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot decode a RICE_1 tile", why);
}

class BitReader {
 public:
  explicit BitReader(ByteView bytes) : next_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  std::uint32_t take(int count) {
    if (count == 0) return 0;
    fill();
    if (held_ < count) refuse("the stream ends too early");
    held_ -= count;
    return static_cast<std::uint32_t>(bits_ >> held_ & ((std::uint64_t{1} << count) - 1));
  }

  /// Number of zeros before the next one, which is taken as well. At most `most`.
  std::uint32_t take_zeros(std::uint32_t most) {
    std::uint32_t zeros = 0;
    while (true) {
      fill();
      if (held_ == 0) refuse("the stream ends too early");
      const std::uint64_t window = bits_ << (64 - held_);
      const int leading = window == 0 ? held_ : std::countl_zero(window);
      zeros += static_cast<std::uint32_t>(leading);
      if (zeros > most) refuse("it holds a difference larger than any pixel");
      if (leading < held_) {
        held_ -= leading + 1;
        return zeros;
      }
      held_ = 0;
    }
  }

 private:
  void fill() {
    while (held_ <= 32 && next_ < end_) {
      bits_ = bits_ << 8 | std::to_integer<std::uint64_t>(*next_++);
      held_ += 8;
    }
  }
  const std::byte* next_;
  const std::byte* end_;
  std::uint64_t bits_ = 0;
  int held_ = 0;
};

class BitWriter {
 public:
  explicit BitWriter(Bytes& out) : out_(out) {}
  void put(std::uint32_t value, int count) {
    bits_ = bits_ << count | (count == 32 ? value : value & ((1u << count) - 1));
    held_ += count;
    while (held_ >= 8) {
      held_ -= 8;
      out_.push_back(static_cast<std::byte>(bits_ >> held_ & 0xff));
    }
  }
  void put_zeros(std::uint32_t count) {
    for (; count > 24; count -= 24) put(0, 24);
    put(0, static_cast<int>(count));
  }
  void flush() {
    if (held_ > 0) put(0, 8 - held_);
  }

 private:
  Bytes& out_;
  std::uint64_t bits_ = 0;
  int held_ = 0;
};

std::uint32_t mask_of(int bits) { return bits == 32 ? ~0u : (1u << bits) - 1; }

std::int32_t as_pixel(std::uint32_t value, int pixel_bytes) {
  if (pixel_bytes == 1) return static_cast<std::int32_t>(value & 0xff);
  if (pixel_bytes == 2) return static_cast<std::int16_t>(value & 0xffff);
  return static_cast<std::int32_t>(value);
}

std::uint32_t unfold(std::uint32_t code) { return (code & 1) != 0 ? ~(code >> 1) : code >> 1; }

/// Differences to the pixel before, folded so that small ones of either sign are small numbers.
void fold_block(std::span<const std::int32_t> block, const RiceCode& code, std::uint32_t& last,
                std::vector<std::uint32_t>& out) {
  out.clear();
  const int shift = 32 - code.pixel_bits;
  for (const std::int32_t pixel : block) {
    const auto value = static_cast<std::uint32_t>(pixel);
    const auto difference = static_cast<std::int32_t>((value - last) << shift) >> shift;
    const auto doubled = static_cast<std::uint32_t>(difference) << 1;
    out.push_back((difference < 0 ? ~doubled : doubled) & mask_of(code.pixel_bits));
    last = value;
  }
}

int low_bits_for(const std::vector<std::uint32_t>& folded) {
  std::uint64_t sum = 0;
  for (const std::uint32_t value : folded) sum += value;
  if (sum == 0) return -1;
  const auto count = static_cast<std::uint64_t>(folded.size());
  const std::uint64_t less = count / 2 + 1;
  std::uint64_t half = (sum > less ? (sum - less) / count : 0) >> 1;
  int bits = 0;
  for (; half > 0; half >>= 1) ++bits;
  return bits;
}

}  // namespace

void decode_rice(ByteView stream, int pixel_bytes, int block, std::span<std::int32_t> pixels) {
  const RiceCode code = code_of(pixel_bytes);
  if (block < 1) refuse("its block size is less than 1");
  if (pixels.empty()) return;
  BitReader reader(stream);
  std::uint32_t last = reader.take(code.pixel_bits);
  const std::uint32_t most = mask_of(code.pixel_bits);
  for (std::size_t first = 0; first < pixels.size(); first += static_cast<std::size_t>(block)) {
    const std::size_t end = std::min(pixels.size(), first + static_cast<std::size_t>(block));
    const int low_bits = static_cast<int>(reader.take(code.header_bits)) - 1;
    if (low_bits > code.escape) refuse("it holds a block header that no writer makes");
    for (std::size_t i = first; i < end; ++i) {
      if (low_bits == code.escape) {
        last += unfold(reader.take(code.pixel_bits));
      } else if (low_bits >= 0) {
        const std::uint32_t high = reader.take_zeros(most >> low_bits);
        last += unfold(high << low_bits | reader.take(low_bits));
      }
      pixels[i] = as_pixel(last, pixel_bytes);
    }
  }
}

Bytes encode_rice(std::span<const std::int32_t> pixels, int pixel_bytes, int block) {
  const RiceCode code = code_of(pixel_bytes);
  Bytes out;
  if (pixels.empty()) return out;
  out.reserve(pixels.size() * static_cast<std::size_t>(pixel_bytes));
  BitWriter writer(out);
  auto last = static_cast<std::uint32_t>(pixels.front());
  writer.put(last & mask_of(code.pixel_bits), code.pixel_bits);
  std::vector<std::uint32_t> folded;
  for (std::size_t first = 0; first < pixels.size(); first += static_cast<std::size_t>(block)) {
    fold_block(
        pixels.subspan(first, std::min(static_cast<std::size_t>(block), pixels.size() - first)),
        code, last, folded);
    const int low_bits = low_bits_for(folded);
    const bool plain = low_bits >= code.escape;
    writer.put(static_cast<std::uint32_t>((plain ? code.escape : low_bits) + 1), code.header_bits);
    if (low_bits < 0) continue;
    for (const std::uint32_t value : folded) {
      if (plain) {
        writer.put(value, code.pixel_bits);
      } else {
        writer.put_zeros(value >> low_bits);
        writer.put(1, 1);
        writer.put(value, low_bits);
      }
    }
  }
  writer.flush();
  return out;
}

}  // namespace polis
