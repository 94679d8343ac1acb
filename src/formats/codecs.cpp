#include <array>
#include <string>

#include "base/error.h"
#include "formats/artifact.h"
#include "formats/frame_fits.h"
#include "formats/hdf5_tables.h"
#include "formats/json_codecs.h"
#include "formats/manifest.h"
#include "sky/table.h"

namespace polis {
namespace {

/// Foreign bytes are kept as they came; what is known of them lies in the exposure that refers to
/// them.
Bytes encode_raw(const std::any& bytes, const Facts&) { return std::any_cast<const Bytes&>(bytes); }
std::any decode_raw(ByteView bytes, Facts&) { return Bytes(bytes.begin(), bytes.end()); }

Codec tables(std::string_view kind) {
  return {kind, ".h5", &typeid(TableSet), encode_tables, decode_tables};
}
Codec frames(std::string_view kind) {
  return {kind, ".fits", &typeid(Frame), encode_frame, decode_frame, true};
}

}  // namespace

std::span<const Codec> codecs() {
  static const std::array table{
      Codec{"raw_frame", ".fits", &typeid(Bytes), encode_raw, decode_raw, true},
      Codec{"order", ".order", &typeid(Bytes), encode_raw, decode_raw},
      Codec{"requests", ".requests", &typeid(Bytes), encode_raw, decode_raw},
      Codec{"exposure", ".json", &typeid(Exposure), encode_exposure, decode_exposure},
      Codec{"bundle", ".json", &typeid(Bundle), encode_bundle, decode_bundle},
      Codec{"manifest", ".json", &typeid(Manifest), encode_manifest, decode_manifest},
      Codec{"document", ".json", &typeid(std::string), encode_document, decode_document},
      frames("frame"),
      frames("master_bias"),
      frames("master_dark"),
      frames("master_flat"),
      frames("coadd"),
      frames("difference"),
      tables("catalog"),
      tables("reference_catalog"),
      tables("matches"),
      tables("candidates"),
      tables("targets"),
      tables("forced"),
      tables("light_curves"),
      tables("descriptions"),
      tables("night_plan"),
      tables("night_quality"),
      tables("truth"),
      tables("model"),
      tables("alerts"),
  };
  return table;
}

const Codec& codec_of(std::string_view kind) {
  std::string known;
  for (const Codec& codec : codecs()) {
    if (codec.kind == kind) return codec;
    known.append(known.empty() ? "" : ", ").append(codec.kind);
  }
  throw Error(ErrorKind::not_found, "no artifact kind '" + std::string(kind) + "'",
              "the kinds are: " + known);
}

}  // namespace polis
