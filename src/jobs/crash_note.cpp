#include "jobs/crash_note.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace polis {
namespace {

constexpr std::array kFatal{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

std::atomic<JobId> g_running{0};
std::array<char, 4096> g_path{};  // filled before the handler is set: it may not allocate
std::atomic<bool> g_noted{false};

/// Only what is allowed in a signal handler.
void leave_note(int signal) {
  JobId job = g_running.load();
  if (job != 0 && !g_noted.exchange(true)) {
    std::array<char, 12> digits{};
    std::size_t at = digits.size();
    digits[--at] = '\n';
    for (; job != 0 && at > 0; job /= 10) digits[--at] = static_cast<char>('0' + job % 10);
    const int file = ::open(g_path.data(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file >= 0) {
      (void)!::write(file, digits.data() + at, digits.size() - at);
      ::fsync(file);
      ::close(file);
    }
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

void leave_crash_notes_in(const std::string& folder) {
  const int size = std::snprintf(g_path.data(), g_path.size(), "%s/crash.%d", folder.c_str(),
                                 static_cast<int>(getpid()));
  if (size < 0 || static_cast<std::size_t>(size) >= g_path.size()) return;
  for (const int signal : kFatal) std::signal(signal, leave_note);
}

void note_running_job(JobId job) { g_running.store(job); }

std::vector<JobId> take_crash_notes(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<JobId> jobs;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().rfind("crash.", 0) != 0) continue;
    JobId job = 0;
    if (std::ifstream(entry.path()) >> job) jobs.push_back(job);
    fs::remove(entry.path(), ignored);
  }
  return jobs;
}

}  // namespace polis
