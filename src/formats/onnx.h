#pragma once

#include "base/digest.h"
#include "formats/foreign_graph.h"

/// ONNX files (onnx.ai), read and written without the onnx library.
namespace polis {

/// Nodes in order, initialisers and constants as tensors (real: f32, f64; integers: i32, i64).
/// Subgraphs, sparse tensors and data in other files are refused. Errors: bad_input.
ForeignGraph read_onnx(ByteView bytes);

/// Operator set `graph.version`; equal graphs give equal bytes.
Bytes write_onnx(const ForeignGraph& graph);

}  // namespace polis
