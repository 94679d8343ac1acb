#include "formats/fits_helpers.h"

#include "base/random.h"

namespace polis::test {

std::string fits_header(const std::vector<std::string>& cards) {
  std::string text;
  for (std::string card : cards) {
    card.resize(80, ' ');
    text += card;
  }
  std::string end = "END";
  end.resize(80, ' ');
  text += end;
  text.resize((text.size() + 2879) / 2880 * 2880, ' ');
  return text;
}

Bytes fits_of(const std::vector<std::string>& cards, std::size_t data_bytes) {
  std::string text = fits_header(cards);
  text.resize(text.size() + (data_bytes + 2879) / 2880 * 2880, '\0');
  return to_bytes(text);
}

Bytes plain_fits(const std::vector<std::string>& more, int width, int height) {
  std::vector<std::string> cards{"SIMPLE  =                    T", "BITPIX  =                   16",
                                 "NAXIS   =                    2",
                                 "NAXIS1  = " + std::to_string(width),
                                 "NAXIS2  = " + std::to_string(height)};
  cards.insert(cards.end(), more.begin(), more.end());
  return fits_of(cards, static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 2);
}

Plane<float> test_image(int width, int height) {
  Plane<float> image(width, height);
  RandomStream random(5, "image");
  for (std::ptrdiff_t y = 0; y < height; ++y) {
    for (std::ptrdiff_t x = 0; x < width; ++x)
      image(x, y) = static_cast<float>(1000.0 + static_cast<double>(x) + 10.0 * random.normal());
  }
  return image;
}

FitsHeader usual_header() {
  FitsHeader header;
  header.set_text("DATE-OBS", "2026-03-01T02:03:04.5")
      .set_number("EXPTIME", 60.0)
      .set_text("IMAGETYP", "Light Frame");
  header.set_text("FILTER", "r")
      .set_number("GAIN", 1.5)
      .set_number("RDNOISE", 4.0)
      .set_text("OBJECT", "M1");
  return header;
}

}  // namespace polis::test
