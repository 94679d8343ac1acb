#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "kernels/detect.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

double default_of(const Task& task, std::string_view name) {
  for (const ParameterSpec& parameter : task.parameters) {
    if (parameter.name == name)
      return std::strtod(std::string(parameter.default_value).c_str(), nullptr);
  }
  ADD_FAILURE() << "no parameter " << name;
  return -1.0;
}

TEST(MeasureFrame, DetectsByDefaultAsTheKernelDoes) {
  const Task task = measure_frame_task();
  const DetectSettings kernel;
  EXPECT_FLOAT_EQ(static_cast<float>(default_of(task, "threshold_snr")), kernel.peak_snr);
  EXPECT_FLOAT_EQ(static_cast<float>(default_of(task, "isophote_snr")), kernel.isophote_snr);
  EXPECT_EQ(default_of(task, "min_pixels"), kernel.min_pixels);
  EXPECT_FLOAT_EQ(static_cast<float>(default_of(task, "deblend_contrast")), kernel.min_contrast);
  EXPECT_FLOAT_EQ(static_cast<float>(default_of(task, "deblend_prominence")),
                  kernel.min_prominence);
}

}  // namespace
}  // namespace polis
