#include "formats/json_codecs.h"

#include "base/error.h"
#include "formats/exposure_json.h"
#include "formats/request_json.h"

namespace polis {
namespace {

constexpr std::string_view kExposureFormat = "polis exposure 1";
constexpr std::string_view kBundleFormat = "polis bundle 1";
constexpr std::string_view kManifestFormat = "polis manifest 1";
constexpr std::string_view kDocumentFormat = "polis document 1";

Json envelope(std::string_view format, const Facts& provenance) {
  Json value{{"format", format}, {"provenance", Json::object()}};
  for (const auto& [name, text] : provenance) value["provenance"][name] = text;
  return value;
}

/// Reads `{"format": ..., "provenance": ..., <member>: ...}`.
Json open_envelope(ByteView bytes, std::string_view format,
                   std::initializer_list<std::string_view> keys, Facts& provenance) {
  Json value = parse_json(as_text(bytes), format);
  json_only(value, keys, format);
  json_check_format(value, format);
  provenance = json_to_facts(value, "provenance");
  return value;
}

[[noreturn]] void refuse(std::string_view what, std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read " + std::string(what), why);
}

/// Takes the text up to (not including) `end` off the front of `text`.
std::string_view take_line(std::string_view& text, std::string_view what) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) refuse(what, "it ends in the middle of a line");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

/// An opened object as text, to which one more member is added by hand: `{...,"key":`.
std::string open_text(const Json& object, std::string_view key) {
  std::string text = write_json(object);
  text.pop_back();
  return text.append(",\"").append(key).append("\":");
}

}  // namespace

Bytes encode_exposure(const std::any& exposure, const Facts& provenance) {
  Json value = envelope(kExposureFormat, provenance);
  value["exposure"] = exposure_to_json(std::any_cast<const Exposure&>(exposure));
  return to_bytes(write_json(value) + "\n");
}

std::any decode_exposure(ByteView bytes, Facts& provenance) {
  const Json value =
      open_envelope(bytes, kExposureFormat, {"format", "provenance", "exposure"}, provenance);
  return exposure_from_json(json_member(value, "exposure"));
}

Bytes encode_bundle(const std::any& bundle, const Facts& provenance) {
  Json value = envelope(kBundleFormat, provenance);
  value["entries"] = bundle_to_json(std::any_cast<const Bundle&>(bundle));
  return to_bytes(write_json(value) + "\n");
}

std::any decode_bundle(ByteView bytes, Facts& provenance) {
  const Json value =
      open_envelope(bytes, kBundleFormat, {"format", "provenance", "entries"}, provenance);
  return bundle_from_json(json_member(value, "entries"));
}

Bytes encode_manifest(const std::any& manifest, const Facts& provenance) {
  const auto& value = std::any_cast<const Manifest&>(manifest);
  Json head = envelope(kManifestFormat, provenance);
  head["round"] = value.round;
  Bytes bytes;
  const auto append = [&](std::string_view text) {
    const ByteView view = as_bytes(text);
    bytes.insert(bytes.end(), view.begin(), view.end());
  };
  append(open_text(head, "requests") + "[\n");
  std::string line;
  for (std::size_t i = 0; i < value.requests.size(); ++i) {
    line.clear();
    append_request(line, value.requests[i]);
    append(line.append(i + 1 < value.requests.size() ? ",\n" : "\n"));
  }
  append("]}\n");
  return bytes;
}

std::any decode_manifest(ByteView bytes, Facts& provenance) {
  std::string_view rest = as_text(bytes);
  const std::string first = std::string(take_line(rest, "the manifest")) + "]}";
  const Json head = open_envelope(as_bytes(first), kManifestFormat,
                                  {"format", "provenance", "round", "requests"}, provenance);
  if (!json_member(head, "requests").empty())
    refuse("the manifest", "its first line holds requests");
  Manifest manifest;
  manifest.round = json_to_int(head, "round");
  bool more = true;
  for (std::string_view line = take_line(rest, "the manifest"); line != "]}";
       line = take_line(rest, "the manifest")) {
    if (!more) refuse("the manifest", "a comma is missing between two requests");
    more = line.ends_with(',');
    if (more) line.remove_suffix(1);
    manifest.requests.push_back(request_from_json(parse_json(line, "a request of the manifest")));
  }
  if (more && !manifest.requests.empty())
    refuse("the manifest", "a request is missing after the last comma");
  if (!rest.empty()) refuse("the manifest", "something follows its end");
  return manifest;
}

Bytes encode_document(const std::any& text, const Facts& provenance) {
  const auto& document = std::any_cast<const std::string&>(text);
  parse_json(document, "a document");
  return to_bytes(open_text(envelope(kDocumentFormat, provenance), "document") + "\n" + document +
                  "\n}\n");
}

std::any decode_document(ByteView bytes, Facts& provenance) {
  open_envelope(bytes, kDocumentFormat, {"format", "provenance", "document"}, provenance);
  std::string_view rest = as_text(bytes);
  const std::string_view first = take_line(rest, "a document");
  if (!first.ends_with("\"document\":") || !rest.ends_with("\n}\n"))
    refuse("a document", "its lines are laid out otherwise");
  rest.remove_suffix(3);
  return std::string(rest);
}

}  // namespace polis
