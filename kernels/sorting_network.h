#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace polis {

/// Compare-exchange steps (low, high) that sort `count` values, whatever they are: Batcher's merge
/// exchange (Knuth, The Art of Computer Programming 3, 5.2.2, Algorithm M). Without branches on
/// data, the same steps sort as many columns at once as the machine has vector lanes.
std::vector<std::pair<std::size_t, std::size_t>> sorting_network(std::size_t count);

}  // namespace polis
