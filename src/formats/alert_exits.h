#pragma once

#include <string>

#include "base/digest.h"
#include "sky/alert.h"

/// Alerts as others read them (docs/formats/alert_exits.md).
namespace polis {

/// All alerts of a product in one Avro object container with the schema of ZTF's packets.
Bytes write_alert_packets(const AlertSet& set);
/// One of them.
Bytes write_alert_packet(const AlertSet& set, const Alert& alert);

/// One JSON object per line and alert, without pixels.
std::string write_alert_lines(const AlertSet& set);

/// ds9 regions: a circle per object with an alert, coloured by its tag; arrows along one hour of
/// motion.
std::string write_alert_regions(const AlertSet& set);

/// One cut-out of an alert as a FITS image: `array` is one of the set's.
Bytes cutout_fits(const AlertSet& set, const NumberArray& array, std::size_t alert);

}  // namespace polis
