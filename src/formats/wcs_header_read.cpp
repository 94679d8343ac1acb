#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "formats/wcs_header.h"
#include "sky/wcs_import.h"

namespace polis {
namespace {

constexpr double kRadian = std::numbers::pi / 180.0;
constexpr int kMostSipOrder = 5;

/// CD matrix from CDi_j, or PCi_j and CDELTi, or CDELTi and CROTA2 (Calabretta & Greisen 2002).
/// [deg/px]
std::array<double, 4> cd_matrix(const FitsHeader& header) {
  std::array<double, 4> cd{};
  bool any_cd = false;
  bool any_pc = false;
  constexpr std::array<const char*, 4> index{"1_1", "1_2", "2_1", "2_2"};
  for (std::size_t i = 0; i < 4; ++i) {
    cd.at(i) = header.number(std::string("CD") + index.at(i)).value_or(0.0);
    any_cd = any_cd || header.has(std::string("CD") + index.at(i));
    any_pc = any_pc || header.has(std::string("PC") + index.at(i));
  }
  if (any_cd) return cd;
  const double sx = header.number("CDELT1").value_or(1.0);
  const double sy = header.number("CDELT2").value_or(1.0);
  if (any_pc) {
    return {sx * header.number("PC1_1").value_or(1.0), sx * header.number("PC1_2").value_or(0.0),
            sy * header.number("PC2_1").value_or(0.0), sy * header.number("PC2_2").value_or(1.0)};
  }
  const double turn = header.number("CROTA2").value_or(0.0) * kRadian;
  return {sx * std::cos(turn), -sy * std::sin(turn), sx * std::sin(turn), sy * std::cos(turn)};
}

std::vector<double> sip_polynomial(const FitsHeader& header, const std::string& name, int order) {
  std::vector<double> coefficients(sip_size(order), 0.0);
  for (int p = 0; p <= order; ++p) {
    for (int q = 0; p + q <= order; ++q) {
      coefficients[sip_index(p, q)] =
          header.number(name + "_" + std::to_string(p) + "_" + std::to_string(q)).value_or(0.0);
    }
  }
  return coefficients;
}

int sip_order(const FitsHeader& header, const char* keyword) {
  return static_cast<int>(header.integer(keyword).value_or(0));
}

/// False if the distortion is of an order that a Wcs does not hold.
bool read_sip(const FitsHeader& header, Wcs& wcs) {
  const int order = std::max(sip_order(header, "A_ORDER"), sip_order(header, "B_ORDER"));
  if (order < 0 || order > kMostSipOrder) return false;
  if (order == 0) return true;
  const int inverse = std::max(sip_order(header, "AP_ORDER"), sip_order(header, "BP_ORDER"));
  const bool with_inverse = inverse > 0 && inverse <= kMostSipOrder;
  wcs.sip_order = with_inverse ? std::max(order, inverse) : order;
  wcs.sip_a = sip_polynomial(header, "A", wcs.sip_order);
  wcs.sip_b = sip_polynomial(header, "B", wcs.sip_order);
  if (with_inverse) {
    wcs.sip_ap = sip_polynomial(header, "AP", wcs.sip_order);
    wcs.sip_bp = sip_polynomial(header, "BP", wcs.sip_order);
  }
  return true;
}

bool starts_with_any(std::string_view name, std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

/// The cards that WCSLIB needs and no others: its parser has been overrun by odd ones.
std::string wcs_cards(const FitsHeader& header) {
  FitsHeader clean;
  clean.set_integer("NAXIS", 2);
  for (const FitsCard& card : header.cards()) {
    const bool wanted = starts_with_any(card.name, {"CTYPE", "CUNIT", "CRVAL", "CRPIX", "CDELT",
                                                    "CROTA", "PV1_", "PV2_", "CD1_", "CD2_", "PC1_",
                                                    "PC2_", "A_", "B_", "AP_", "BP_"}) ||
                        card.name == "LONPOLE" || card.name == "LATPOLE" ||
                        card.name == "EQUINOX" || card.name == "RADESYS";
    if (!wanted || card.name.size() > 8) continue;
    if (card.quoted) {
      clean.set_text(card.name, card.value.substr(0, 20));
    } else if (const std::optional<double> number = header.number(card.name)) {
      clean.set_number(card.name, *number);
    }
  }
  // No CONTINUE and no END: what wcspih is given are whole cards.
  const Bytes bytes = encode_fits_header(clean);
  return std::string(as_text(bytes).substr(0, clean.cards().size() * 80));
}

/// Why the numbers of a WCS make no sense; empty if they do.
std::string problem_of(const FitsHeader& header, const Wcs& wcs) {
  for (const char* name : {"CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"}) {
    if (!header.number(name)) return std::string(name) + " is missing or no number";
  }
  const double det = wcs.cd[0] * wcs.cd[3] - wcs.cd[1] * wcs.cd[2];
  if (!(std::abs(det) > 1e-24) || !std::isfinite(det)) return "its matrix is singular";
  if (std::abs(wcs.reference.dec_deg) > 90.0) return "CRVAL2 is outside -90..90";
  if (header.text("RADESYS").value_or("") == "FK4" ||
      header.number("EQUINOX").value_or(2000.0) < 1984.0) {
    return "its coordinates are of an old equinox";
  }
  return {};
}

Wcs fail(std::vector<std::string>& caveats, const std::string& why) {
  caveats.push_back("wcs: not used, " + why);
  return {};
}

}  // namespace

Wcs read_wcs(const FitsHeader& header, int width, int height, std::vector<std::string>& caveats) {
  const std::string type1 = header.text("CTYPE1").value_or("");
  const std::string type2 = header.text("CTYPE2").value_or("");
  const bool usual = type1.starts_with("RA--") && type2.starts_with("DEC-");
  const bool turned = type1.starts_with("DEC-") && type2.starts_with("RA--");
  if (!usual && !turned) return {};
  Wcs wcs;
  wcs.reference = {header.number("CRVAL1").value_or(0.0), header.number("CRVAL2").value_or(0.0)};
  if (turned) std::swap(wcs.reference.ra_deg, wcs.reference.dec_deg);
  wcs.reference_pixel = {header.number("CRPIX1").value_or(0.0) - 1.0,
                         header.number("CRPIX2").value_or(0.0) - 1.0};
  wcs.cd = cd_matrix(header);
  if (const std::string problem = problem_of(header, wcs); !problem.empty())
    return fail(caveats, problem);
  const bool plain =
      type1 == "RA---TAN" && type2 == "DEC--TAN" && !header.has("PV1_1") && !header.has("PV2_1");
  const bool sip = type1 == "RA---TAN-SIP" && type2 == "DEC--TAN-SIP";
  const bool tilted = header.has("LONPOLE") && header.number("LONPOLE").value_or(180.0) != 180.0;
  if ((plain || sip) && !tilted && read_sip(header, wcs)) {
    wcs.valid = true;
    return wcs;
  }
  const ImportedWcs imported = import_wcs(wcs_cards(header), width, height);
  if (!imported.wcs.valid) return fail(caveats, imported.problem);
  return imported.wcs;
}

}  // namespace polis
