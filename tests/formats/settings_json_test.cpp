#include "formats/settings_json.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "formats/observation_json.h"

namespace polis {
namespace {

TEST(TaskSettings, ComeBackAsTheyWere) {
  const TaskSettings settings{{"open_night", {{"keep_frames", "true"}}},
                              {"observe", {{"why", "a \"dip\""}}}};
  EXPECT_EQ(read_task_settings(write_task_settings(settings)), settings);
  EXPECT_TRUE(read_task_settings("{}").empty());
}

TEST(TaskSettings, RefuseOtherText) {
  for (const char* text : {"", "[]", "{\"a\": 1}", "{\"a\": {\"b\": 1}}", "{\"a\""}) {
    EXPECT_THROW(read_task_settings(text), Error) << text;
  }
}

TEST(Observation, IsOneJsonObject) {
  ObservationRequest request;
  request.target = "t1";
  request.why = "a dip of 2 %";
  request.windows.push_back({"whipple", "2017-12-20T02:00:00.000", "2017-12-20T08:00:00.000",
                             "2017-12-20T04:00:00.000", 1.1});
  const std::string text = write_observation(request);
  EXPECT_NE(text.find("\"why\": \"a dip of 2 %\""), std::string::npos);
  EXPECT_NE(text.find("\"site\": \"whipple\""), std::string::npos);
  EXPECT_EQ(text.find("magnitude"), std::string::npos);
}

}  // namespace
}  // namespace polis
