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

void divide_by_norm(std::span<float> values) {
  double square = 0.0;
  for (const float value : values) square += static_cast<double>(value) * value;
  if (square == 0.0) return;
  const double norm = std::sqrt(square);
  for (float& value : values) value = static_cast<float>(value / norm);
}

void standardise(std::span<float> values) {
  double sum = 0.0;
  for (const float value : values) sum += value;
  const double mean = sum / static_cast<double>(values.size());
  double square = 0.0;
  for (const float value : values) square += (value - mean) * (value - mean);
  const double deviation = std::sqrt(square / static_cast<double>(values.size()));
  for (float& value : values)
    value = deviation > 0.0 ? static_cast<float>((value - mean) / deviation) : 0.0F;
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
