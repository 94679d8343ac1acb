#include "formats/onnx.h"
#include "formats/protobuf.h"

namespace polis {
namespace {

// Numbers of types: TensorProto's and AttributeProto's.
constexpr std::int64_t kFloat = 1, kInt64 = 7;
constexpr std::int64_t kAttributeFloat = 1, kAttributeInt = 2, kAttributeText = 3,
                       kAttributeInts = 7;
constexpr std::int64_t kIrVersion = 8;  // of July 2022, which operator set 17 came with

template <class T>
ProtobufWriter tensor_message(const std::string& name, const Shape& shape, std::int64_t type,
                              const std::vector<T>& values) {
  ProtobufWriter tensor;
  for (const std::int64_t extent : shape) tensor.integer(1, extent);
  tensor.integer(2, type).text(8, name);
  return tensor.bytes(9, std::as_bytes(std::span(values)));
}

/// Lists of integers are told from single ones by their name's meaning in ONNX: all of ours that
/// may hold more than one are lists.
bool is_list(const std::string& name) {
  return name == "kernel_shape" || name == "strides" || name == "dilations" || name == "pads" ||
         name == "perm";
}

ProtobufWriter attribute_message(const std::string& name, const ForeignAttribute& values) {
  ProtobufWriter attribute;
  attribute.text(1, name);
  if (!values.texts.empty()) {
    attribute.text(4, values.texts[0]).integer(20, kAttributeText);
  } else if (is_list(name)) {
    for (const std::int64_t value : values.integers) attribute.integer(8, value);
    attribute.integer(20, kAttributeInts);
  } else if (!values.integers.empty()) {
    attribute.integer(3, values.integers[0]).integer(20, kAttributeInt);
  } else {
    attribute.real(2, static_cast<float>(values.reals.at(0))).integer(20, kAttributeFloat);
  }
  return attribute;
}

ProtobufWriter node_message(const ForeignNode& node) {
  ProtobufWriter message;
  for (const std::string& input : node.inputs) message.text(1, input);
  for (const std::string& output : node.outputs) message.text(2, output);
  message.text(3, node.name).text(4, node.op);
  for (const auto& [name, values] : node.attributes)
    message.message(5, attribute_message(name, values));
  return message;
}

ProtobufWriter value_message(const ForeignValue& value) {
  ProtobufWriter shape;
  for (const std::int64_t extent : value.shape) {
    ProtobufWriter dim;
    extent < 0 ? dim.text(2, "batch") : dim.integer(1, extent);
    shape.message(1, dim);
  }
  ProtobufWriter tensor;
  tensor.integer(1, kFloat).message(2, shape);
  ProtobufWriter type;
  type.message(1, tensor);
  ProtobufWriter message;
  return message.text(1, value.name).message(2, type);
}

}  // namespace

Bytes write_onnx(const ForeignGraph& graph) {
  ProtobufWriter body;
  for (const ForeignNode& node : graph.nodes) body.message(1, node_message(node));
  body.text(2, graph.name);
  for (const auto& [name, tensor] : graph.tensors)
    body.message(5, tensor_message(name, tensor.shape, kFloat, tensor.values));
  for (const auto& [name, values] : graph.integers)
    body.message(5,
                 tensor_message(name, {static_cast<std::int64_t>(values.size())}, kInt64, values));
  for (const ForeignValue& input : graph.inputs) body.message(11, value_message(input));
  for (const ForeignValue& output : graph.outputs) body.message(12, value_message(output));
  ProtobufWriter operators;
  operators.text(1, "").integer(2, graph.version);
  ProtobufWriter model;
  model.integer(1, kIrVersion).text(2, graph.producer);
  if (!graph.description.empty()) model.text(6, graph.description);
  model.message(7, body).message(8, operators);
  return model.bytes();
}

}  // namespace polis
