#include "mpi/session.h"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/error.h"

namespace polis {

bool started_by_launcher() {
  constexpr std::array kSigns{"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};
  return std::any_of(kSigns.begin(), kSigns.end(),
                     [](const char* name) { return std::getenv(name) != nullptr; });
}

Session::Session(int& argc, char**& argv) {
  int provided = MPI_THREAD_SINGLE;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  if (provided < MPI_THREAD_FUNNELED) {
    MPI_Finalize();
    throw Error(ErrorKind::internal, "cannot run under this MPI",
                "it does not allow threads (MPI_THREAD_FUNNELED)",
                "use an MPI that was built with threads");
  }
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
}

Session::~Session() { MPI_Finalize(); }

void Session::abort(std::string_view why) const {
  std::fprintf(stderr, "polis: rank %d ends the run (%.*s)\n", rank_, static_cast<int>(why.size()),
               why.data());
  MPI_Abort(MPI_COMM_WORLD, 70);
  std::abort();
}

}  // namespace polis
