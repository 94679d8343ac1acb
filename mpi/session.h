#pragma once

#include <string_view>

namespace polis {

/// True if a launcher (mpirun, srun) started this process as one of several. Without one MPI is
/// never begun.
bool started_by_launcher();

/// MPI from beginning to end. Only the thread that made it may speak MPI (MPI_THREAD_FUNNELED).
class Session {
 public:
  Session(int& argc, char**& argv);  ///< Errors: internal
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  /// For a broken protocol: ends all ranks at once, since none can know any more what the others
  /// believe.
  [[noreturn]] void abort(std::string_view why) const;

 private:
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace polis
