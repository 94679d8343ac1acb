#include "formats/request_json.h"

#include <algorithm>

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

Json request_to_json(const Request& r) {
  Json parameters = Json::object();
  for (const auto& [name, value] : r.parameters) parameters[name] = value;
  return {{"task", r.task},
          {"input", bundle_to_json(r.input)},
          {"parameters", parameters},
          {"priority", r.priority},
          {"deadline_mjd", json_number(r.deadline_mjd)},
          {"cost", json_number(r.cost)},
          {"reason", r.reason},
          {"label", r.label},
          {"group", r.group},
          {"keep", r.keep}};
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
