#include "formats/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "formats/fits_limits.h"

namespace polis {
namespace {

constexpr int kAnyHeader = 15 + 32;   // zlib: largest window, gzip or zlib header found by itself
constexpr int kGzipHeader = 15 + 16;  // zlib: largest window, gzip header

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot expand gzip data", why);
}

struct Inflater {
  z_stream stream{};
  Inflater() {
    if (inflateInit2(&stream, kAnyHeader) != Z_OK)
      throw Error(ErrorKind::limit, "cannot expand gzip data", "no memory");
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

/// zlib counts in 32 bits: hand it at most this much at a time.
uInt piece(std::size_t size) { return static_cast<uInt>(std::min<std::size_t>(size, 1u << 30)); }

/// zlib only reads what it is given; its interface lacks a const.
Bytef* input_of(ByteView bytes) {
  return reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
}

}  // namespace

bool is_gzip(ByteView bytes) {
  return bytes.size() >= 3 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b} &&
         bytes[2] == std::byte{8};
}

Bytes expand(ByteView bytes, std::size_t limit) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  Bytes out(std::min(limit, std::max<std::size_t>(bytes.size() * 3, 4096)));
  std::size_t written = 0;
  ByteView rest = bytes;
  while (true) {
    if (written == out.size()) {
      if (out.size() > limit) refuse("it expands to more than " + std::to_string(limit) + " bytes");
      out.resize(std::min(limit + 1, out.size() * 2 + 1));
    }
    stream.next_in = input_of(rest);
    stream.avail_in = piece(rest.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    stream.avail_out = piece(out.size() - written);
    const uInt in_before = stream.avail_in;
    const uInt out_before = stream.avail_out;
    const int status = inflate(&stream, Z_NO_FLUSH);
    const bool moved = stream.avail_in != in_before || stream.avail_out != out_before;
    rest = rest.subspan(in_before - stream.avail_in);
    written += out_before - stream.avail_out;
    if (status == Z_STREAM_END) {
      if (!is_gzip(rest)) break;
      inflateReset(&stream);
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      refuse("the stream is damaged");
    } else if (!moved && written < out.size()) {
      refuse("the stream ends too early");
    }
  }
  if (written > limit) refuse("it expands to more than " + std::to_string(limit) + " bytes");
  out.resize(written);
  return out;
}

Bytes expand_file(ByteView bytes) {
  return expand(bytes, std::min(kMaxExpandedBytes,
                                std::max<std::size_t>(bytes.size() * kMaxGzipRatio, 1 << 16)));
}

Bytes deflate_gzip(ByteView bytes, int level) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, kGzipHeader, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw Error(ErrorKind::limit, "cannot compress data", "no memory");
  }
  Bytes out(deflateBound(&stream, static_cast<uLong>(bytes.size())));
  stream.next_in = input_of(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&stream, Z_FINISH);
  const std::size_t written = stream.total_out;
  deflateEnd(&stream);
  if (status != Z_STREAM_END)
    throw Error(ErrorKind::internal, "cannot compress data", "zlib did not finish");
  out.resize(written);
  return out;
}

}  // namespace polis
