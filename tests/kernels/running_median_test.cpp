#include "kernels/running_median.h"

#include <gtest/gtest.h>

#include <cmath>

namespace polis {
namespace {

TEST(RunningMedian, TakesTheMiddleOfEachWindow) {
  const std::vector<double> values{1, 9, 2, 3, 4};
  EXPECT_EQ(running_median(values, 1), (std::vector<double>{5, 2, 3, 3, 3.5}));
  EXPECT_EQ(running_median(values, 0), values);
}

TEST(RunningMedian, LeavesOutWhatIsNotThere) {
  const std::vector<double> values{std::nan(""), 2, std::nan(""), std::nan(""), std::nan("")};
  const auto medians = running_median(values, 1);
  EXPECT_EQ(medians[0], 2);
  EXPECT_TRUE(std::isnan(medians[3]));
  EXPECT_TRUE(running_median({}, 3).empty());
}

}  // namespace
}  // namespace polis
