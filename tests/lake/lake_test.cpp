#include "lake/lake.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "base/error.h"
#include "lake/disk_lake.h"
#include "lake/faulty_files.h"
#include "lake/paths.h"
#include "lake/verify.h"
#include "temporary_folder.h"

namespace polis::test {
namespace {

namespace fs = std::filesystem;

std::size_t files_under(const fs::path& folder) {
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    count += entry.is_regular_file() ? 1 : 0;
  return count;
}

void overwrite(const std::string& path, std::string_view text) {
  fs::permissions(path, fs::perms::owner_write, fs::perm_options::add);
  std::ofstream(path, std::ios::trunc) << text;
}

ErrorKind kind_of_failure(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::internal;
}

class LakeTest : public testing::TestWithParam<bool> {
 protected:
  TemporaryFolder folder;
  std::unique_ptr<Lake> lake =
      GetParam() ? open_disk_lake(folder.path() + "/lake") : make_memory_lake();
};
INSTANTIATE_TEST_SUITE_P(DiskAndMemory, LakeTest, testing::Bool(),
                         [](const auto& which) { return which.param ? "Disk" : "Memory"; });

TEST_P(LakeTest, GivesBackWhatWasPut) {
  const Bytes bytes = to_bytes("some pixels");
  const Digest digest = lake->put("raw_frame", bytes);
  EXPECT_EQ(digest, digest_of(bytes));
  EXPECT_TRUE(lake->has(digest));
  EXPECT_EQ(lake->get(digest, "raw_frame").bytes(), bytes);
}

TEST_P(LakeTest, SaysWhatIsNotThere) {
  EXPECT_FALSE(lake->has(digest_of("nothing")));
  EXPECT_EQ(kind_of_failure([&] { lake->get(digest_of("nothing"), "raw_frame"); }),
            ErrorKind::not_found);
}

TEST_P(LakeTest, PuttingTheSameBytesAgainDoesNothing) {
  lake->put("raw_frame", to_bytes("x"));
  lake->put("raw_frame", to_bytes("x"));
  int count = 0;
  lake->each([&](const LakeEntry& entry) {
    ++count;
    EXPECT_EQ(entry.kind, "raw_frame");
    EXPECT_EQ(entry.size, 1U);
  });
  EXPECT_EQ(count, 1);
}

TEST_P(LakeTest, HoldsAnEmptyArtifact) {
  const Digest digest = lake->put("raw_frame", ByteView{});
  EXPECT_TRUE(lake->get(digest, "raw_frame").bytes().empty());
}

class DiskLakeTest : public testing::Test {
 protected:
  std::string object(const Digest& digest) const {
    return LakePaths{root}.object(digest, "raw_frame");
  }
  TemporaryFolder folder;
  std::string root = folder.path() + "/lake";
  Bytes bytes = to_bytes("the only copy of a supernova");
};

TEST_F(DiskLakeTest, ObjectsAreReadOnlyAndNoTemporaryStays) {
  const auto lake = open_disk_lake(root);
  const Digest digest = lake->put("raw_frame", bytes);
  struct stat status {};
  ASSERT_EQ(stat(object(digest).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0444U);
  EXPECT_EQ(files_under(root), 1U);
}

TEST_F(DiskLakeTest, ADamagedObjectIsSetAsideAndNeverServed) {
  const auto lake = open_disk_lake(root);
  const Digest digest = lake->put("raw_frame", bytes);
  overwrite(object(digest), "the only copy of a supernove");
  EXPECT_EQ(kind_of_failure([&] { lake->get(digest, "raw_frame"); }), ErrorKind::damaged);
  EXPECT_FALSE(lake->has(digest));
  EXPECT_TRUE(fs::exists(LakePaths{root}.quarantined(digest, "raw_frame")))
      << "kept for whoever wants to look";
  EXPECT_EQ(lake->put("raw_frame", bytes), digest);
  EXPECT_EQ(lake->get(digest, "raw_frame").bytes(), bytes);
}

TEST_F(DiskLakeTest, VerifyFindsWhatIsDamaged) {
  const auto lake = open_disk_lake(root);
  const Digest digest = lake->put("raw_frame", bytes);
  lake->put("raw_frame", to_bytes("another"));
  overwrite(object(digest), "");
  const LakeCheck check = verify(*lake);
  EXPECT_EQ(check.objects, 2U);
  ASSERT_EQ(check.damaged.size(), 1U);
  EXPECT_EQ(check.damaged[0].digest, digest);
  EXPECT_TRUE(verify(*lake).damaged.empty());
}

TEST_F(DiskLakeTest, StrangeFilesAreNoObjects) {
  const auto lake = open_disk_lake(root);
  const Digest digest = lake->put("raw_frame", bytes);
  std::ofstream(LakePaths{root}.shard(digest) + "/notes.txt") << "hello";
  std::ofstream(LakePaths{root}.shard(digest) + "/" + digest.hex() + ".Bad-Kind") << "hello";
  EXPECT_EQ(verify(*lake).objects, 1U);
  EXPECT_EQ(kind_of_failure([&] { lake->put("../evil", bytes); }), ErrorKind::internal);
}

/// Goes dark before each change that a put makes; after that the lake must be whole and take the
/// bytes.
TEST_F(DiskLakeTest, SurvivesAPowerCutAtEveryStep) {
  int cuts = 0;
  for (int step = 0;; ++step) {
    const std::string here = root + std::to_string(step);
    auto plan = std::make_shared<FaultyFiles::Plan>();
    const auto lake = open_disk_lake(here, std::make_unique<FaultyFiles>(plan));
    *plan = {FaultyFiles::Fault::power_cut, step, 0};
    bool cut = false;
    try {
      lake->put("raw_frame", bytes);
    } catch (const PowerCut&) {
      cut = true;
      ++cuts;
    }
    const auto again = open_disk_lake(here);
    again->each([&](const LakeEntry& entry) {
      EXPECT_EQ(again->get(entry.digest, entry.kind).bytes(), bytes);
    });
    EXPECT_EQ(again->get(again->put("raw_frame", bytes), "raw_frame").bytes(), bytes);
    if (!cut) break;
  }
  EXPECT_GE(cuts, 5);
}

TEST_F(DiskLakeTest, AFullDiskIsAnErrorThatPassesAndLeavesNothing) {
  for (int step = 0; step < 6; ++step) {
    const std::string here = root + std::to_string(step);
    auto plan = std::make_shared<FaultyFiles::Plan>();
    const auto lake = open_disk_lake(here, std::make_unique<FaultyFiles>(plan));
    *plan = {FaultyFiles::Fault::disk_full, step, 0};
    EXPECT_EQ(kind_of_failure([&] { lake->put("raw_frame", bytes); }), ErrorKind::no_space) << step;
    plan->fault = FaultyFiles::Fault::none;
    EXPECT_EQ(lake->get(lake->put("raw_frame", bytes), "raw_frame").bytes(), bytes);
  }
}

TEST_F(DiskLakeTest, RemovesOnlyOldTemporaries) {
  open_disk_lake(root);
  const std::string old = LakePaths{root}.temporaries() + "/old";
  std::ofstream(old) << "half";
  std::ofstream(LakePaths{root}.temporaries() + "/new") << "half";
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(2));
  EXPECT_EQ(remove_stale_temporaries(root), 1U);
  EXPECT_FALSE(fs::exists(old));
}

}  // namespace
}  // namespace polis::test
