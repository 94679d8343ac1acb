#include "models/layer_options.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"

namespace polis {
namespace {

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw Error(ErrorKind::bad_input, "cannot read a model",
              "\"" + std::string(text.substr(0, 80)) + "\" " + why);
}

std::string write(const Shape& list) { return shape_text(list); }
std::string write(std::int64_t value) { return std::to_string(value); }
std::string write(bool value) { return value ? "1" : "0"; }
std::string write(double value) {
  std::array<char, 64> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

void read(std::string_view text, Shape& list) { list = shape_from(text, "an option of a layer"); }
void read(std::string_view text, std::int64_t& value) {
  const Shape one = shape_from(text, "an option of a layer");
  if (one.size() != 1) refuse(text, "is no integer");
  value = one.front();
}
void read(std::string_view text, bool& value) {
  if (text != "0" && text != "1") refuse(text, "is neither 0 nor 1");
  value = text == "1";
}
void read(std::string_view text, double& value) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) refuse(text, "is no number");
}

struct Option {
  std::string_view name;
  std::string (*get)(const Layer&);  ///< empty: as in a layer without options
  void (*set)(Layer&, std::string_view);
};

template <auto kMember>
constexpr Option of_layer(std::string_view name) {
  return {name,
          [](const Layer& layer) {
            return layer.*kMember == Layer().*kMember ? std::string() : write(layer.*kMember);
          },
          [](Layer& layer, std::string_view text) { read(text, layer.*kMember); }};
}
template <auto kMember>
constexpr Option of_window(std::string_view name) {
  return {name, [](const Layer& layer) { return write(layer.window.*kMember); },
          [](Layer& layer, std::string_view text) { read(text, layer.window.*kMember); }};
}

constexpr std::array<Option, 14> kOptions{{
    of_window<&Window::size>("size"),
    of_window<&Window::stride>("stride"),
    of_window<&Window::dilation>("dilation"),
    of_window<&Window::pad_before>("pad_before"),
    of_window<&Window::pad_after>("pad_after"),
    of_layer<&Layer::groups>("groups"),
    of_layer<&Layer::axis>("axis"),
    of_layer<&Layer::target>("target"),
    of_layer<&Layer::alpha>("alpha"),
    of_layer<&Layer::epsilon>("epsilon"),
    of_layer<&Layer::count_padding>("count_padding"),
    of_layer<&Layer::backwards>("backwards"),
    of_layer<&Layer::last_only>("last_only"),
    of_layer<&Layer::linear_before_reset>("linear_before_reset"),
}};

}  // namespace

std::string layer_options(const Layer& layer) {
  std::string text;
  for (const Option& option : kOptions) {
    const std::string value = option.get(layer);
    if (!value.empty())
      text.append(text.empty() ? "" : ";").append(option.name).append("=").append(value);
  }
  return text;
}

void set_layer_options(Layer& layer, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view given = text.substr(0, end);
    const std::size_t equals = std::min(given.find('='), given.size());
    const std::string_view name = given.substr(0, equals);
    const auto option = std::find_if(kOptions.begin(), kOptions.end(),
                                     [&](const Option& o) { return o.name == name; });
    if (option == kOptions.end() || equals == given.size()) refuse(given, "is no option");
    option->set(layer, given.substr(equals + 1));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace polis
