#include "formats/foreign_graph.h"

namespace polis {

std::int64_t ForeignNode::integer(const std::string& attribute, std::int64_t otherwise) const {
  const auto found = attributes.find(attribute);
  return found == attributes.end() || found->second.integers.empty()
             ? otherwise
             : found->second.integers.front();
}

double ForeignNode::real(const std::string& attribute, double otherwise) const {
  const auto found = attributes.find(attribute);
  return found == attributes.end() || found->second.reals.empty() ? otherwise
                                                                  : found->second.reals.front();
}

std::string ForeignNode::text(const std::string& attribute, const std::string& otherwise) const {
  const auto found = attributes.find(attribute);
  return found == attributes.end() || found->second.texts.empty() ? otherwise
                                                                  : found->second.texts.front();
}

std::vector<std::int64_t> ForeignNode::integers(const std::string& attribute) const {
  const auto found = attributes.find(attribute);
  return found == attributes.end() ? std::vector<std::int64_t>{} : found->second.integers;
}

}  // namespace polis
