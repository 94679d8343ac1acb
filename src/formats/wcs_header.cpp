#include "formats/wcs_header.h"

#include <string>

namespace polis {
namespace {

void write_polynomial(FitsHeader& header, const std::string& name, int order,
                      const std::vector<double>& coefficients) {
  if (coefficients.size() != sip_size(order)) return;
  header.set_integer(name + "_ORDER", order);
  for (int p = 0; p <= order; ++p) {
    for (int q = 0; p + q <= order; ++q) {
      const double value = coefficients[sip_index(p, q)];
      if (value != 0.0)
        header.set_number(name + "_" + std::to_string(p) + "_" + std::to_string(q), value);
    }
  }
}

}  // namespace

void write_wcs(FitsHeader& header, const Wcs& wcs) {
  if (!wcs.valid) return;
  const bool sip = wcs.sip_order > 0;
  header.set_integer("WCSAXES", 2);
  header.set_text("CTYPE1", sip ? "RA---TAN-SIP" : "RA---TAN")
      .set_text("CTYPE2", sip ? "DEC--TAN-SIP" : "DEC--TAN");
  header.set_text("CUNIT1", "deg").set_text("CUNIT2", "deg").set_text("RADESYS", "ICRS");
  header.set_number("CRVAL1", wcs.reference.ra_deg).set_number("CRVAL2", wcs.reference.dec_deg);
  header.set_number("CRPIX1", wcs.reference_pixel.x + 1.0)
      .set_number("CRPIX2", wcs.reference_pixel.y + 1.0);
  header.set_number("CD1_1", wcs.cd[0]).set_number("CD1_2", wcs.cd[1]);
  header.set_number("CD2_1", wcs.cd[2]).set_number("CD2_2", wcs.cd[3]);
  if (!sip) return;
  write_polynomial(header, "A", wcs.sip_order, wcs.sip_a);
  write_polynomial(header, "B", wcs.sip_order, wcs.sip_b);
  write_polynomial(header, "AP", wcs.sip_order, wcs.sip_ap);
  write_polynomial(header, "BP", wcs.sip_order, wcs.sip_bp);
}

}  // namespace polis
