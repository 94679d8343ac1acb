#include "formats/fits_image.h"

#include <cmath>
#include <limits>

#include "base/error.h"
#include "formats/big_endian.h"
#include "formats/fits_layout.h"
#include "formats/fits_limits.h"
#include "formats/fits_scaling.h"
#include "formats/fits_tiles.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr std::ptrdiff_t kRowsPerBand = 64;

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read a FITS image", why);
}

template <class Stored>
void convert_row(const std::byte* from, const FitsScaling& scaling, float* to,
                 std::ptrdiff_t width) {
  for (std::ptrdiff_t x = 0; x < width; ++x, from += sizeof(Stored)) {
    const auto value = load_big<Stored>(from);
    to[x] = scaled(value, scaling);
    if constexpr (std::is_integral_v<Stored>) {
      if (scaling.blank && static_cast<std::int64_t>(value) == *scaling.blank) to[x] = kNan;
    }
  }
}

template <class Stored>
void convert(ByteView data, const FitsScaling& scaling, View<float> image) {
  parallel_bands(image.height, kRowsPerBand, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::ptrdiff_t y = first; y < last; ++y) {
      convert_row<Stored>(data.data() + static_cast<std::size_t>(y * image.width) * sizeof(Stored),
                          scaling, image.row(y), image.width);
    }
  });
}

Plane<float> read_plain_image(const FitsFile& file, const FitsHdu& hdu,
                              std::vector<std::string>& caveats) {
  if (hdu.axes.size() > 2)
    refuse("it has " + std::to_string(hdu.axes.size()) + " axes longer than 1, not 2");
  if (hdu.axes.size() < 2) refuse("it has " + std::to_string(hdu.axes.size()) + " axes, not 2");
  if (hdu.axes[0] > kMaxImageSide || hdu.axes[1] > kMaxImageSide ||
      hdu.axes[0] * hdu.axes[1] > kMaxImagePixels) {
    refuse("it is larger than any detector");
  }
  const int bitpix = static_cast<int>(hdu.header.integer("BITPIX").value_or(0));
  const FitsScaling scaling = scaling_of(hdu.header, bitpix < 0, caveats);
  const ByteView data = file.bytes.subspan(hdu.data_begin, hdu.data_size);
  Plane<float> image(static_cast<std::ptrdiff_t>(hdu.axes[0]),
                     static_cast<std::ptrdiff_t>(hdu.axes[1]));
  switch (bitpix) {
    case 8:
      convert<std::uint8_t>(data, scaling, image.view());
      break;
    case 16:
      convert<std::int16_t>(data, scaling, image.view());
      break;
    case 32:
      convert<std::int32_t>(data, scaling, image.view());
      break;
    case 64:
      convert<std::int64_t>(data, scaling, image.view());
      break;
    case -32:
      convert<float>(data, scaling, image.view());
      break;
    default:
      convert<double>(data, scaling, image.view());
      break;
  }
  return image;
}

Plane<float> decode(const FitsFile& file, const FitsHdu& hdu, ChecksumPolicy policy,
                    std::vector<std::string>& caveats) {
  if (!hdu.has_pixels()) refuse("the HDU holds no image");
  const std::string problem = checksum_problem(file, hdu);
  if (!problem.empty() && policy == ChecksumPolicy::refuse)
    refuse(problem + ": its bytes are not what their writer wrote");
  if (!problem.empty()) caveats.push_back("header: " + problem);
  if (!hdu.compressed_image) return read_plain_image(file, hdu, caveats);
  scaling_of(hdu.header, hdu.header.integer("ZBITPIX").value_or(0) < 0, caveats);
  return read_compressed_image(file, hdu);
}

/// An infinite pixel is no measurement.
void drop_infinite(Plane<float>& image, std::vector<std::string>& caveats) {
  std::size_t infinite = 0;
  for (std::ptrdiff_t y = 0; y < image.height(); ++y) {
    float* row = image.view().row(y);
    for (std::ptrdiff_t x = 0; x < image.width(); ++x) {
      if (!std::isinf(row[x])) continue;
      row[x] = kNan;
      ++infinite;
    }
  }
  if (infinite > 0)
    caveats.push_back("pixels: " + std::to_string(infinite) + " infinite ones have no value");
}

}  // namespace

FitsScaling scaling_of(const FitsHeader& header, bool floats, std::vector<std::string>& caveats) {
  FitsScaling scaling;
  scaling.scale = header.number("BSCALE").value_or(header.has("BSCALE") ? 0.0 : 1.0);
  if (scaling.scale == 0.0) {
    caveats.emplace_back("header: BSCALE is 0 or no number, read as 1");
    scaling.scale = 1.0;
  }
  if (header.has("BZERO") && !header.number("BZERO"))
    caveats.emplace_back("header: BZERO is no number, read as 0");
  scaling.zero = header.number("BZERO").value_or(0.0);
  if (const FitsCard* blank = header.find("BLANK"); blank != nullptr && floats) {
    caveats.emplace_back("header: BLANK on floating-point pixels was ignored");
  } else if (blank != nullptr) {
    scaling.blank = header.integer("BLANK");
    if (!scaling.blank) caveats.emplace_back("header: BLANK is no integer and was ignored");
  }
  return scaling;
}

RawImage read_raw_image(ByteView fits_bytes, int hdu, ChecksumPolicy policy) {
  const FitsFile file = parse_fits(fits_bytes);
  if (hdu < 0 || static_cast<std::size_t>(hdu) >= file.hdus.size()) {
    refuse("the file has " + std::to_string(file.hdus.size()) + " HDUs, number " +
           std::to_string(hdu) + " was asked for");
  }
  return read_image(file, file.hdus[static_cast<std::size_t>(hdu)], policy);
}

RawImage read_image(const FitsFile& file, const FitsHdu& hdu, ChecksumPolicy policy) {
  RawImage image;
  image.caveats = file.caveats;
  image.pixels = decode(file, hdu, policy, image.caveats);
  image.header = image_header(hdu);
  drop_infinite(image.pixels, image.caveats);
  return image;
}

Plane<float> read_pixels(const FitsFile& file, const FitsHdu& hdu) {
  std::vector<std::string> ignored;
  return decode(file, hdu, ChecksumPolicy::refuse, ignored);
}

}  // namespace polis
