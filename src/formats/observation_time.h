#pragma once

#include <optional>
#include <string_view>

namespace polis {

/// MJD (UTC) of the dates that headers hold: ISO 8601 with or without time and zone
/// ("2017-12-20T01:33:43.317-0700"), with '/' for '-', DD/MM/YY of the last century (also with the
/// years 100, 101 ... that some clocks made of 2000, 2001), YYMMDD. A second of 60 is the first of
/// the next minute. Nothing if it is no date.
std::optional<double> mjd_from_header_date(std::string_view text);

}  // namespace polis
