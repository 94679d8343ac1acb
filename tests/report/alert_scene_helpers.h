#pragma once

#include "sky/alert.h"

namespace polis {

/// Alerts as a night would give them: a supernova in a galaxy, a star that brightens and one that
/// fades, an asteroid, an orphan at the edge of a frame that no network judged. Noise, neighbours
/// and cut-outs are drawn.
AlertSet alert_scene();

}  // namespace polis
