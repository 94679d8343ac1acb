#include "formats/request_json.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace polis {
namespace {

[[noreturn]] void refuse(std::string_view what, std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read " + std::string(what), why);
}

bool is_word_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

std::string word(const Json& object, const char* key) {
  std::string text = json_to_text(object, key);
  const bool good = !text.empty() && text.size() <= 128 && text.front() != '.' &&
                    std::all_of(text.begin(), text.end(), is_word_letter) &&
                    text.find("..") == std::string::npos;
  if (!good) refuse("a request", std::string("\"") + key + "\" is no plain word");
  return text;
}

std::string plain_text(const Json& object, const char* key) {
  std::string text = json_to_text(object, key);
  if (text.find('\0') != std::string::npos)
    refuse("a request", std::string("\"") + key + "\" holds a NUL");
  return text;
}

}  // namespace

Json input_to_json(const InputRef& input) {
  return {{"from", input.from == InputRef::From::lake ? "lake" : "job"},
          {"name", input.name.hex()},
          {"kind", input.kind}};
}

InputRef input_from_json(const Json& value) {
  json_only(value, {"from", "name", "kind"}, "an input");
  InputRef input;
  const std::string from = json_to_text(value, "from");
  if (from != "lake" && from != "job")
    refuse("an input", "it comes neither from the lake nor from a job");
  input.from = from == "lake" ? InputRef::From::lake : InputRef::From::job;
  input.name = Digest::from_hex(json_to_text(value, "name"));
  input.kind = word(value, "kind");
  return input;
}

Json bundle_to_json(const Bundle& bundle) {
  Json list = Json::array();
  for (const BundleEntry& entry : bundle.entries)
    list.push_back({{"role", entry.role}, {"ref", input_to_json(entry.ref)}});
  return list;
}

Bundle bundle_from_json(const Json& value) {
  if (!value.is_array()) refuse("a bundle", "it is no list");
  Bundle bundle;
  for (const Json& item : value) {
    json_only(item, {"role", "ref"}, "an entry of a bundle");
    bundle.entries.push_back({word(item, "role"), input_from_json(json_member(item, "ref"))});
  }
  return bundle;
}

namespace {

/// Text between quotes, as write_json gives it. Almost all text needs no escape.
void append_text(std::string& line, std::string_view text) {
  const auto plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  if (!std::all_of(text.begin(), text.end(), plain)) {
    line += write_json(text);
    return;
  }
  line.append("\"").append(text).append("\"");
}

/// As write_json gives it; the short way for 0, 1 and the like.
void append_number(std::string& line, double value) {
  const auto whole =
      std::isfinite(value) && std::abs(value) < 1e9 ? static_cast<std::int32_t>(value) : 0;
  if (whole > 0 && value == whole) {
    line.append(std::to_string(whole)).append(".0");
  } else {
    line += write_json(json_number(value));
  }
}

void append_bundle(std::string& line, const Bundle& bundle) {
  line += '[';
  for (const BundleEntry& entry : bundle.entries) {
    if (line.back() == '}') line += ',';
    line.append("{\"ref\":{\"from\":");
    line.append(entry.ref.from == InputRef::From::lake ? "\"lake\"" : "\"job\"")
        .append(",\"kind\":");
    append_text(line, entry.ref.kind);
    line.append(",\"name\":\"").append(entry.ref.name.hex()).append("\"},\"role\":");
    append_text(line, entry.role);
    line += '}';
  }
  line += ']';
}

}  // namespace

void append_request(std::string& line, const Request& r) {
  append_number(line.append("{\"cost\":"), r.cost);
  append_number(line.append(",\"deadline_mjd\":"), r.deadline_mjd);
  append_text(line.append(",\"group\":"), r.group);
  append_bundle(line.append(",\"input\":"), r.input);
  line.append(",\"keep\":").append(r.keep ? "true" : "false");
  append_text(line.append(",\"label\":"), r.label);
  line.append(",\"parameters\":{");
  for (const auto& [name, value] : r.parameters) {
    if (line.back() != '{') line += ',';
    append_text(line, name);
    append_text(line += ':', value);
  }
  line.append("},\"priority\":").append(std::to_string(r.priority));
  append_text(line.append(",\"reason\":"), r.reason);
  append_text(line.append(",\"task\":"), r.task);
  line += '}';
}

Request request_from_json(const Json& value) {
  json_only(value,
            {"task", "input", "parameters", "priority", "deadline_mjd", "cost", "reason", "label",
             "group", "keep"},
            "a request");
  Request r;
  r.task = word(value, "task");
  r.input = bundle_from_json(json_member(value, "input"));
  r.parameters = json_to_facts(value, "parameters");
  for (const auto& [name, text] : r.parameters) {
    if (name.find('\0') != std::string::npos || text.find('\0') != std::string::npos)
      refuse("a request", "a parameter holds a NUL");
  }
  r.priority = json_to_int(value, "priority");
  r.deadline_mjd = json_to_double(value, "deadline_mjd");
  r.cost = json_to_double(value, "cost");
  if (!(r.deadline_mjd >= 0.0) || !(r.cost >= 0.0))
    refuse("a request", "deadline_mjd or cost is no number from 0 up");
  r.reason = plain_text(value, "reason");
  r.label = plain_text(value, "label");
  r.group = plain_text(value, "group");
  r.keep = json_to_bool(value, "keep");
  return r;
}

}  // namespace polis
