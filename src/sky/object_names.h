#pragma once

#include <set>
#include <string>

#include "sky/alert.h"

namespace polis {

/// Names that depend on the first detection alone: the frame, and the pixel in it.
class ObjectNames {
 public:
  void reserve(const std::string& name) { taken_.insert(name); }
  /// "PO26abcdefghi": PO, year, nine letters of a digest.
  std::string name_for(const SearchedFrame& frame, const Candidate& first);

 private:
  std::set<std::string> taken_;
};

/// Number of the alert that this candidate raises: 1 .. 2^53, from the frame and the pixel.
std::int64_t candid_of(const SearchedFrame& frame, const Candidate& candidate);

/// Number of a frame, likewise.
std::int64_t frame_number(const SearchedFrame& frame);

}  // namespace polis
