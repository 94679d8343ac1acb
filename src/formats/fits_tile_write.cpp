#include "formats/fits_tile_write.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/error.h"
#include "formats/big_endian.h"
#include "formats/gzip.h"
#include "formats/rice.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

constexpr int kRiceBlock = 32;

/// First the highest bytes of all pixels, then the next: bytes that resemble each other stand
/// together.
template <class T>
Bytes gzip_row(const T* row, std::ptrdiff_t width) {
  const auto count = static_cast<std::size_t>(width);
  Bytes shuffled(count * sizeof(T));
  for (std::size_t i = 0; i < count; ++i) {
    std::array<std::byte, sizeof(T)> pixel{};
    store_big(pixel.data(), stored_pixel(row[i]));
    for (std::size_t b = 0; b < sizeof(T); ++b) shuffled[b * count + i] = pixel.at(b);
  }
  return deflate_gzip(shuffled);
}

template <class T>
Bytes rice_row(const T* row, std::ptrdiff_t width) {
  if constexpr (std::is_floating_point_v<T>) {
    throw Error(ErrorKind::internal, "cannot write RICE_1 of floats",
                "it would lose their low bits");
  } else {
    std::vector<std::int32_t> pixels(static_cast<std::size_t>(width));
    for (std::size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = static_cast<std::int32_t>(stored_pixel(row[i]));
    return encode_rice(pixels, static_cast<int>(sizeof(T)), kRiceBlock);
  }
}

template <class T>
void describe(FitsHeader& header, View<const T> image, FitsCompression compression, bool wide,
              std::size_t longest, std::size_t heap) {
  header.set_integer("BITPIX", 8).set_integer("NAXIS", 2);
  header.set_integer("NAXIS1", wide ? 16 : 8).set_integer("NAXIS2", image.height);
  header.set_integer("PCOUNT", static_cast<std::int64_t>(heap))
      .set_integer("GCOUNT", 1)
      .set_integer("TFIELDS", 1);
  header.set_text("TTYPE1", "COMPRESSED_DATA");
  header.set_text("TFORM1", (wide ? "1QB(" : "1PB(") + std::to_string(longest) + ")");
  header.set_flag("ZIMAGE", true, "this table is a compressed image");
  header.set_integer("ZBITPIX", fits_bitpix<T>()).set_integer("ZNAXIS", 2);
  header.set_integer("ZNAXIS1", image.width).set_integer("ZNAXIS2", image.height);
  header.set_integer("ZTILE1", image.width).set_integer("ZTILE2", 1);
  header.set_text("ZCMPTYPE", compression == FitsCompression::rice ? "RICE_1" : "GZIP_2");
  if (compression == FitsCompression::rice) {
    header.set_text("ZNAME1", "BLOCKSIZE").set_integer("ZVAL1", kRiceBlock);
    header.set_text("ZNAME2", "BYTEPIX").set_integer("ZVAL2", sizeof(T));
  }
  if (std::is_floating_point_v<T>) header.set_text("ZQUANTIZ", "NONE", "lossless");
}

}  // namespace

template <class T>
Bytes encode_tiles(View<const T> image, FitsCompression compression, FitsHeader& header) {
  std::vector<Bytes> rows(static_cast<std::size_t>(image.height));
  parallel_for(image.height, [&](std::ptrdiff_t y) {
    rows[static_cast<std::size_t>(y)] = compression == FitsCompression::rice
                                            ? rice_row(image.row(y), image.width)
                                            : gzip_row(image.row(y), image.width);
  });
  std::size_t heap = 0;
  std::size_t longest = 0;
  for (const Bytes& row : rows) {
    heap += row.size();
    longest = std::max(longest, row.size());
  }
  const bool wide = heap > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());
  describe(header, image, compression, wide, longest, heap);
  Bytes data(rows.size() * (wide ? 16 : 8));
  std::byte* at = data.data();
  std::size_t offset = 0;
  for (const Bytes& row : rows) {
    if (wide) {
      store_big(at, static_cast<std::int64_t>(row.size()));
      store_big(at + 8, static_cast<std::int64_t>(offset));
    } else {
      store_big(at, static_cast<std::int32_t>(row.size()));
      store_big(at + 4, static_cast<std::int32_t>(offset));
    }
    at += wide ? 16 : 8;
    offset += row.size();
  }
  data.reserve(data.size() + heap);
  for (const Bytes& row : rows) data.insert(data.end(), row.begin(), row.end());
  return data;
}

template Bytes encode_tiles(View<const std::uint8_t>, FitsCompression, FitsHeader&);
template Bytes encode_tiles(View<const std::int16_t>, FitsCompression, FitsHeader&);
template Bytes encode_tiles(View<const std::uint16_t>, FitsCompression, FitsHeader&);
template Bytes encode_tiles(View<const std::int32_t>, FitsCompression, FitsHeader&);
template Bytes encode_tiles(View<const std::uint32_t>, FitsCompression, FitsHeader&);
template Bytes encode_tiles(View<const float>, FitsCompression, FitsHeader&);

}  // namespace polis
