#include "app/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "app/polis_says.h"
#include "temporary_folder.h"

namespace polis {
namespace {

using test::polis_says;
using test::Said;

TEST(App, WithoutAVerbPrintsItsHelpAndFails) {
  const Said said = polis_says({});
  EXPECT_EQ(said.code, kBadUsage);
  EXPECT_THAT(said.err, testing::HasSubstr("usage: polis VERB"));
}

TEST(App, NamesTheNearestVerbAndOption) {
  EXPECT_THAT(polis_says({"rnu"}).err, testing::HasSubstr("did you mean polis run?"));
  const Said said = polis_says({"run", "--ctiy", "x"});
  EXPECT_EQ(said.code, kBadUsage);
  EXPECT_THAT(said.err, testing::HasSubstr("did you mean --city?"));
}

TEST(App, EveryVerbHasHelp) {
  for (const char* verb : {"ingest", "run", "status", "requests", "alerts", "export", "simulate",
                           "retry", "lake", "tasks", "model"}) {
    const Said said = polis_says({verb, "--help"});
    EXPECT_EQ(said.code, kAllDone) << verb;
    EXPECT_THAT(said.out, testing::HasSubstr("usage: polis " + std::string(verb)));
  }
}

TEST(App, SaysWhatIsNotThere) {
  EXPECT_EQ(polis_says({"status", "--city", "/no/such/city"}).code, kNotThere);
  EXPECT_EQ(polis_says({"run"}).code, kBadUsage);
  EXPECT_EQ(
      polis_says({"export", "--city", "/no/such/city", "--to", "/tmp", "--format", "pdf"}).code,
      kBadUsage);
}

TEST(App, PrintsAConfigurationThatItReads) {
  const test::TemporaryFolder folder;
  const std::string file = (folder.path() + "/all.ini");
  const Said first = polis_says({"run", "--dump-config"});
  EXPECT_EQ(first.code, kAllDone);
  std::ofstream(file) << first.out;
  EXPECT_EQ(polis_says({"run", "--dump-config", "--config", file}).out, first.out);
}

TEST(App, SetsBrokenFilesAsideAndGoesOn) {
  const test::TemporaryFolder folder;
  const std::string broken = (folder.path() + "/broken.fits");
  std::ofstream(broken) << "no FITS";
  const Said said =
      polis_says({"ingest", "--city", (folder.path() + "/city"), broken, "x[1]", "-"});
  EXPECT_EQ(said.code, kSomeFailed);
  EXPECT_THAT(said.out, testing::HasSubstr("3 files refused"));
  EXPECT_THAT(said.err, testing::HasSubstr("broken.fits"));
}

}  // namespace
}  // namespace polis
