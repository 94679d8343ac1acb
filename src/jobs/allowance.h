#pragma once

#include <chrono>

#include "jobs/runner.h"

namespace polis {

/// Holds one job to its allowance while it lives. Memory: the process may grow by so much, then
/// allocations fail with std::bad_alloc, which the job boundary turns into a `limit`. Time: `check`
/// throws, at the job's convenience.
class AllowanceGuard {
 public:
  explicit AllowanceGuard(const Allowance& allowance);
  ~AllowanceGuard();
  AllowanceGuard(const AllowanceGuard&) = delete;
  AllowanceGuard& operator=(const AllowanceGuard&) = delete;

  double elapsed_s() const;
  /// Errors: limit.
  void check() const;

 private:
  Allowance allowance_;
  std::chrono::steady_clock::time_point begin_;
  bool limits_memory_ = false;
};

}  // namespace polis
