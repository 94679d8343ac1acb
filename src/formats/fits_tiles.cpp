#include "formats/fits_tiles.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "formats/big_endian.h"
#include "formats/fits_limits.h"
#include "formats/fits_scaling.h"
#include "formats/fits_table_layout.h"
#include "formats/gzip.h"
#include "formats/rice.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

constexpr std::int64_t kNullValue = -2147483647;  // quantised NaN
constexpr std::int64_t kZeroValue = -2147483646;  // quantised exact zero (second dither)
constexpr std::size_t kMaxPixelsPerByte = 1000;   // no real image shrinks further
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

enum class TileCodec { rice, gzip1, gzip2 };
enum class Dither { none, first, second };

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read a tile-compressed image", why);
}

/// All that the header says about how the tiles were made.
struct TileScheme {
  TileCodec codec = TileCodec::rice;
  std::size_t width = 0, height = 0;            // of the image [px]
  std::size_t tile_width = 0, tile_height = 0;  // [px]
  int bitpix = 0;
  int rice_bytes = 4;
  int rice_block = 32;
  bool quantised = false;
  Dither dither = Dither::none;
  std::int64_t dither_seed = 1;
  FitsScaling scaling;
  std::size_t tiles_across() const { return (width + tile_width - 1) / tile_width; }
  std::size_t tiles() const { return tiles_across() * ((height + tile_height - 1) / tile_height); }
};

/// One tile's place in the image.
struct Tile {
  std::size_t x = 0, y = 0, width = 0, height = 0;
  std::size_t size() const { return width * height; }
};

Tile tile_at(const TileScheme& scheme, std::size_t index) {
  Tile tile;
  tile.x = index % scheme.tiles_across() * scheme.tile_width;
  tile.y = index / scheme.tiles_across() * scheme.tile_height;
  tile.width = std::min(scheme.tile_width, scheme.width - tile.x);
  tile.height = std::min(scheme.tile_height, scheme.height - tile.y);
  return tile;
}

TileCodec codec_of_header(const FitsHeader& header) {
  const std::string name = header.text("ZCMPTYPE").value_or("");
  if (name == "RICE_1" || name == "RICE_ONE") return TileCodec::rice;
  if (name == "GZIP_1") return TileCodec::gzip1;
  if (name == "GZIP_2") return TileCodec::gzip2;
  refuse("compression " + name.substr(0, 40) +
         " is not accepted: only RICE_1, GZIP_1 and GZIP_2 are");
}

Dither dither_of(const FitsHeader& header) {
  const std::string name = header.text("ZQUANTIZ").value_or("NO_DITHER");
  if (name == "SUBTRACTIVE_DITHER_1") return Dither::first;
  if (name == "SUBTRACTIVE_DITHER_2") return Dither::second;
  if (name == "NO_DITHER" || name == "NONE") return Dither::none;
  refuse("unknown quantisation " + name.substr(0, 40));
}

std::size_t tile_side(const FitsHeader& header, const char* name, std::size_t standard,
                      std::size_t longest) {
  const std::int64_t side = header.integer(name).value_or(static_cast<std::int64_t>(standard));
  if (side < 1) refuse(std::string(name) + " is less than 1");
  return std::min(static_cast<std::size_t>(side), longest);
}

/// ZNAMEi = BLOCKSIZE or BYTEPIX, ZVALi its value.
void read_rice_parameters(const FitsHeader& header, TileScheme& scheme) {
  scheme.rice_bytes = scheme.bitpix == 8 ? 1 : scheme.bitpix == 16 ? 2 : 4;
  for (int i = 1; i <= 9; ++i) {
    const std::string name = header.text("ZNAME" + std::to_string(i)).value_or("");
    const std::int64_t value = header.integer("ZVAL" + std::to_string(i)).value_or(0);
    if (name == "BLOCKSIZE") {
      if (value != 16 && value != 32) refuse("RICE_1 block size " + std::to_string(value));
      scheme.rice_block = static_cast<int>(value);
    } else if (name == "BYTEPIX") {
      if (value != 1 && value != 2 && value != 4)
        refuse("RICE_1 of pixels of " + std::to_string(value) + " bytes");
      scheme.rice_bytes = static_cast<int>(value);
    }
  }
}

TileScheme scheme_of(const FitsFile& file, const FitsHdu& hdu, const BinaryTable& table) {
  TileScheme scheme;
  const FitsHeader& header = hdu.header;
  const std::vector<std::size_t> axes = hdu.image_axes();
  if (axes.size() != 2) refuse("the image has " + std::to_string(axes.size()) + " axes, not 2");
  scheme.width = axes[0];
  scheme.height = axes[1];
  if (scheme.width > kMaxImageSide || scheme.height > kMaxImageSide ||
      scheme.width * scheme.height > kMaxImagePixels ||
      scheme.width * scheme.height / kMaxPixelsPerByte > file.bytes.size()) {
    refuse("the image is too large for its file");
  }
  scheme.codec = codec_of_header(header);
  scheme.tile_width = tile_side(header, "ZTILE1", scheme.width, scheme.width);
  scheme.tile_height = tile_side(header, "ZTILE2", 1, scheme.height);
  scheme.bitpix = static_cast<int>(header.integer("ZBITPIX").value_or(0));
  constexpr std::array<int, 6> allowed{8, 16, 32, 64, -32, -64};
  if (std::find(allowed.begin(), allowed.end(), scheme.bitpix) == allowed.end())
    refuse("ZBITPIX is " + std::to_string(scheme.bitpix));
  if (scheme.codec == TileCodec::rice && scheme.bitpix == 64)
    refuse("RICE_1 is not defined for 64-bit integers");
  scheme.quantised =
      scheme.bitpix < 0 && table.find("ZSCALE") != nullptr && table.find("ZZERO") != nullptr;
  if (scheme.bitpix < 0 && scheme.codec == TileCodec::rice && !scheme.quantised)
    refuse("RICE_1 of floats without ZSCALE and ZZERO");
  scheme.dither = dither_of(header);
  if (scheme.codec == TileCodec::gzip2 && header.text("ZQUANTIZ") == "NO_DITHER" &&
      scheme.quantised) {
    refuse("GZIP_2 of quantised floats without dither: writers disagree on what it means");
  }
  scheme.dither_seed = header.integer("ZDITHER0").value_or(1);
  if (scheme.dither_seed < 1 || scheme.dither_seed > 10000) refuse("ZDITHER0 is outside 1..10000");
  read_rice_parameters(header, scheme);
  std::vector<std::string> ignored;
  scheme.scaling = scaling_of(header, scheme.bitpix < 0, ignored);
  if (const auto blank = header.integer("ZBLANK")) scheme.scaling.blank = blank;
  if (table.rows() < scheme.tiles()) refuse("it has fewer tiles than the image needs");
  return scheme;
}

/// Undoes GZIP_2's shuffle: first the highest bytes of all pixels, then the next ones.
void unshuffle(Bytes& bytes, std::size_t width) {
  const std::size_t count = bytes.size() / width;
  Bytes out(bytes.size());
  for (std::size_t b = 0; b < width; ++b) {
    for (std::size_t i = 0; i < count; ++i) out[i * width + b] = bytes[b * count + i];
  }
  bytes = std::move(out);
}

struct GzipTile {
  Bytes bytes;
  std::size_t width = 0;  ///< of a pixel [bytes]
};

/// The width of a pixel follows from the length: writers differ on it.
GzipTile expand_tile(ByteView stream, std::size_t pixels, bool shuffled) {
  GzipTile tile{expand(stream, pixels * 8), 0};
  tile.width = tile.bytes.size() / pixels;
  const bool good = tile.bytes.size() == tile.width * pixels &&
                    (tile.width == 1 || tile.width == 2 || tile.width == 4 || tile.width == 8);
  if (!good) refuse("a tile expands to the wrong length");
  if (shuffled) unshuffle(tile.bytes, tile.width);
  return tile;
}

void integers_from(const GzipTile& tile, std::vector<std::int64_t>& out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::byte* at = tile.bytes.data() + i * tile.width;
    switch (tile.width) {
      case 1:
        out[i] = std::to_integer<int>(*at);
        break;
      case 2:
        out[i] = load_big<std::int16_t>(at);
        break;
      case 4:
        out[i] = load_big<std::int32_t>(at);
        break;
      default:
        out[i] = load_big<std::int64_t>(at);
        break;
    }
  }
}

/// CFITSIO writes floats of 32 bits into images that claim 64, so the width decides.
void floats_from(const GzipTile& tile, const FitsScaling& scaling, std::vector<float>& out) {
  if (tile.width != 8 && tile.width != 4) refuse("a tile of floats expands to the wrong length");
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::byte* at = tile.bytes.data() + i * tile.width;
    out[i] = tile.width == 8 ? scaled(load_big<double>(at), scaling)
                             : scaled(load_big<float>(at), scaling);
  }
}

std::vector<std::int64_t> decode_integers(const TileScheme& scheme, ByteView stream,
                                          std::size_t pixels) {
  std::vector<std::int64_t> values(pixels);
  if (scheme.codec == TileCodec::rice) {
    std::vector<std::int32_t> narrow(pixels);
    decode_rice(stream, scheme.rice_bytes, scheme.rice_block, narrow);
    std::copy(narrow.begin(), narrow.end(), values.begin());
  } else {
    integers_from(expand_tile(stream, pixels, scheme.codec == TileCodec::gzip2), values);
  }
  return values;
}

template <class Integer>
void scale_integers(const std::vector<Integer>& values, const FitsScaling& scaling,
                    std::vector<float>& out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(static_cast<double>(values[i]) * scaling.scale + scaling.zero);
  }
  if (!scaling.blank) return;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (values[i] == *scaling.blank) out[i] = kNan;
  }
}

/// Undoes quantisation of tile `index` (0-based): value = (q - r + 0.5) * scale + zero, r the
/// dither.
void dequantise(const TileScheme& scheme, const std::vector<std::int64_t>& values,
                std::size_t index, double scale, double zero, std::vector<float>& out) {
  const std::vector<float>& random = dither_numbers();
  std::size_t seed = (index + static_cast<std::size_t>(scheme.dither_seed) - 1) % random.size();
  auto next = static_cast<std::size_t>(random[seed] * 500.0f);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::int64_t q = values[i];
    const bool blank = q == kNullValue || (scheme.scaling.blank && q == *scheme.scaling.blank);
    const double shift =
        scheme.dither == Dither::none ? 0.0 : 0.5 - static_cast<double>(random[next]);
    out[i] = blank ? kNan : static_cast<float>((static_cast<double>(q) + shift) * scale + zero);
    if (scheme.dither == Dither::second && q == kZeroValue) out[i] = 0.0f;
    if (++next == random.size()) {
      seed = (seed + 1) % random.size();
      next = static_cast<std::size_t>(random[seed] * 500.0f);
    }
  }
}

/// Decodes tile `index` into `out`, which has its size.
void decode_tile(const TileScheme& scheme, const BinaryTable& table, std::size_t index,
                 std::vector<float>& out) {
  const TableColumn* data = table.find("COMPRESSED_DATA");
  const ByteView stream = data != nullptr ? table.array(*data, index) : ByteView{};
  if (stream.empty()) {
    // Where quantising a tile failed, its floats lie here, losslessly.
    const TableColumn* fallback = table.find("GZIP_COMPRESSED_DATA");
    const ByteView plain = fallback != nullptr ? table.array(*fallback, index) : ByteView{};
    if (plain.empty()) refuse("tile " + std::to_string(index + 1) + " is empty");
    const GzipTile tile = expand_tile(plain, out.size(), false);
    if (scheme.bitpix < 0) {
      floats_from(tile, scheme.scaling, out);
    } else {
      std::vector<std::int64_t> values(out.size());
      integers_from(tile, values);
      scale_integers(values, scheme.scaling, out);
    }
  } else if (scheme.bitpix > 0 && scheme.codec == TileCodec::rice) {
    // The usual raw frame: no detour over wider integers.
    std::vector<std::int32_t> values(out.size());
    decode_rice(stream, scheme.rice_bytes, scheme.rice_block, values);
    scale_integers(values, scheme.scaling, out);
  } else if (scheme.bitpix > 0) {
    scale_integers(decode_integers(scheme, stream, out.size()), scheme.scaling, out);
  } else if (scheme.quantised) {
    const double scale = table.number(*table.find("ZSCALE"), index);
    const double zero = table.number(*table.find("ZZERO"), index);
    dequantise(scheme, decode_integers(scheme, stream, out.size()), index, scale, zero, out);
  } else {
    floats_from(expand_tile(stream, out.size(), scheme.codec == TileCodec::gzip2), scheme.scaling,
                out);
  }
}

}  // namespace

const std::vector<float>& dither_numbers() {
  static const std::vector<float> numbers = [] {
    std::vector<float> list(10000);
    double seed = 1.0;
    for (float& number : list) {
      const double product = 16807.0 * seed;
      seed = product - 2147483647.0 * std::floor(product / 2147483647.0);
      number = static_cast<float>(seed / 2147483647.0);
    }
    return list;
  }();
  return numbers;
}

Plane<float> read_compressed_image(const FitsFile& file, const FitsHdu& hdu) {
  const BinaryTable table(file, hdu);
  const TileScheme scheme = scheme_of(file, hdu, table);
  Plane<float> image(static_cast<std::ptrdiff_t>(scheme.width),
                     static_cast<std::ptrdiff_t>(scheme.height));
  parallel_for(static_cast<std::ptrdiff_t>(scheme.tiles()), [&](std::ptrdiff_t i) {
    const auto index = static_cast<std::size_t>(i);
    const Tile tile = tile_at(scheme, index);
    std::vector<float> values(tile.size());
    decode_tile(scheme, table, index, values);
    for (std::size_t y = 0; y < tile.height; ++y) {
      std::copy_n(values.data() + y * tile.width, tile.width,
                  image.view().row(static_cast<std::ptrdiff_t>(tile.y + y)) + tile.x);
    }
  });
  return image;
}

Plane<MaskPixel> read_compressed_mask(const FitsFile& file, const FitsHdu& hdu) {
  const BinaryTable table(file, hdu);
  const TileScheme scheme = scheme_of(file, hdu, table);
  const TableColumn* data = table.find("COMPRESSED_DATA");
  if (scheme.bitpix != 32 || scheme.scaling.scale != 1.0 || data == nullptr)
    refuse("a mask that is no 32-bit integer image");
  const auto zero = static_cast<std::int64_t>(scheme.scaling.zero);
  Plane<MaskPixel> mask(static_cast<std::ptrdiff_t>(scheme.width),
                        static_cast<std::ptrdiff_t>(scheme.height));
  parallel_for(static_cast<std::ptrdiff_t>(scheme.tiles()), [&](std::ptrdiff_t i) {
    const Tile tile = tile_at(scheme, static_cast<std::size_t>(i));
    const std::vector<std::int64_t> values =
        decode_integers(scheme, table.array(*data, static_cast<std::size_t>(i)), tile.size());
    for (std::size_t y = 0; y < tile.height; ++y) {
      MaskPixel* row = mask.view().row(static_cast<std::ptrdiff_t>(tile.y + y)) + tile.x;
      for (std::size_t x = 0; x < tile.width; ++x)
        row[x] = static_cast<MaskPixel>(values[y * tile.width + x] + zero);
    }
  });
  return mask;
}

FitsHeader image_header(const FitsHdu& hdu) {
  if (!hdu.compressed_image) return hdu.header;
  constexpr std::array<std::string_view, 17> table_cards{
      "XTENSION", "BITPIX",   "NAXIS",    "NAXIS1",   "NAXIS2",  "PCOUNT",
      "GCOUNT",   "TFIELDS",  "ZIMAGE",   "ZCMPTYPE", "ZSIMPLE", "ZTENSION",
      "ZQUANTIZ", "ZDITHER0", "CHECKSUM", "DATASUM",  "ZBITPIX"};
  constexpr std::array<std::string_view, 8> table_prefixes{"TTYPE", "TFORM",  "ZTILE",   "ZNAME",
                                                           "ZVAL",  "ZNAXIS", "ZPCOUNT", "ZGCOUNT"};
  FitsHeader header;
  header.set_integer("BITPIX", hdu.header.integer("ZBITPIX").value_or(0));
  const std::vector<std::size_t> axes = hdu.image_axes();
  header.set_integer("NAXIS", static_cast<std::int64_t>(axes.size()));
  for (std::size_t i = 0; i < axes.size(); ++i) {
    header.set_integer("NAXIS" + std::to_string(i + 1), static_cast<std::int64_t>(axes[i]));
  }
  for (const FitsCard& card : hdu.header.cards()) {
    const bool of_table =
        std::find(table_cards.begin(), table_cards.end(), card.name) != table_cards.end() ||
        std::any_of(table_prefixes.begin(), table_prefixes.end(),
                    [&](std::string_view prefix) { return card.name.starts_with(prefix); });
    if (!of_table) header.append(card);
  }
  return header;
}

}  // namespace polis
