#include <algorithm>

#include "formats/onnx.h"
#include "formats/protobuf.h"

namespace polis {
namespace {

// Numbers of types in TensorProto.
constexpr std::int64_t kFloat = 1, kInt32 = 6, kInt64 = 7, kDouble = 11;
constexpr std::int64_t kExternal = 1;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::bad_input, "cannot read an ONNX file", why);
}

/// A tensor as the file gives it, before it is known to be of reals or integers.
struct AnyTensor {
  std::string name;
  Shape shape;
  std::int64_t type = 0;
  std::vector<float> floats;
  std::vector<std::int64_t> integers;
  std::vector<double> doubles;
  ByteView raw;
};

template <class T>
std::vector<T> cut(ByteView raw) {
  if (raw.size() % sizeof(T) != 0) refuse("a tensor's bytes are no whole number of values");
  std::vector<T> values(raw.size() / sizeof(T));
  if (!raw.empty()) std::memcpy(values.data(), raw.data(), raw.size());
  return values;
}

void read_doubles(ProtobufReader& reader, std::vector<double>& values) {
  const std::vector<double> packed = cut<double>(reader.bytes());
  values.insert(values.end(), packed.begin(), packed.end());
}

AnyTensor read_tensor(ByteView message) {
  AnyTensor tensor;
  for (ProtobufReader reader(message); reader.next();) {
    switch (reader.field()) {
      case 1:
        reader.integers([&](std::int64_t extent) { tensor.shape.push_back(extent); });
        break;
      case 2:
        tensor.type = reader.integer();
        break;
      case 4:
        reader.reals([&](float value) { tensor.floats.push_back(value); });
        break;
      case 5:
      case 7:
        reader.integers([&](std::int64_t value) { tensor.integers.push_back(value); });
        break;
      case 8:
        tensor.name = reader.text();
        break;
      case 9:
        tensor.raw = reader.bytes();
        break;
      case 10:
        read_doubles(reader, tensor.doubles);
        break;
      case 14:
        if (reader.integer() == kExternal) refuse("its weights lie in another file");
        break;
      default:
        break;
    }
  }
  return tensor;
}

template <class To, class From>
std::vector<To> as(const std::vector<From>& values) {
  std::vector<To> result;
  result.reserve(values.size());
  for (const From value : values) result.push_back(static_cast<To>(value));
  return result;
}

/// Puts the tensor among the graph's reals or integers.
void store(ForeignGraph& graph, const std::string& name, AnyTensor tensor) {
  if (!tensor.raw.empty()) {
    if (tensor.type == kFloat) tensor.floats = cut<float>(tensor.raw);
    if (tensor.type == kDouble) tensor.doubles = cut<double>(tensor.raw);
    if (tensor.type == kInt64) tensor.integers = cut<std::int64_t>(tensor.raw);
    if (tensor.type == kInt32) tensor.integers = as<std::int64_t>(cut<std::int32_t>(tensor.raw));
  }
  if (tensor.type == kDouble) tensor.floats = as<float>(tensor.doubles);
  const std::int64_t count = elements_of(tensor.shape);
  const bool integers = tensor.type == kInt32 || tensor.type == kInt64;
  if (!integers && tensor.type != kFloat && tensor.type != kDouble)
    refuse("tensor " + name.substr(0, 80) + " has a type that is not supported");
  const std::size_t have = integers ? tensor.integers.size() : tensor.floats.size();
  if (count < 0 || static_cast<std::size_t>(count) != have || tensor.shape.size() > 8) {
    refuse("tensor " + name.substr(0, 80) + " of shape [" + shape_text(tensor.shape) + "] has " +
           std::to_string(have) + " values");
  }
  if (integers) {
    graph.integers[name] = std::move(tensor.integers);
  } else {
    graph.tensors[name] = {std::move(tensor.shape), std::move(tensor.floats)};
  }
}

struct Attribute {
  std::string name;
  ForeignAttribute values;
  std::vector<AnyTensor> tensors;
};

Attribute read_attribute(ByteView message) {
  Attribute attribute;
  ForeignAttribute& values = attribute.values;
  for (ProtobufReader reader(message); reader.next();) {
    switch (reader.field()) {
      case 1:
        attribute.name = reader.text();
        break;
      case 2:
        values.reals.push_back(reader.real());
        break;
      case 3:
        values.integers.push_back(reader.integer());
        break;
      case 4:
      case 9:
        values.texts.push_back(reader.text());
        break;
      case 5:
        attribute.tensors.push_back(read_tensor(reader.bytes()));
        break;
      case 6:
      case 11:
        refuse("it holds subgraphs");
      case 7:
        reader.reals([&](float value) { values.reals.push_back(value); });
        break;
      case 8:
        reader.integers([&](std::int64_t value) { values.integers.push_back(value); });
        break;
      default:
        break;
    }
  }
  return attribute;
}

/// A tensor of reals as attribute (the value of a ConstantOfShape) is a list of numbers.
void add_reals(Attribute& attribute) {
  for (const AnyTensor& tensor : attribute.tensors) {
    ForeignGraph one;
    store(one, "value", tensor);
    for (const auto& [name, reals] : one.tensors)
      attribute.values.reals.insert(attribute.values.reals.end(), reals.values.begin(),
                                    reals.values.end());
  }
}

/// A Constant becomes a tensor under the name of its output.
void store_constant(ForeignGraph& graph, const ForeignNode& node,
                    const std::vector<AnyTensor>& tensors) {
  if (node.outputs.size() != 1) refuse("a constant has not one output");
  const std::string& name = node.outputs[0];
  if (tensors.size() == 1) return store(graph, name, tensors[0]);
  for (const auto& [key, values] : node.attributes) {
    if (!values.integers.empty()) {
      graph.integers[name] = values.integers;
    } else {
      graph.tensors[name] = {{static_cast<std::int64_t>(values.reals.size())},
                             as<float>(values.reals)};
    }
  }
}

void read_node(ForeignGraph& graph, ByteView message) {
  ForeignNode node;
  std::vector<AnyTensor> tensors;
  for (ProtobufReader reader(message); reader.next();) {
    switch (reader.field()) {
      case 1:
        node.inputs.push_back(reader.text());
        break;
      case 2:
        node.outputs.push_back(reader.text());
        break;
      case 3:
        node.name = reader.text();
        break;
      case 4:
        node.op = reader.text();
        break;
      case 5: {
        Attribute attribute = read_attribute(reader.bytes());
        add_reals(attribute);
        std::move(attribute.tensors.begin(), attribute.tensors.end(), std::back_inserter(tensors));
        node.attributes[attribute.name] = std::move(attribute.values);
        break;
      }
      default:
        break;
    }
  }
  if (node.name.empty() && !node.outputs.empty()) node.name = node.outputs[0];
  if (node.op == "Constant") return store_constant(graph, node, tensors);
  graph.nodes.push_back(std::move(node));
}

/// The field of a message that holds one message.
ByteView inner(ByteView message, std::uint64_t field) {
  ByteView found;
  for (ProtobufReader reader(message); reader.next();)
    if (reader.field() == field) found = reader.bytes();
  return found;
}

ForeignValue read_value(ByteView message) {
  ForeignValue value;
  for (ProtobufReader reader(message); reader.next();) {
    if (reader.field() == 1) value.name = reader.text();
    if (reader.field() != 2) continue;
    // TypeProto.tensor_type.shape
    for (ProtobufReader dims(inner(inner(reader.bytes(), 1), 2)); dims.next();) {
      if (dims.field() != 1) continue;
      std::int64_t extent = -1;
      for (ProtobufReader dim(dims.bytes()); dim.next();)
        if (dim.field() == 1) extent = dim.integer();
      value.shape.push_back(extent);
    }
  }
  return value;
}

void read_graph(ForeignGraph& graph, ByteView message) {
  for (ProtobufReader reader(message); reader.next();) {
    switch (reader.field()) {
      case 1:
        read_node(graph, reader.bytes());
        break;
      case 2:
        graph.name = reader.text();
        break;
      case 5: {
        AnyTensor tensor = read_tensor(reader.bytes());
        const std::string name = tensor.name;
        store(graph, name, std::move(tensor));
        break;
      }
      case 11:
        graph.inputs.push_back(read_value(reader.bytes()));
        break;
      case 12:
        graph.outputs.push_back(read_value(reader.bytes()));
        break;
      case 15:
        refuse("it holds sparse tensors");
      default:
        break;
    }
  }
  // Old files list the initialisers among the inputs.
  std::erase_if(graph.inputs, [&](const ForeignValue& value) {
    return graph.tensors.count(value.name) > 0 || graph.integers.count(value.name) > 0;
  });
}

/// Version of the standard operators, from one entry of opset_import; others are left alone.
void read_operator_set(ForeignGraph& graph, ByteView message) {
  std::string domain;
  std::int64_t version = 0;
  for (ProtobufReader reader(message); reader.next();) {
    if (reader.field() == 1) domain = reader.text();
    if (reader.field() == 2) version = reader.integer();
  }
  if (domain.empty() || domain == "ai.onnx") graph.version = version;
}

}  // namespace

ForeignGraph read_onnx(ByteView bytes) {
  ForeignGraph graph;
  std::string producer;
  ByteView body;
  for (ProtobufReader reader(bytes); reader.next();) {
    if (reader.field() == 2) producer = reader.text();
    if (reader.field() == 3) producer += " " + reader.text();
    if (reader.field() == 7) body = reader.bytes();
    if (reader.field() == 8) read_operator_set(graph, reader.bytes());
  }
  if (body.empty() || graph.version == 0)
    refuse("it has no graph, or does not say which operators it uses");
  read_graph(graph, body);
  graph.producer = "onnx, operator set " + std::to_string(graph.version) +
                   (producer.empty() ? "" : ", by " + producer);
  return graph;
}

}  // namespace polis
