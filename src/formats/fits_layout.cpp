#include "formats/fits_layout.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "formats/fits_limits.h"
#include "formats/gzip.h"

namespace polis {
namespace {

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read a FITS file", why);
}

std::int64_t required(const FitsHeader& header, std::string_view name) {
  const std::optional<std::int64_t> value = header.integer(name);
  if (!value) refuse("keyword " + std::string(name) + " is missing or no integer");
  return *value;
}

/// a * b, refused where it leaves the range of a size.
std::size_t product(std::size_t a, std::size_t b) {
  std::size_t result = 0;
  if (__builtin_mul_overflow(a, b, &result))
    refuse("its axes multiply to more than any file holds");
  return result;
}

void check_numbers(const FitsHeader& header) {
  for (const char* name : {"BZERO", "BSCALE", "BLANK"}) {
    const FitsCard* card = header.find(name);
    if (card == nullptr || card->value.empty()) continue;
    const bool nan = card->value.find_first_of("nN") != std::string::npos &&
                     std::isnan(std::strtod(card->value.c_str(), nullptr));
    if (!header.number(name) && !nan)
      refuse(std::string(name) + " = '" + card->value.substr(0, 40) + "' is no number");
  }
}

std::vector<std::size_t> read_axes(const FitsHeader& header) {
  const std::int64_t count = required(header, "NAXIS");
  if (count < 0 || count > kMaxAxes) refuse("NAXIS is " + std::to_string(count));
  std::vector<std::size_t> axes;
  for (std::int64_t i = 1; i <= count; ++i) {
    const std::int64_t length = required(header, "NAXIS" + std::to_string(i));
    if (length < 0) refuse("NAXIS" + std::to_string(i) + " is negative");
    axes.push_back(static_cast<std::size_t>(length));
  }
  return axes;
}

/// Trailing axes of length 0 or 1 say nothing: [NAXIS3 = 0, NAXIS4 = 1] is still one image.
std::vector<std::size_t> drop_degenerate(std::vector<std::size_t> axes,
                                         std::vector<std::string>& caveats) {
  bool zero = false;
  while (axes.size() > 2 && axes.back() <= 1) {
    zero = zero || axes.back() == 0;
    axes.pop_back();
  }
  if (zero) caveats.emplace_back("header: an axis of length 0 behind the image was ignored");
  return axes;
}

FitsHduKind kind_of(const FitsHeader& header, bool primary) {
  const FitsCard& first = header.cards().empty() ? FitsCard{} : header.cards().front();
  if (primary) {
    if (first.name != "SIMPLE") refuse("it does not begin with SIMPLE");
    if (first.value != "T") refuse("SIMPLE is not T: it says itself that it is no standard FITS");
    return FitsHduKind::image;
  }
  if (first.name != "XTENSION") refuse("an extension does not begin with XTENSION");
  const std::string type = header.text("XTENSION").value_or("");
  if (type == "IMAGE") return FitsHduKind::image;
  if (type == "BINTABLE") return FitsHduKind::binary_table;
  if (type == "TABLE") return FitsHduKind::text_table;
  refuse("unknown extension '" + type.substr(0, 40) + "'");
}

/// Bytes of data that the header announces: |BITPIX|/8 * GCOUNT * (PCOUNT + product of axes).
std::size_t announced_size(const FitsHdu& hdu) {
  const std::int64_t bitpix = required(hdu.header, "BITPIX");
  constexpr std::array<std::int64_t, 6> allowed{8, 16, 32, 64, -32, -64};
  if (std::find(allowed.begin(), allowed.end(), bitpix) == allowed.end())
    refuse("BITPIX is " + std::to_string(bitpix));
  if (hdu.axes.empty()) return 0;
  std::size_t elements = 1;
  for (const std::size_t length : hdu.axes) elements = product(elements, length);
  const std::int64_t parameters = hdu.header.integer("PCOUNT").value_or(0);
  const std::int64_t groups = hdu.header.integer("GCOUNT").value_or(1);
  if (parameters < 0 || groups < 1) refuse("PCOUNT or GCOUNT is out of range");
  std::size_t total = 0;
  if (__builtin_add_overflow(elements, static_cast<std::size_t>(parameters), &total))
    refuse("PCOUNT is out of range");
  return product(product(total, static_cast<std::size_t>(groups)),
                 static_cast<std::size_t>(std::abs(bitpix) / 8));
}

FitsHdu read_hdu(ByteView bytes, std::size_t begin, bool primary,
                 std::vector<std::string>& caveats) {
  ParsedHeader parsed = parse_fits_header(bytes.subspan(begin));
  caveats.insert(caveats.end(), parsed.caveats.begin(), parsed.caveats.end());
  FitsHdu hdu;
  hdu.header = std::move(parsed.header);
  hdu.kind = kind_of(hdu.header, primary);
  hdu.name = hdu.header.text("EXTNAME").value_or("");
  hdu.header_begin = begin;
  hdu.data_begin = begin + parsed.size;
  hdu.axes = read_axes(hdu.header);
  check_numbers(hdu.header);
  if (hdu.kind == FitsHduKind::image) hdu.axes = drop_degenerate(std::move(hdu.axes), caveats);
  if (hdu.kind == FitsHduKind::binary_table)
    hdu.compressed_image = hdu.header.flag("ZIMAGE").value_or(false);
  hdu.data_size = announced_size(hdu);
  if (hdu.data_size > bytes.size() - hdu.data_begin) {
    refuse("HDU at byte " + std::to_string(begin) + " announces " + std::to_string(hdu.data_size) +
           " bytes of data, the file has " + std::to_string(bytes.size() - hdu.data_begin));
  }
  return hdu;
}

bool looks_like_extension(ByteView rest) { return as_text(rest).starts_with("XTENSION"); }

}  // namespace

std::vector<std::size_t> FitsHdu::image_axes() const {
  if (!compressed_image) return axes;
  const std::int64_t count = required(header, "ZNAXIS");
  if (count < 1 || count > kMaxAxes) refuse("ZNAXIS is " + std::to_string(count));
  std::vector<std::size_t> found;
  for (std::int64_t i = 1; i <= count; ++i) {
    const std::int64_t length = required(header, "ZNAXIS" + std::to_string(i));
    if (length < 1) refuse("ZNAXIS" + std::to_string(i) + " is less than 1");
    found.push_back(static_cast<std::size_t>(length));
  }
  while (found.size() > 2 && found.back() == 1) found.pop_back();
  return found;
}

FitsFile parse_fits(ByteView bytes) {
  FitsFile file;
  if (bytes.empty()) refuse("it has no bytes");
  if (is_gzip(bytes)) file.expanded = expand_file(bytes);
  file.bytes = is_gzip(bytes) ? ByteView(file.expanded) : bytes;
  std::size_t at = 0;
  while (at < file.bytes.size()) {
    const ByteView rest = file.bytes.subspan(at);
    if (at > 0 && !looks_like_extension(rest)) {
      const bool blank = std::all_of(rest.begin(), rest.end(), [](std::byte b) {
        return b == std::byte{0} || b == std::byte{' '};
      });
      if (!blank)
        file.caveats.push_back("file: " + std::to_string(rest.size()) +
                               " bytes of junk after the last HDU");
      break;
    }
    if (file.hdus.size() >= kMaxHdus)
      refuse("it has more than " + std::to_string(kMaxHdus) + " HDUs");
    FitsHdu hdu = read_hdu(file.bytes, at, at == 0, file.caveats);
    const std::size_t padded = (hdu.data_size + kFitsBlock - 1) / kFitsBlock * kFitsBlock;
    hdu.padding_missing = padded > file.bytes.size() - hdu.data_begin;
    if (hdu.padding_missing)
      file.caveats.emplace_back("file: the last block is not filled to 2880 bytes");
    at = std::min(hdu.data_begin + padded, file.bytes.size());
    file.hdus.push_back(std::move(hdu));
  }
  return file;
}

}  // namespace polis
