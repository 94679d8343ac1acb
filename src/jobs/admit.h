#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "jobs/task.h"
#include "ledger/ledger.h"

namespace polis {

/// Bounds on what tasks may ask for. What goes beyond is dropped, counted and told.
struct RequestCaps {
  std::uint64_t per_output = 100'000;  ///< requests of one job
  int depth = 16;  ///< a person's request has depth 0, what its job asks for depth 1, ...
  std::uint64_t total = 10'000'000;  ///< jobs in the ledger
};

struct AdmitReport {
  std::uint64_t asked = 0;
  std::uint64_t admitted = 0;  ///< new jobs
  std::uint64_t known = 0;     ///< asked for before: work done once is never done again
  std::map<std::string, std::uint64_t>
      dropped;                ///< by cause: "per_output", "depth", "total", "expired", "invalid"
  std::string first_invalid;  ///< why the first invalid one is
  AdmitReport& operator+=(const AdmitReport& other);
  std::uint64_t dropped_in_all() const;
};

/// Enters requests into the ledger: completes parameters, computes keys, drops what the caps and
/// deadlines forbid. Requests may use each other's outputs in any order. `parent` 0: a person. Does
/// not commit.
AdmitReport admit(Ledger& ledger, const TaskTable& tasks, JobId parent,
                  std::span<const Request> requests, const RequestCaps& caps, double now_mjd);

}  // namespace polis
