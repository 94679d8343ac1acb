#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/fits_layout.h"
#include "sky/exposure.h"
#include "sky/instrument.h"

/// The border: foreign files become exposures in one vocabulary, or typed errors that say what to
/// do.
namespace polis {

struct Ingested {
  std::vector<Exposure> exposures;  ///< one per detector (HDU); each names the raw file's digest
  std::string instrument;
};

/// Reads one raw file completely: structure, header, pixels. `name` is the file's name or path; it
/// gives `@file` and goes into messages, nothing is opened. Caveats go into the exposures. Errors:
/// bad_input (the file), bad_config (no instrument file fits, or several do).
Ingested ingest_file(ByteView bytes, std::string_view name,
                     std::span<const Instrument> instruments);

/// Tells, for people, how a file would be read: HDUs, instrument, each member with the keyword that
/// gave it, caveats, and the error if it would be refused. Throws nothing that ingest_file would.
std::string probe_file(ByteView bytes, std::string_view name,
                       std::span<const Instrument> instruments);

/// The instrument whose [match] rules fit; the one with most rules where several do. Errors:
/// bad_config.
const Instrument& choose_instrument(const FitsFile& file, std::string_view name,
                                    std::span<const Instrument> instruments);

}  // namespace polis
