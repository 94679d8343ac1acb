#include "ledger/lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/error.h"

namespace polis {
namespace {

bool try_lock(int fd) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  // "Open file description" locks: they belong to this opening, not to the whole process.
  return ::fcntl(fd, F_OFD_SETLK, &whole) == 0;
}

std::string holder(int fd) {
  std::array<char, 300> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size() - 1, 0);
  if (size <= 0) return "another process";
  std::string_view line(text.data(), static_cast<std::size_t>(size));
  return std::string(line.substr(0, line.find('\n')));
}

void write_name(int fd) {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  const std::string line = "process " + std::to_string(getpid()) + " on " + host.data() + "\n";
  // Only a help for people: that it cannot be written does no harm.
  if (::ftruncate(fd, 0) == 0) (void)!::pwrite(fd, line.data(), line.size(), 0);
}

}  // namespace

MasterLock::MasterLock(const std::string& path, double patience_s) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(patience_s));
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0) throw Error(ErrorKind::io, "cannot open " + path, std::strerror(errno));
  while (!try_lock(fd_)) {
    const int code = errno;
    const bool taken = code == EAGAIN || code == EACCES;
    if (taken && Clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    const std::string who = holder(fd_);
    ::close(fd_);
    if (!taken) throw Error(ErrorKind::io, "cannot lock " + path, std::strerror(code));
    throw Error(ErrorKind::io, "cannot use the ledger", who + " is the master on it now: " + path,
                "wait until it has ended, or use another folder");
  }
  write_name(fd_);
}

MasterLock::~MasterLock() { ::close(fd_); }

}  // namespace polis
