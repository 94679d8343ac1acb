#include "formats/fits_write.h"

#include <algorithm>
#include <type_traits>

#include "base/error.h"
#include "formats/big_endian.h"
#include "formats/fits_checksum.h"
#include "formats/fits_limits.h"
#include "formats/fits_tile_write.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t kRowsPerBand = 64;

void pad(Bytes& bytes) { bytes.resize((bytes.size() + kFitsBlock - 1) / kFitsBlock * kFitsBlock); }

template <class T>
Bytes encode_pixels(View<const T> image) {
  Bytes bytes(static_cast<std::size_t>(image.size()) * sizeof(T));
  parallel_bands(image.height, kRowsPerBand, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::ptrdiff_t y = first; y < last; ++y) {
      const T* row = image.row(y);
      std::byte* to = bytes.data() + static_cast<std::size_t>(y * image.width) * sizeof(T);
      for (std::ptrdiff_t x = 0; x < image.width; ++x, to += sizeof(T))
        store_big(to, stored_pixel(row[x]));
    }
  });
  return bytes;
}

/// The cards that begin an HDU and describe its pixels.
template <class T>
void describe_plain(FitsHeader& header, View<const T> image) {
  header.set_integer("BITPIX", fits_bitpix<T>(), "type of the pixels").set_integer("NAXIS", 2);
  header.set_integer("NAXIS1", image.width).set_integer("NAXIS2", image.height);
}

void begin_header(FitsHeader& header, const FitsHduOut& hdu, bool primary) {
  if (primary) {
    header.set_flag("SIMPLE", true, "conforms to the FITS standard");
  } else {
    header.set_text("XTENSION", hdu.compression == FitsCompression::none ? "IMAGE" : "BINTABLE");
  }
}

void end_header(FitsHeader& header, const FitsHduOut& hdu) {
  if (!hdu.name.empty()) header.set_text("EXTNAME", hdu.name);
  for (const FitsCard& card : hdu.header.cards()) header.append(card);
}

/// Header and data of one HDU, padded, with its sums.
void append_hdu(Bytes& file, FitsHeader header, Bytes data) {
  pad(data);
  const std::uint32_t datasum = fits_sum(data);
  header.set_text("DATASUM", std::to_string(datasum), "sum of the data");
  header.set_text("CHECKSUM", std::string(16, '0'), "sum of the HDU is -0");
  const std::uint32_t sum = fits_sum(encode_fits_header(header), datasum);
  header.set_text("CHECKSUM", encode_fits_checksum(sum), "sum of the HDU is -0");
  const Bytes head = encode_fits_header(header);
  file.reserve(file.size() + head.size() + data.size());
  file.insert(file.end(), head.begin(), head.end());
  file.insert(file.end(), data.begin(), data.end());
}

template <class T>
void append_image(Bytes& file, const FitsHduOut& hdu, View<const T> image, bool primary) {
  FitsHeader header;
  begin_header(header, hdu, primary);
  Bytes data;
  if (hdu.compression == FitsCompression::none) {
    describe_plain(header, image);
    if (!primary) header.set_integer("PCOUNT", 0).set_integer("GCOUNT", 1);
    data = encode_pixels(image);
  } else {
    data = encode_tiles(image, hdu.compression, header);
  }
  if constexpr (std::is_unsigned_v<T> && sizeof(T) > 1) {
    // As an integer: readers know unsigned pixels by it.
    header.set_integer("BZERO", sizeof(T) == 2 ? 32768 : 2147483648, "pixels are unsigned");
    header.set_integer("BSCALE", 1);
  }
  end_header(header, hdu);
  append_hdu(file, std::move(header), std::move(data));
}

void append_empty(Bytes& file, const FitsHduOut& hdu, bool primary) {
  FitsHeader header;
  begin_header(header, hdu, primary);
  header.set_integer("BITPIX", 8).set_integer("NAXIS", 0);
  if (primary) {
    header.set_flag("EXTEND", true);
  } else {
    header.set_integer("PCOUNT", 0).set_integer("GCOUNT", 1);
  }
  end_header(header, hdu);
  append_hdu(file, std::move(header), {});
}

}  // namespace

Bytes write_fits(std::span<const FitsHduOut> hdus) {
  Bytes file;
  if (!hdus.empty() && hdus.front().compression != FitsCompression::none)
    append_empty(file, {}, true);
  for (const FitsHduOut& hdu : hdus) {
    const bool primary = file.empty();
    std::visit(
        [&](const auto& pixels) {
          if constexpr (std::is_same_v<std::decay_t<decltype(pixels)>, std::monostate>) {
            append_empty(file, hdu, primary);
          } else {
            append_image(file, hdu, pixels, primary);
          }
        },
        hdu.pixels);
  }
  return file;
}

}  // namespace polis
