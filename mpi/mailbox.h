#pragma once

#include <mpi.h>

#include <list>
#include <optional>

#include "mpi/messages.h"

namespace polis {

struct Letter {
  int from = 0;
  int tag = 0;
  Bytes bytes;
};

/// Sends and receives without ever waiting for a single other rank.
class Mailbox {
 public:
  void send(int to, Tag tag, Bytes bytes);
  /// The next message from anyone, if one is there.
  std::optional<Letter> look();
  /// Frees what has been sent.
  void tidy();
  bool all_sent() const { return sending_.empty(); }

 private:
  struct Sending {
    MPI_Request request = MPI_REQUEST_NULL;
    Bytes bytes;
  };
  std::list<Sending> sending_;
};

}  // namespace polis
