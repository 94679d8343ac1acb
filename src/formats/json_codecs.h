#pragma once

#include <any>

#include "base/digest.h"
#include "sky/frame.h"

/// Codecs of the artifacts that are JSON (docs/formats/exposure.md, bundle_manifest.md). Decoding
/// errors: bad_input.
namespace polis {

Bytes encode_exposure(const std::any& exposure, const Facts& provenance);
std::any decode_exposure(ByteView bytes, Facts& provenance);

Bytes encode_bundle(const std::any& bundle, const Facts& provenance);
std::any decode_bundle(ByteView bytes, Facts& provenance);

/// One request per line, so that a million of them are read without a tree of them in memory.
Bytes encode_manifest(const std::any& manifest, const Facts& provenance);
std::any decode_manifest(ByteView bytes, Facts& provenance);

/// A document is the text of any JSON value: it comes back exactly as it was given.
Bytes encode_document(const std::any& text, const Facts& provenance);
std::any decode_document(ByteView bytes, Facts& provenance);

}  // namespace polis
