#include "mpi/program.h"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "jobs/local_runner.h"
#include "jobs/workbench.h"
#include "mpi/mpi_runner.h"
#include "mpi/worker.h"

namespace polis {
namespace {

int run_alone(int argc, char** argv, const TaskTable& tasks, const MasterMain& master) {
  return master(argc, argv, [&](const WorkerSettings& settings, Lake& lake) {
    return make_local_runner(lake, tasks, settings);
  });
}

int run_ranks(int argc, char** argv, const TaskTable& tasks, const MasterMain& master) {
  const Session session(argc, argv);
  if (session.size() == 1) return run_alone(argc, argv, tasks, master);
  if (session.rank() > 0) {
    work(session, tasks);
    return 0;
  }
  Mailbox mailbox;
  const int code =
      master(argc, argv, [&](const WorkerSettings& settings, Lake&) -> std::unique_ptr<Runner> {
        return std::make_unique<MpiRunner>(session, mailbox, settings);
      });
  dismiss_workers(session, mailbox);
  return code;
}

}  // namespace

int run_program(int argc, char** argv, const TaskTable& tasks, const MasterMain& master) {
  const int code = started_by_launcher() ? run_ranks(argc, argv, tasks, master)
                                         : run_alone(argc, argv, tasks, master);
  if (runaway_jobs() == 0) return code;
  // A job that could not be stopped still runs in its thread: leave without taking its world apart.
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  std::_Exit(code);
}

}  // namespace polis
