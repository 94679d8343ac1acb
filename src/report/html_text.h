#pragma once

#include <string>
#include <string_view>

#include "base/digest.h"

namespace polis {

/// Text as it may stand in HTML and in quoted attributes: & < > " ' are escaped.
std::string html_text(std::string_view text);

/// Base 64 (RFC 4648), for pictures inside a page.
std::string base64_of(ByteView bytes);

/// A number for people, or a dash where it is not known.
std::string shown(double value, int decimals);

/// "12:34:56.78 -01:23:45.6", ICRS.
std::string sexagesimal(double ra_deg, double dec_deg);

/// "2026-11-25 20:31:05": the first `length` characters; UTC.
std::string utc(double mjd_utc, std::size_t length);

}  // namespace polis
