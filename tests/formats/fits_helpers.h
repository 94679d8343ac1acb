#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "formats/fits_write.h"

namespace polis::test {

/// A header from card texts (padded to 80), END added, padded to 2880 with blanks.
std::string fits_header(const std::vector<std::string>& cards);
/// A primary image of `width` x `height` zeros of 16 bits, with more cards.
Bytes plain_fits(const std::vector<std::string>& more = {}, int width = 10, int height = 10);
/// The same from the given first cards and this many bytes of data.
Bytes fits_of(const std::vector<std::string>& cards, std::size_t data_bytes);
/// An image with a gradient and some noise.
Plane<float> test_image(int width, int height);
/// Headers that the generic instrument reads without a caveat.
FitsHeader usual_header();
/// The text of the error that `call` throws; empty if it throws none. Fails the test on any other
/// exception.
template <class Call>
std::string error_of(Call&& call);

}  // namespace polis::test

#include "base/error.h"

template <class Call>
std::string polis::test::error_of(Call&& call) {
  try {
    call();
  } catch (const polis::Error& error) {
    return error.what();
  }
  return {};
}
