#include "kernels/robust.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.h"

namespace polis {
namespace {

float median_by_sorting(std::vector<float> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : 0.5F * (values[half - 1] + values[half]);
}

TEST(Robust, MedianEqualsTheMiddleOfSortedValues) {
  RandomStream stream(17, "values");
  // Around the sizes at which the method changes; smooth, whole (many equal), of all magnitudes.
  for (const std::size_t size :
       {1, 2, 7, 8, 12, 15, 16, 17, 31, 32, 33, 40, 575, 576, 65536, 65537})
    for (int kind = 0; kind < 4; ++kind) {
      std::vector<float> values(size);
      for (float& value : values) {
        const auto normal = static_cast<float>(stream.normal());
        value = kind == 0   ? normal
                : kind == 1 ? std::round(3.0F * normal)
                : kind == 2 ? std::copysign(std::exp(20.0F * normal), normal)
                            : 5.0F;
      }
      const float expected = median_by_sorting(values);
      EXPECT_EQ(median_in_place(values), expected) << size << " " << kind;
    }
}

TEST(Robust, MedianOfInfinitiesIsOne) {
  std::vector<float> values(101, std::numeric_limits<float>::infinity());
  EXPECT_EQ(median_in_place(values), std::numeric_limits<float>::infinity());
  for (std::size_t i = 0; i < 70; ++i) values[i] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(median_in_place(values), -std::numeric_limits<float>::infinity());
}

TEST(Robust, MedianOfNothingIsNoNumber) { EXPECT_TRUE(std::isnan(median_in_place({}))); }

}  // namespace
}  // namespace polis
