#pragma once

#include "models/layer.h"

namespace polis {

/// The options of a layer as text, `size=3 3;stride=1 1`: only those that differ from a layer
/// without options. One row per option in layer_options.cpp.
std::string layer_options(const Layer& layer);
/// The inverse. Errors: bad_input (no such option, no value).
void set_layer_options(Layer& layer, std::string_view text);

}  // namespace polis
