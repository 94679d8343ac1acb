#pragma once

#include <string>
#include <vector>

#include "formats/value_sources.h"
#include "sky/exposure.h"
#include "sky/instrument.h"

namespace polis {

/// Where one member of an exposure came from, for `--probe`.
struct MemberTrace {
  std::string member;
  std::string tried;  ///< sources of the instrument file; empty: not mapped
  std::string used;   ///< the source that gave a value; empty: none did
  std::string text;   ///< as in the header
};

/// Reads all members that come from the header. Values out of range become unknown, with a caveat.
/// Errors: bad_input for a member that the instrument requires and the header lacks, naming what
/// was tried and the line to add.
void read_exposure_header(const Instrument& instrument, const HeaderContext& context,
                          Exposure& exposure, std::vector<MemberTrace>& traces);

}  // namespace polis
