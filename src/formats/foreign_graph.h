#pragma once

#include <map>
#include <string>
#include <vector>

#include "formats/tensor.h"

/// What files of other programs say about a network, before anything is known of its meaning:
/// named operations over named values. Keras and ONNX files are read into it, ONNX files are
/// written from it; src/models gives the operations their meaning.
namespace polis {

/// Numbers or texts; a scalar is a list of one. Reals hold the integers too.
struct ForeignAttribute {
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  std::vector<std::string> texts;
};

struct ForeignNode {
  std::string op;                   ///< "Conv2D", "Gemm", ...
  std::string name;                 ///< may be empty in ONNX
  std::vector<std::string> inputs;  ///< names of values; empty: an optional input is left out
  std::vector<std::string> outputs;
  std::map<std::string, ForeignAttribute> attributes;

  bool has(const std::string& attribute) const { return attributes.count(attribute) > 0; }
  /// First value of the attribute, or `otherwise` where there is none.
  std::int64_t integer(const std::string& attribute, std::int64_t otherwise) const;
  double real(const std::string& attribute, double otherwise) const;
  std::string text(const std::string& attribute, const std::string& otherwise) const;
  std::vector<std::int64_t> integers(const std::string& attribute) const;
};

struct ForeignValue {
  std::string name;
  Shape shape;  ///< with the batch; -1: not fixed
};

struct ForeignGraph {
  std::string producer;  ///< "keras 2.2.4-tf", "onnx opset 13 by pytorch 1.13"
  std::string name;
  std::string description;
  std::int64_t version = 0;  ///< of ONNX' operator set
  std::vector<ForeignValue> inputs;
  std::vector<ForeignValue> outputs;
  std::vector<ForeignNode> nodes;  ///< each after those that make its inputs
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::vector<std::int64_t>> integers;  ///< tensors of integers, flat
};

}  // namespace polis
