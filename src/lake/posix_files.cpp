#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "lake/files.h"

namespace polis {
namespace {

[[noreturn]] void fail(const char* verb, const std::string& path) {
  const int code = errno;
  const bool full = code == ENOSPC || code == EDQUOT;
  throw Error(full ? ErrorKind::no_space : ErrorKind::io,
              std::string("cannot ") + verb + " " + path, std::strerror(code),
              full ? "free some space and start again: nothing is lost" : "");
}

/// A file descriptor that closes itself.
class Handle {
 public:
  Handle(const std::string& path, int flags, mode_t mode = 0)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~Handle() {
    if (fd_ >= 0) ::close(fd_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }
  /// On network file systems a refused write may show only here.
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

bool write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::write(fd, bytes.data(), std::min<std::size_t>(bytes.size(), 1U << 30U));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

class PosixFiles final : public Files {
 public:
  void make_folder(const std::string& path) override {
    if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) fail("make folder", path);
  }

  void write_new(const std::string& path, ByteView bytes) override {
    Handle file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!file.valid()) fail("create", path);
    const bool written = write_all(file.get(), bytes) && ::fchmod(file.get(), 0444) == 0 &&
                         ::fsync(file.get()) == 0 && file.close();
    if (written) return;
    const int code = errno;
    ::unlink(path.c_str());
    errno = code;
    fail("write", path);
  }

  bool link(const std::string& path, const std::string& name) override {
    if (::link(path.c_str(), name.c_str()) == 0) return true;
    if (errno == EEXIST) return false;
    fail("link", name);
  }

  void sync_folder(const std::string& path) override {
    const Handle folder(path, O_RDONLY | O_DIRECTORY);
    // Some file systems refuse to flush a folder, because they never need it.
    if (!folder.valid() || (::fsync(folder.get()) != 0 && errno != EINVAL))
      fail("flush folder", path);
  }

  void remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail("remove", path);
  }

  bool rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) == 0) return true;
    if (errno == ENOENT) return false;
    fail("rename", from);
  }

  bool exists(const std::string& path) const override {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0;
  }

  std::optional<Bytes> read(const std::string& path) const override {
    const Handle file(path, O_RDONLY);
    if (!file.valid() && errno == ENOENT) return std::nullopt;
    struct stat status {};
    if (!file.valid() || ::fstat(file.get(), &status) != 0) fail("read", path);
    Bytes bytes(static_cast<std::size_t>(status.st_size));
    std::size_t have = 0;
    while (have < bytes.size()) {
      const ssize_t got = ::read(file.get(), bytes.data() + have, bytes.size() - have);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail("read", path);
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
  }

  void list(const std::string& path,
            const std::function<void(std::string_view, std::uint64_t)>& visit) const override {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
    if (!folder && errno == ENOENT) return;
    if (!folder) fail("list", path);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(folder.get())) {
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      struct stat status {};
      if (::stat((path + "/" + name).c_str(), &status) != 0) continue;  // set aside meanwhile
      visit(name, static_cast<std::uint64_t>(status.st_size));
    }
  }
};

}  // namespace

std::unique_ptr<Files> make_posix_files() { return std::make_unique<PosixFiles>(); }

}  // namespace polis
