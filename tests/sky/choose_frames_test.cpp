#include "sky/choose_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace polis {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ChooseFrames, TakesTheSharpOnesFirstAndLeavesTheBlurred) {
  const std::vector<FrameGrade> frames{{true, 2.0, 20.0},  {true, 1.5, 20.1}, {true, 1.6, 20.0},
                                       {false, 1.0, 21.0}, {true, 1.7, 20.2}, {true, 4.0, 19.9}};
  EXPECT_THAT(choose_frames(frames, {}), ElementsAre(1, 2, 4));
  EXPECT_THAT(choose_frames(frames, {2.0, 1.0, 3, 25}), ElementsAre(1, 2, 4, 0));
}

TEST(ChooseFrames, AShallowFrameComesLastHoweverSharp) {
  const std::vector<FrameGrade> frames{{true, 1.0, 17.0}, {true, 2.0, 20.0}, {true, 2.1, 20.0}};
  EXPECT_THAT(choose_frames(frames, {}), ElementsAre(1, 2, 0));
  EXPECT_THAT(choose_frames(frames, {1.3, 1.0, 1, 25}), ElementsAre(1, 2));
}

TEST(ChooseFrames, TakesTheNextBestWhereTooFewAreGood) {
  const std::vector<FrameGrade> frames{
      {true, 1.0, 20.0}, {true, 3.0, 20.0}, {true, 2.0, 20.0}, {true, 4.0, 20.0}};
  EXPECT_THAT(choose_frames(frames, {}), ElementsAre(0, 2, 1));
}

TEST(ChooseFrames, TakesNoMoreThanWanted) {
  const std::vector<FrameGrade> frames(40, {true, 1.0, 20.0});
  EXPECT_THAT(choose_frames(frames, {1.3, 1.0, 3, 4}), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(choose_frames({}, {}), IsEmpty());
  EXPECT_THAT(choose_frames(std::vector<FrameGrade>(3), {}), IsEmpty());
}

}  // namespace
}  // namespace polis
