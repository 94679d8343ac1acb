#include "mpi/mailbox.h"

namespace polis {

void Mailbox::send(int to, Tag tag, Bytes bytes) {
  tidy();
  Sending& sending = sending_.emplace_back();
  sending.bytes = std::move(bytes);
  MPI_Isend(sending.bytes.data(), static_cast<int>(sending.bytes.size()), MPI_BYTE, to, tag,
            MPI_COMM_WORLD, &sending.request);
}

std::optional<Letter> Mailbox::look() {
  int there = 0;
  MPI_Status status;
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, &status);
  if (there == 0) return std::nullopt;
  int size = 0;
  MPI_Get_count(&status, MPI_BYTE, &size);
  Letter letter{status.MPI_SOURCE, status.MPI_TAG, Bytes(static_cast<std::size_t>(size))};
  MPI_Recv(letter.bytes.data(), size, MPI_BYTE, letter.from, letter.tag, MPI_COMM_WORLD,
           MPI_STATUS_IGNORE);
  return letter;
}

void Mailbox::tidy() {
  for (auto sending = sending_.begin(); sending != sending_.end();) {
    int sent = 0;
    MPI_Test(&sending->request, &sent, MPI_STATUS_IGNORE);
    sending = sent != 0 ? sending_.erase(sending) : std::next(sending);
  }
}

}  // namespace polis
