#include "formats/avro_container.h"

#include <avro.h>

#include <memory>
#include <set>

#include "base/error.h"
#include "base/pack.h"

namespace polis {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorKind::internal, "cannot write an Avro packet", what);
}

void check(int status) {
  if (status != 0) fail(avro_strerror());
}

struct SchemaCloser {
  void operator()(avro_obj_t* schema) const { avro_schema_decref(schema); }
};
using SchemaHandle = std::unique_ptr<avro_obj_t, SchemaCloser>;

SchemaHandle parse_schema(const std::string& text) {
  avro_schema_t schema = nullptr;
  check(avro_schema_from_json_length(text.data(), text.size(), &schema));
  return SchemaHandle(schema);
}

struct InterfaceCloser {
  void operator()(avro_value_iface_t* iface) const { avro_value_iface_decref(iface); }
};
using InterfaceHandle = std::unique_ptr<avro_value_iface_t, InterfaceCloser>;

struct WriterCloser {
  void operator()(avro_writer_t_* writer) const { avro_writer_free(writer); }
};
using WriterHandle = std::unique_ptr<avro_writer_t_, WriterCloser>;

/// A value of the schema, freed at the end.
class Value {
 public:
  explicit Value(avro_value_iface_t* iface) { check(avro_generic_value_new(iface, &value_)); }
  ~Value() { avro_value_decref(&value_); }
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;
  avro_value_t* get() { return &value_; }

 private:
  avro_value_t value_{};
};

void fill(avro_value_t* value, const Json& json, const std::string& name);

void fill_record(avro_value_t* value, const Json& json, const std::string& name) {
  if (!json.is_object()) fail(name + " is no record");
  std::size_t count = 0;
  check(avro_value_get_size(value, &count));
  std::set<std::string> known;
  for (std::size_t i = 0; i < count; ++i) {
    avro_value_t child;
    const char* child_name = nullptr;
    check(avro_value_get_by_index(value, i, &child, &child_name));
    known.emplace(child_name);
    const auto found = json.find(child_name);
    fill(&child, found == json.end() ? Json() : *found, name + "." + child_name);
  }
  for (const auto& [key, member] : json.items()) {
    if (!known.contains(key)) fail("the schema has no " + name + "." + key);
  }
}

void fill_array(avro_value_t* value, const Json& json, const std::string& name) {
  if (!json.is_array()) fail(name + " is no list");
  for (const Json& item : json) {
    avro_value_t child;
    check(avro_value_append(value, &child, nullptr));
    fill(&child, item, name);
  }
}

/// Unions are [null, type].
void fill_union(avro_value_t* value, const Json& json, const std::string& name) {
  avro_value_t branch;
  check(avro_value_set_branch(value, json.is_null() ? 0 : 1, &branch));
  if (json.is_null()) {
    check(avro_value_set_null(&branch));
  } else {
    fill(&branch, json, name);
  }
}

void fill_bytes(avro_value_t* value, const Json& json) {
  Json::binary_t bytes = json.get_binary();
  check(avro_value_set_bytes(value, bytes.data(), bytes.size()));
}

void fill_text(avro_value_t* value, const Json& json) {
  std::string text = json.get<std::string>();
  check(avro_value_set_string_len(value, text.data(), text.size() + 1));
}

void fill(avro_value_t* value, const Json& json, const std::string& name) {
  const avro_type_t type = avro_value_get_type(value);
  const bool is_number =
      type == AVRO_INT32 || type == AVRO_INT64 || type == AVRO_FLOAT || type == AVRO_DOUBLE;
  if ((is_number && !json.is_number()) || (type == AVRO_STRING && !json.is_string()) ||
      (type == AVRO_BYTES && !json.is_binary()))
    fail(name + " is missing or of another type");
  switch (type) {
    case AVRO_RECORD:
      return fill_record(value, json, name);
    case AVRO_ARRAY:
      return fill_array(value, json, name);
    case AVRO_UNION:
      return fill_union(value, json, name);
    case AVRO_INT32:
      return check(avro_value_set_int(value, json.get<std::int32_t>()));
    case AVRO_INT64:
      return check(avro_value_set_long(value, json.get<std::int64_t>()));
    case AVRO_FLOAT:
      return check(avro_value_set_float(value, json.get<float>()));
    case AVRO_DOUBLE:
      return check(avro_value_set_double(value, json.get<double>()));
    case AVRO_STRING:
      return fill_text(value, json);
    case AVRO_BYTES:
      return fill_bytes(value, json);
    default:
      fail(name + " has a type that is not written");
  }
}

Bytes encode(avro_value_t* value) {
  std::size_t size = 0;
  check(avro_value_sizeof(value, &size));
  Bytes bytes(size);
  const WriterHandle writer(avro_writer_memory(reinterpret_cast<char*>(bytes.data()),
                                               static_cast<std::int64_t>(bytes.size())));
  check(avro_value_write(writer.get(), value));
  return bytes;
}

/// Appends as Avro writes lengths: zigzag, 7 bits per byte.
void add_length(Bytes& out, std::size_t length) {
  const Bytes number = Packer().number(std::uint64_t{length} << 1U).take();
  out.insert(out.end(), number.begin(), number.end());
}
void add_counted(Bytes& out, ByteView bytes) {
  add_length(out, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

Bytes write_avro(const std::string& schema, std::span<const Json> records) {
  const SchemaHandle parsed = parse_schema(schema);
  const InterfaceHandle iface(avro_generic_class_from_schema(parsed.get()));
  if (iface == nullptr) fail(avro_strerror());
  std::vector<Bytes> encoded;
  Hasher hasher;
  hasher.field(schema);
  for (const Json& record : records) {
    Value value(iface.get());
    fill(value.get(), record, "alert");
    encoded.push_back(encode(value.get()));
    hasher.field(as_text(encoded.back()));
  }
  const Digest digest = hasher.finish();
  const ByteView marker = std::as_bytes(std::span(digest.bytes)).first(16);

  Bytes out = to_bytes("Obj\x01");
  add_length(out, 2);  // of the map of facts about the file
  add_counted(out, as_bytes("avro.codec"));
  add_counted(out, as_bytes("null"));
  add_counted(out, as_bytes("avro.schema"));
  add_counted(out, as_bytes(schema));
  add_length(out, 0);
  out.insert(out.end(), marker.begin(), marker.end());
  for (const Bytes& record : encoded) {
    add_length(out, 1);
    add_counted(out, record);
    out.insert(out.end(), marker.begin(), marker.end());
  }
  return out;
}

}  // namespace polis
