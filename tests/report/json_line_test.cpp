#include "report/json_line.h"

#include <gtest/gtest.h>

#include <cmath>

namespace polis {
namespace {

TEST(JsonQuoted, EscapesWhatJsonForbids) {
  EXPECT_EQ(json_quoted("a\"b\\c\n"), R"("a\"b\\c\u000a")");
  EXPECT_EQ(json_quoted("sky \xc3\xa9"), "\"sky \xc3\xa9\"");
}

TEST(JsonQuoted, ReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(json_quoted("\xff"), "\"\\ufffd\"");
  EXPECT_EQ(json_quoted("\xc3"), "\"\\ufffd\"");
  EXPECT_EQ(json_quoted("\xed\xa0\x80").find('\xed'), std::string::npos);  // a surrogate
}

TEST(JsonLine, KeepsTheOrderOfItsMembers) {
  EXPECT_EQ(
      JsonLine().text("b", "x").count("a", 3).number("n", std::nan("")).flag("f", true).finish(),
      R"({"b": "x", "a": 3, "n": null, "f": true})");
}

}  // namespace
}  // namespace polis
