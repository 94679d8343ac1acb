#include "app/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {{"threshold", "5", "S/N above which a source is kept"},
                                         {"mesh_px", "64", "size of a background cell"}};

TaskTable table() {
  return TaskTable({Task{"find", 1, "catalog", "finds sources", kParameters, nullptr}});
}

std::string write(const std::string& text) {
  const std::string path = testing::TempDir() + "/settings_test.ini";
  std::ofstream(path) << text;
  return path;
}

TEST(Settings, HaveDefaultsWithoutAnyFile) {
  const Settings settings = read_settings(table(), {}, {});
  EXPECT_EQ(settings.attempts, 2);
  EXPECT_TRUE(settings.tasks.empty());
}

TEST(Settings, TakeFileThenAssignment) {
  const std::string file = write("[run]\nthreads = 3\n[find]\nthreshold = 4\n");
  const Settings settings = read_settings(table(), {file}, {"find.threshold=6"});
  EXPECT_EQ(settings.threads, 3);
  EXPECT_EQ(settings.tasks.at("find").at("threshold"), "6");
}

TEST(Settings, RefuseAnUnknownKeyAndNameTheNearest) {
  try {
    read_settings(table(), {write("[find]\ntreshold = 4\n")}, {});
    FAIL() << "a misspelt key must be refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_config);
    EXPECT_THAT(error.what(), testing::HasSubstr("did you mean find.threshold?"));
  }
}

TEST(Settings, RefuseNonsense) {
  EXPECT_THROW(read_settings(table(), {}, {"run.threads=many"}), Error);
  EXPECT_THROW(read_settings(table(), {}, {"run.attempts=0"}), Error);
  EXPECT_THROW(read_settings(table(), {}, {"run.threads"}), Error);
  EXPECT_THROW(read_settings(table(), {"/no/such.ini"}, {}), Error);
}

TEST(Settings, DumpReadsBackAsTheSame) {
  const Settings settings = read_settings(table(), {}, {"find.mesh_px=32", "run.attempts=5"});
  const std::string text = dump_settings(settings, table());
  const Settings again = read_settings(table(), {write(text)}, {});
  EXPECT_EQ(dump_settings(again, table()), text);
  EXPECT_EQ(again.tasks.at("find").at("mesh_px"), "32");
  EXPECT_EQ(again.attempts, 5);
}

}  // namespace
}  // namespace polis
