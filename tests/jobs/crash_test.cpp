// A crash at any instant, made inside one process: the run is cut before the n-th thing that the
// master does, for every n; what was not committed is gone; then a new run goes on.

#include <gtest/gtest.h>

#include <filesystem>

#include "jobs/fake_tasks.h"
#include "temporary_folder.h"

namespace polis::test {
namespace {

struct Crash {};

/// Counts what happens and crashes before the n-th: round begun, job ended, round ended, lake
/// written by the master.
class CrashPoint {
 public:
  void set(int before) { left_ = before; }
  void pass() {
    if (left_ >= 0 && left_-- == 0) throw Crash{};
  }

 private:
  int left_ = -1;
};

class CrashingLake final : public Lake {
 public:
  CrashingLake(Lake& real, CrashPoint& point) : real_(real), point_(point) {}
  using Lake::put;
  Digest put(std::string_view kind, ByteView bytes) override {
    const bool masters = kind == "order" || kind == "manifest";
    if (masters) point_.pass();
    return real_.put(kind, bytes);
  }
  bool has(const Digest& digest) const override { return real_.has(digest); }
  Artifact get(const Digest& digest, std::string_view kind) const override {
    return real_.get(digest, kind);
  }
  void each(const std::function<void(const LakeEntry&)>& visit) const override {
    real_.each(visit);
  }

 private:
  Lake& real_;
  CrashPoint& point_;
};

class CrashingObserver final : public RunObserver {
 public:
  explicit CrashingObserver(CrashPoint& point) : point_(point) {}
  void round_began(const RoundStart&) override { point_.pass(); }
  void job_ended(const Job&, std::string_view, const Outcome&, bool) override { point_.pass(); }
  void round_ended(const RoundSummary&) override { point_.pass(); }

 private:
  CrashPoint& point_;
};

std::vector<Request> night() {
  const Request flat = request("echo", {{"text", "flat"}});
  std::vector<Request> requests{flat, request("fail")};
  std::vector<BundleEntry> series;
  for (int i = 0; i < 3; ++i) {
    Request frame = request("echo", {{"text", "frame " + std::to_string(i)}}, {from_job(flat)});
    frame.keep = false;
    const Request catalog =
        request("ask", {{"count", "2"}, {"text", "c" + std::to_string(i)}}, {from_job(frame)});
    series.push_back(from_job(frame, "f" + std::to_string(i)));
    requests.insert(requests.end(), {frame, catalog});
  }
  requests.push_back(request("echo", {{"text", "curve"}}, series));
  return requests;
}

/// True: it crashed.
bool attempt(const std::string& path, Lake& lake, CrashPoint& point, double commit_interval_s) {
  const TaskTable tasks = fake_tasks();
  DriveSettings settings;
  settings.commit_interval_s = commit_interval_s;
  CrashingLake crashing(lake, point);
  CrashingObserver observer(point);
  // The runner works on the real lake: a worker's death is the business of the tests with ranks.
  const auto ledger = Ledger::open(path, 0.0);
  try {
    submit(*ledger, crashing, tasks, night(), settings.caps, 0.0);
    const auto runner = make_local_runner(lake, tasks, {});
    drive(*ledger, crashing, tasks, *runner, settings, observer);
  } catch (const Crash&) {
    return true;
  }
  return false;
}

std::string objects_of(const Lake& lake) {
  std::string text;
  lake.each([&](const LakeEntry& entry) { text += entry.digest.hex() + " " + entry.kind + "\n"; });
  return text;
}

class CrashTest : public testing::TestWithParam<double> {};
INSTANTIATE_TEST_SUITE_P(CommittedAlwaysOrRarely, CrashTest, testing::Values(0.0, 100.0));

TEST_P(CrashTest, AtAnyInstantThenGoingOnGivesTheSameAsNone) {
  const TemporaryFolder folder;
  CrashPoint point;
  const auto whole_lake = make_memory_lake();
  ASSERT_FALSE(attempt(folder.path() + "/whole", *whole_lake, point, 100.0));
  const std::string products = products_of(*Ledger::open(folder.path() + "/whole", 0.0));
  const std::string objects = objects_of(*whole_lake);

  int crashes = 0;
  for (bool crashed = true; crashed; ++crashes) {
    const std::string path = folder.path() + "/" + std::to_string(crashes);
    const auto lake = make_memory_lake();
    point.set(crashes);
    crashed = attempt(path, *lake, point, GetParam());
    point.set(-1);
    ASSERT_FALSE(attempt(path, *lake, point, 100.0));
    EXPECT_EQ(products_of(*Ledger::open(path, 0.0)), products) << "crash " << crashes;
    EXPECT_EQ(objects_of(*lake), objects) << "crash " << crashes;
    std::filesystem::remove(path);
  }
  EXPECT_GT(crashes, 20);
}

TEST(Crashes, EveryTimeAgainStillComesToAnEnd) {
  const TemporaryFolder folder;
  CrashPoint point;
  const auto lake = make_memory_lake();
  int attempts = 0;
  do {
    point.set(3 + attempts / 4);  // a little further each time
  } while (attempt(folder.path() + "/ledger", *lake, point, 0.0) && ++attempts < 200);
  EXPECT_GT(attempts, 3);
  EXPECT_LT(attempts, 200);
}

}  // namespace
}  // namespace polis::test
