#include "formats/alert_schema.h"

#include <sstream>

#include "formats/json_text.h"

namespace polis {
namespace {

// Names and types of the public schema of ZTF's alerts, version 4.02 (Masci et al. 2019, PASP 131,
// 018003; Patterson et al. 2019, PASP 131, 018001); ? may be null.
constexpr std::string_view kCandidate =
    "jd double, fid int, pid long, diffmaglim ?float, pdiffimfilename ?string, programpi "
    "?string, programid int, candid long, isdiffpos string, tblid ?long, nid ?int, rcid ?int, "
    "field ?int, xpos ?float, ypos ?float, ra double, dec double, magpsf float, sigmapsf float, "
    "chipsf ?float, magap ?float, sigmagap ?float, distnr ?float, magnr ?float, sigmagnr "
    "?float, chinr ?float, sharpnr ?float, sky ?float, magdiff ?float, fwhm ?float, classtar "
    "?float, mindtoedge ?float, magfromlim ?float, seeratio ?float, aimage ?float, bimage "
    "?float, aimagerat ?float, bimagerat ?float, elong ?float, nneg ?int, nbad ?int, rb ?float, "
    "ssdistnr ?float, ssmagnr ?float, ssnamenr ?string, sumrat ?float, magapbig ?float, "
    "sigmagapbig ?float, ranr double, decnr double, sgmag1 ?float, srmag1 ?float, simag1 "
    "?float, szmag1 ?float, sgscore1 ?float, distpsnr1 ?float, ndethist int, ncovhist int, "
    "jdstarthist ?double, jdendhist ?double, scorr ?double, tooflag ?int, objectidps1 ?long, "
    "objectidps2 ?long, sgmag2 ?float, srmag2 ?float, simag2 ?float, szmag2 ?float, sgscore2 "
    "?float, distpsnr2 ?float, objectidps3 ?long, sgmag3 ?float, srmag3 ?float, simag3 ?float, "
    "szmag3 ?float, sgscore3 ?float, distpsnr3 ?float, nmtchps int, rfid long, jdstartref "
    "double, jdendref double, nframesref int, rbversion string, dsnrms ?float, ssnrms ?float, "
    "dsdiff ?float, magzpsci ?float, magzpsciunc ?float, magzpscirms ?float, nmatches int, "
    "clrcoeff ?float, clrcounc ?float, zpclrcov ?float, zpmed ?float, clrmed ?float, clrrms "
    "?float, neargaia ?float, neargaiabright ?float, maggaia ?float, maggaiabright ?float, "
    "exptime ?float, drb ?float, drbversion string";

constexpr std::string_view kEarlier =
    "jd double, fid int, pid long, diffmaglim ?float, pdiffimfilename ?string, programpi "
    "?string, programid int, candid ?long, isdiffpos ?string, tblid ?long, nid ?int, rcid ?int, "
    "field ?int, xpos ?float, ypos ?float, ra ?double, dec ?double, magpsf ?float, sigmapsf "
    "?float, chipsf ?float, magap ?float, sigmagap ?float, distnr ?float, magnr ?float, "
    "sigmagnr ?float, chinr ?float, sharpnr ?float, sky ?float, magdiff ?float, fwhm ?float, "
    "classtar ?float, mindtoedge ?float, magfromlim ?float, seeratio ?float, aimage ?float, "
    "bimage ?float, aimagerat ?float, bimagerat ?float, elong ?float, nneg ?int, nbad ?int, rb "
    "?float, ssdistnr ?float, ssmagnr ?float, ssnamenr ?string, sumrat ?float, magapbig ?float, "
    "sigmagapbig ?float, ranr ?double, decnr ?double, scorr ?double, magzpsci ?float, "
    "magzpsciunc ?float, magzpscirms ?float, clrcoeff ?float, clrcounc ?float, rbversion string";

constexpr std::string_view kForced =
    "field ?int, rcid ?int, fid int, pid long, rfid long, sciinpseeing ?float, scibckgnd "
    "?float, scisigpix ?float, magzpsci ?float, magzpsciunc ?float, magzpscirms ?float, "
    "clrcoeff ?float, clrcounc ?float, exptime ?float, adpctdif1 ?float, adpctdif2 ?float, "
    "diffmaglim ?float, programid int, jd double, forcediffimflux ?float, forcediffimfluxunc "
    "?float, procstatus ?string, distnr ?float, ranr double, decnr double, magnr ?float, "
    "sigmagnr ?float, chinr ?float, sharpnr ?float";

constexpr std::string_view kCutout = "fileName string, stampData bytes";

using OrderedJson = nlohmann::ordered_json;

OrderedJson nullable(OrderedJson type) { return OrderedJson::array({"null", std::move(type)}); }

OrderedJson field(const std::string& name, OrderedJson type) {
  OrderedJson result{{"name", name}, {"type", std::move(type)}};
  if (result["type"].is_array()) result["default"] = nullptr;
  return result;
}

OrderedJson record(const char* name, const char* space, OrderedJson fields) {
  return {{"type", "record"},
          {"name", name},
          {"namespace", space},
          {"version", kZtfSchemaVersion},
          {"fields", std::move(fields)}};
}

OrderedJson flat_record(const char* name, std::string_view list) {
  OrderedJson fields = OrderedJson::array();
  std::istringstream items{std::string(list)};
  std::string field_name, type;
  while (items >> field_name >> type) {
    if (type.back() == ',') type.pop_back();
    const bool may_be_null = type.front() == '?';
    fields.push_back(field(field_name, may_be_null ? nullable(type.substr(1)) : OrderedJson(type)));
  }
  return record(name, "ztf.alert", std::move(fields));
}

OrderedJson list_of(OrderedJson items) { return {{"type", "array"}, {"items", std::move(items)}}; }

}  // namespace

std::string ztf_alert_schema() {
  OrderedJson fields = OrderedJson::array();
  fields.push_back(field("schemavsn", "string"));
  fields.push_back(field("publisher", "string"));
  fields.push_back(field("objectId", "string"));
  fields.push_back(field("candid", "long"));
  fields.push_back(field("candidate", flat_record("candidate", kCandidate)));
  fields.push_back(
      field("prv_candidates", nullable(list_of(flat_record("prv_candidate", kEarlier)))));
  fields.push_back(field("fp_hists", nullable(list_of(flat_record("fp_hist", kForced)))));
  // A named type is defined where it first occurs, and named afterwards.
  fields.push_back(field("cutoutScience", nullable(flat_record("cutout", kCutout))));
  fields.push_back(field("cutoutTemplate", nullable("ztf.alert.cutout")));
  fields.push_back(field("cutoutDifference", nullable("ztf.alert.cutout")));
  return record("alert", "ztf", std::move(fields)).dump();
}

}  // namespace polis
