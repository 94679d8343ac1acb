#include "models/normalise.h"

#include <array>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace polis {
namespace {

constexpr std::array<std::pair<Normalisation, std::string_view>, 4> kNames{{
    {Normalisation::none, "none"},
    {Normalisation::l2_rows, "l2_rows"},
    {Normalisation::l2_image, "l2_image"},
    {Normalisation::standardise, "standardise"},
}};

/// Sum of (value - centre)^power. Eight sums side by side, so that the loop vectorises and yet adds
/// in a fixed order.
template <bool kSquare>
double sum_of(std::span<const float> values, double centre) {
  constexpr std::size_t lanes = 8;
  std::array<double, lanes> sums{};
  const std::size_t whole = values.size() / lanes * lanes;
  for (std::size_t first = 0; first < whole; first += lanes) {
    for (std::size_t l = 0; l < lanes; ++l) {
      const double value = values[first + l] - centre;
      sums[l] += kSquare ? value * value : value;
    }
  }
  for (std::size_t i = whole; i < values.size(); ++i) {
    const double value = values[i] - centre;
    sums[i - whole] += kSquare ? value * value : value;
  }
  double sum = 0.0;
  for (const double part : sums) sum += part;
  return sum;
}

void divide_by_norm(std::span<float> values) {
  const double square = sum_of<true>(values, 0.0);
  if (square == 0.0) return;
  const double factor = 1.0 / std::sqrt(square);
  for (float& value : values) value = static_cast<float>(value * factor);
}

void standardise(std::span<float> values) {
  const auto count = static_cast<double>(values.size());
  const double mean = sum_of<false>(values, 0.0) / count;
  const double deviation = std::sqrt(sum_of<true>(values, mean) / count);
  const double factor = deviation > 0.0 ? 1.0 / deviation : 0.0;
  for (float& value : values) value = static_cast<float>((value - mean) * factor);
}

}  // namespace

std::string_view name_of(Normalisation normalisation) {
  return kNames.at(static_cast<std::size_t>(normalisation)).second;
}

Normalisation normalisation_from(std::string_view name) {
  std::string known;
  for (const auto& [normalisation, text] : kNames) {
    if (text == name) return normalisation;
    known.append(known.empty() ? "" : ", ").append(text);
  }
  throw Error(ErrorKind::bad_config, "cannot normalise stamps",
              "there is no normalisation \"" + std::string(name.substr(0, 80)) + "\"",
              "there are: " + known);
}

void normalise(Normalisation normalisation, const Shape& shape, std::span<const float> stamp,
               std::span<float> result) {
  for (std::size_t i = 0; i < stamp.size(); ++i)
    result[i] = std::isfinite(stamp[i]) ? stamp[i] : 0.0F;
  if (normalisation == Normalisation::none) return;
  const bool rows = normalisation == Normalisation::l2_rows;
  const auto last = static_cast<std::size_t>(shape.back());
  // A vector is one channel.
  const std::size_t channel =
      shape.size() == 1 ? stamp.size() : stamp.size() / static_cast<std::size_t>(shape.front());
  const std::size_t part = rows ? last : channel;
  for (std::size_t first = 0; first < stamp.size(); first += part) {
    const std::span<float> values = result.subspan(first, part);
    normalisation == Normalisation::standardise ? standardise(values) : divide_by_norm(values);
  }
}

}  // namespace polis
