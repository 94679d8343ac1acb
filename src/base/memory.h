#pragma once

namespace polis {

/// Makes freed images go back to the system at once. Left to itself the C library keeps blocks of
/// some megabytes once they were used, in pieces between which nothing fits: a rank then holds
/// twice what it needs. Call once, before threads start.
void return_freed_images();

}  // namespace polis
