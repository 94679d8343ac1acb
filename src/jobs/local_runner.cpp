#include "jobs/local_runner.h"

#include <chrono>

#include "jobs/workbench.h"

namespace polis {
namespace {

class LocalRunner final : public Runner {
 public:
  LocalRunner(Lake& lake, const TaskTable& tasks, const WorkerSettings& settings)
      : bench_(lake, tasks, settings) {}

  std::size_t workers() const override { return 1; }
  void grant(std::size_t, const Grant& grant) override { bench_.add(grant); }
  void wait(std::vector<StepResult>& results, double at_most_s) override {
    bench_.collect(results, at_most_s);
  }
  double now_s() const override {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }

 private:
  Workbench bench_;
};

}  // namespace

std::unique_ptr<Runner> make_local_runner(Lake& lake, const TaskTable& tasks,
                                          const WorkerSettings& settings) {
  return std::make_unique<LocalRunner>(lake, tasks, settings);
}

}  // namespace polis
