#pragma once

#include <string>
#include <string_view>

#include "jobs/drive.h"
#include "jobs/local_runner.h"

namespace polis::test {

/// Tasks that do next to nothing, each in its own way. Outputs are documents (JSON text).
///
///   echo     parameter `text`, and the digests of its inputs' texts
///   ask      asks for `count` echos, each with a text of its own
///   endless  asks for itself with `step` one larger
///   self     asks for itself, unchanged
///   fail     throws an Error of `kind`; kind "std", "int": something else
///   flaky    fails with io as long as g_flaky_failures > 0
///   wrong    returns another kind than it declares; `how` "empty": nothing; "request": an
///   impossible request huge     takes `mb` of memory slow     runs for `ms`, and looks at its
///   allowance if `polite` gather   tolerates missing inputs: says how many there are
TaskTable fake_tasks();

extern int g_flaky_failures;

Request request(std::string_view task, ParameterMap parameters = {},
                std::vector<BundleEntry> inputs = {});
BundleEntry from_job(const Request& request, std::string_view role = "in");
BundleEntry from_lake(const Digest& digest, std::string_view role = "in");

/// What a run left behind: products by job key, in words that two runs can be compared by.
std::string products_of(const Ledger& ledger);

/// Ledger, lake and tasks for one test.
struct FakeCity {
  std::unique_ptr<Ledger> ledger = Ledger::open_in_memory();
  std::unique_ptr<Lake> lake = make_memory_lake();
  TaskTable tasks = fake_tasks();
  DriveSettings settings;
  WorkerSettings workers;
  RunObserver observer;

  AdmitReport submit(std::vector<Request> requests) {
    return polis::submit(*ledger, *lake, tasks, requests, settings.caps, settings.plan.now_mjd);
  }
  RunReport run() {
    const auto runner = make_local_runner(*lake, tasks, workers);
    return drive(*ledger, *lake, tasks, *runner, settings, observer);
  }
  const Job& job(const Request& request) const {
    return ledger->book().at(ledger->book().find(tasks.key_of(request)));
  }
};

}  // namespace polis::test
