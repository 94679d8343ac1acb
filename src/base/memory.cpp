#include "base/memory.h"

#include <malloc.h>

namespace polis {

void return_freed_images() {
  constexpr int kImageBytes = 1 << 20;  // an image of 512 x 512 floats
  mallopt(M_MMAP_THRESHOLD, kImageBytes);
  mallopt(M_TRIM_THRESHOLD, 16 * kImageBytes);
}

}  // namespace polis
