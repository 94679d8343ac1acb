#include "jobs/allowance.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "base/error.h"

namespace polis {
namespace {

/// Private writable memory of this process [byte]; 0 if unknown.
std::uint64_t data_size() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"),
                                                             std::fclose);
  unsigned long pages = 0;
  if (!file || std::fscanf(file.get(), "%*u %*u %*u %*u %*u %lu", &pages) != 1) return 0;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

/// The kernel counts private writable mappings against RLIMIT_DATA (Linux 4.7 and later).
bool limit_data(rlim_t bytes) {
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0) return false;
  limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
  return setrlimit(RLIMIT_DATA, &limit) == 0;
}

}  // namespace

AllowanceGuard::AllowanceGuard(const Allowance& allowance)
    : allowance_(allowance), begin_(std::chrono::steady_clock::now()) {
  if (allowance.memory_mb == 0) return;
  const std::uint64_t held = data_size();
  limits_memory_ = held > 0 && limit_data(held + (allowance.memory_mb << 20U));
}

AllowanceGuard::~AllowanceGuard() {
  if (limits_memory_) limit_data(RLIM_INFINITY);
}

double AllowanceGuard::elapsed_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

void AllowanceGuard::check() const {
  if (allowance_.time_s <= 0.0 || elapsed_s() <= allowance_.time_s) return;
  throw Error(ErrorKind::limit, "stopped the job",
              "it ran longer than its allowance of " + std::to_string(allowance_.time_s) + " s",
              "set run.time_limit_s if it needs more");
}

}  // namespace polis
