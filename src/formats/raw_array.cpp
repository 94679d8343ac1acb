#include "formats/raw_array.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "formats/fits_limits.h"

namespace polis {
namespace {

/// SIP coefficients when u or v changes its sign: odd powers do too, and so does what is added to
/// that coordinate.
void turn_sip(std::vector<double>& coefficients, int order, bool flip_x, bool flip_y,
              bool changes_sign) {
  if (coefficients.size() != sip_size(order)) return;
  for (int n = 0; n <= order; ++n) {
    for (int p = 0; p <= n; ++p) {
      const int odd = (flip_x ? p : 0) + (flip_y ? n - p : 0) + (changes_sign ? 1 : 0);
      if (odd % 2 == 1) coefficients[sip_index(p, n - p)] *= -1.0;
    }
  }
}

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot join the parts of a detector", why);
}

Plane<float> empty_array(std::ptrdiff_t width, std::ptrdiff_t height) {
  constexpr auto side = static_cast<std::ptrdiff_t>(kMaxImageSide);
  if (width < 0 || height < 0 || width > side || height > side ||
      width * height > static_cast<std::ptrdiff_t>(kMaxImagePixels)) {
    refuse("together they are larger than any detector");
  }
  return {width, height, std::numeric_limits<float>::quiet_NaN()};
}

/// Copies an image into `all` from row `at` on. @return the row above it
std::ptrdiff_t lay_in(const Plane<float>& image, std::ptrdiff_t at, Plane<float>& all) {
  if (image.width() > all.width() || at + image.height() > all.height())
    refuse("they are not as large as they were when the file was ingested");
  for (std::ptrdiff_t y = 0; y < image.height(); ++y)
    std::copy_n(image.view().row(y), image.width(), all.view().row(at + y));
  return at + image.height();
}

}  // namespace

Plane<float> turned(Plane<float> image, bool flip_x, bool flip_y) {
  const std::ptrdiff_t width = image.width(), height = image.height();
  for (std::ptrdiff_t y = 0; flip_x && y < height; ++y)
    std::reverse(image.view().row(y), image.view().row(y) + width);
  for (std::ptrdiff_t y = 0; flip_y && y < height / 2; ++y)
    std::swap_ranges(image.view().row(y), image.view().row(y) + width,
                     image.view().row(height - 1 - y));
  return image;
}

Section turned(const Section& section, int width, int height, bool flip_x, bool flip_y) {
  if (section.empty()) return section;
  Section s = section;
  if (flip_x) s.x0 = width - s.x0 - s.width;
  if (flip_y) s.y0 = height - s.y0 - s.height;
  return s;
}

Wcs turned(Wcs wcs, int width, int height, bool flip_x, bool flip_y) {
  if (flip_x) {
    wcs.reference_pixel.x = width - 1 - wcs.reference_pixel.x;
    wcs.cd[0] *= -1.0;
    wcs.cd[2] *= -1.0;
  }
  if (flip_y) {
    wcs.reference_pixel.y = height - 1 - wcs.reference_pixel.y;
    wcs.cd[1] *= -1.0;
    wcs.cd[3] *= -1.0;
  }
  turn_sip(wcs.sip_a, wcs.sip_order, flip_x, flip_y, flip_x);
  turn_sip(wcs.sip_b, wcs.sip_order, flip_x, flip_y, flip_y);
  turn_sip(wcs.sip_ap, wcs.sip_order, flip_x, flip_y, flip_x);
  turn_sip(wcs.sip_bp, wcs.sip_order, flip_x, flip_y, flip_y);
  return wcs;
}

Plane<float> stacked(const std::vector<Plane<float>>& images) {
  std::ptrdiff_t width = 0, height = 0;
  for (const Plane<float>& image : images) {
    width = std::max(width, image.width());
    height += image.height();
  }
  Plane<float> all = empty_array(width, height);
  std::ptrdiff_t at = 0;
  for (const Plane<float>& image : images) at = lay_in(image, at, all);
  return all;
}

Plane<float> read_raw_array(ByteView fits_bytes, const Exposure& exposure, ChecksumPolicy policy) {
  if (exposure.parts.empty()) return read_raw_image(fits_bytes, exposure.hdu, policy).pixels;
  Plane<float> all = empty_array(exposure.raw_width, exposure.raw_height);
  std::ptrdiff_t at = 0;
  for (const RawPart& part : exposure.parts) {
    at = lay_in(
        turned(read_raw_image(fits_bytes, part.hdu, policy).pixels, part.flip_x, part.flip_y), at,
        all);
  }
  return all;
}

}  // namespace polis
