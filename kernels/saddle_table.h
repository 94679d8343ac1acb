#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace polis {

struct Saddle;

/// The highest saddle of each pair of basins: a hash table with open addressing.
class SaddleTable {
 public:
  SaddleTable();
  /// Keeps `saddle` if it is the first of its pair or higher than the one that is kept.
  void add(const Saddle& saddle);
  /// The saddles kept, in the order in which their pairs first came.
  std::vector<Saddle> take();

 private:
  void grow();
  std::vector<Saddle> saddles_;
  std::vector<std::int32_t> slots_;  ///< index into saddles_, -1: free; size a power of two
};

}  // namespace polis
