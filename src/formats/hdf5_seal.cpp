#include "formats/hdf5_seal.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <string>

#include "base/error.h"
#include "formats/hdf5_tables.h"

namespace polis {
namespace {

constexpr std::string_view kMark = "\npolis seal sha256 ";
constexpr std::size_t kSealSize = kMark.size() + 64 + 1;
constexpr unsigned kMostSeconds = 60;

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read tables", why);
}

/// The child's whole life: 0 if the file can be read. `_exit` runs no handlers that belong to the
/// parent.
[[noreturn]] void read_and_exit(const std::function<void()>& read) {
  alarm(kMostSeconds);
  int code = 1;
  try {
    read();
    code = 0;
  } catch (const std::exception&) {
    code = 1;
  }
  _exit(code);
}

}  // namespace

void seal_tables(Bytes& bytes) {
  const std::string seal = std::string(kMark) + digest_of(bytes).hex() + "\n";
  const ByteView view = as_bytes(seal);
  bytes.insert(bytes.end(), view.begin(), view.end());
}

Seal check_seal(ByteView bytes) {
  if (bytes.size() < kSealSize) return Seal::none;
  const std::string_view seal = as_text(bytes.last(kSealSize));
  if (!seal.starts_with(kMark)) return Seal::none;
  if (digest_of(bytes.first(bytes.size() - kSealSize)).hex() != seal.substr(kMark.size(), 64)) {
    refuse("the bytes are not those that were sealed when the file was written");
  }
  return Seal::good;
}

void try_in_child(std::string_view what, const std::function<void()>& read) {
  const pid_t child = fork();
  if (child < 0)
    throw Error(ErrorKind::io, "cannot try a foreign HDF5 file", "no new process can be started");
  if (child == 0) read_and_exit(read);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  const std::string problem = "cannot read " + std::string(what);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    throw Error(ErrorKind::limit, problem, "reading took more than a minute");
  if (WIFSIGNALED(status)) {
    throw Error(ErrorKind::bad_input, problem,
                "the file is so damaged that the HDF5 library crashes on it");
  }
}

void try_foreign_tables(ByteView bytes) {
  if (check_seal(bytes) == Seal::good) return;
  try_in_child("tables", [&] {
    Facts provenance;
    read_tables(bytes, provenance);
  });
}

}  // namespace polis
