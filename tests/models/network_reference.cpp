#include "models/network_reference.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <stdexcept>

namespace polis::test {
namespace {

/// Images and series as [C, H, W] with H = 1 for a series.
struct Image {
  std::int64_t c, h, w;
};

Image image_of(const Shape& shape) {
  return shape.size() == 3 ? Image{shape[0], shape[1], shape[2]} : Image{shape[0], 1, shape[1]};
}

struct Axis {
  std::int64_t size = 1, stride = 1, dilation = 1, before = 0;
};

/// The window along H and W; a series has none along H.
std::pair<Axis, Axis> axes_of(const Window& w) {
  const auto one = [&](std::size_t a) {
    return Axis{w.size[a], w.stride[a], w.dilation[a], w.pad_before[a]};
  };
  return w.size.size() == 2 ? std::pair{one(0), one(1)} : std::pair{Axis{}, one(0)};
}

Shape with_channels(std::int64_t channels, const Shape& spatial) {
  Shape shape{channels};
  shape.insert(shape.end(), spatial.begin(), spatial.end());
  return shape;
}

/// Extents that a window leaves.
Shape swept(const Shape& in, const Window& w) {
  Shape out;
  for (std::size_t a = 0; a < w.size.size(); ++a) {
    const std::int64_t reach = w.dilation[a] * (w.size[a] - 1) + 1;
    out.push_back((in[a + 1] + w.pad_before[a] + w.pad_after[a] - reach) / w.stride[a] + 1);
  }
  return out;
}

Box empty_box(Shape shape) {
  Box box{std::move(shape), {}};
  box.values.assign(static_cast<std::size_t>(elements_of(box.shape)), 0.0);
  return box;
}

double& at(Box& box, std::int64_t c, std::int64_t y, std::int64_t x) {
  const Image i = image_of(box.shape);
  return box.values.at(static_cast<std::size_t>((c * i.h + y) * i.w + x));
}
double at(const Box& box, std::int64_t c, std::int64_t y, std::int64_t x) {
  return at(const_cast<Box&>(box), c, y, x);
}

double weight_at(const Tensor* tensor, std::int64_t place) {
  return tensor == nullptr ? 0.0 : tensor->values.at(static_cast<std::size_t>(place));
}

Box convolution(const Layer& layer, const Box& in) {
  const Tensor& weight = *layer.weight("weight");
  const Image from = image_of(in.shape);
  Box out = empty_box(with_channels(weight.shape[0], swept(in.shape, layer.window)));
  const Image to = image_of(out.shape);
  const auto [v, u] = axes_of(layer.window);
  const std::int64_t group_in = from.c / layer.groups;
  const std::int64_t group_out = to.c / layer.groups;
  for (std::int64_t o = 0; o < to.c; ++o)
    for (std::int64_t y = 0; y < to.h; ++y)
      for (std::int64_t x = 0; x < to.w; ++x) {
        double sum = weight_at(layer.weight("bias"), o);
        for (std::int64_t i = 0; i < group_in; ++i)
          for (std::int64_t j = 0; j < v.size; ++j)
            for (std::int64_t k = 0; k < u.size; ++k) {
              const std::int64_t yy = y * v.stride - v.before + j * v.dilation;
              const std::int64_t xx = x * u.stride - u.before + k * u.dilation;
              if (yy < 0 || yy >= from.h || xx < 0 || xx >= from.w) continue;
              sum += weight_at(&weight, ((o * group_in + i) * v.size + j) * u.size + k) *
                     at(in, o / group_out * group_in + i, yy, xx);
            }
        at(out, o, y, x) = sum;
      }
  return out;
}

/// Each input pixel adds its kernel to the output.
Box transposed_convolution(const Layer& layer, const Box& in) {
  const Tensor& weight = *layer.weight("weight");
  const Window& w = layer.window;
  Shape spatial;
  for (std::size_t a = 0; a < w.size.size(); ++a) {
    spatial.push_back((in.shape[a + 1] - 1) * w.stride[a] + w.dilation[a] * (w.size[a] - 1) + 1 -
                      w.pad_before[a] - w.pad_after[a]);
  }
  const std::int64_t per_group = weight.shape[1];
  Box out = empty_box(with_channels(per_group * layer.groups, spatial));
  const Image from = image_of(in.shape);
  const Image to = image_of(out.shape);
  const auto [v, u] = axes_of(w);
  for (std::int64_t o = 0; o < to.c; ++o)
    for (std::int64_t y = 0; y < to.h; ++y)
      for (std::int64_t x = 0; x < to.w; ++x) at(out, o, y, x) = weight_at(layer.weight("bias"), o);
  for (std::int64_t i = 0; i < from.c; ++i)
    for (std::int64_t o = 0; o < per_group; ++o)
      for (std::int64_t y = 0; y < from.h; ++y)
        for (std::int64_t x = 0; x < from.w; ++x)
          for (std::int64_t j = 0; j < v.size; ++j)
            for (std::int64_t k = 0; k < u.size; ++k) {
              const std::int64_t yy = y * v.stride - v.before + j * v.dilation;
              const std::int64_t xx = x * u.stride - u.before + k * u.dilation;
              if (yy < 0 || yy >= to.h || xx < 0 || xx >= to.w) continue;
              const std::int64_t channel = i / (from.c / layer.groups) * per_group + o;
              at(out, channel, yy, xx) +=
                  at(in, i, y, x) *
                  weight_at(&weight, ((i * per_group + o) * v.size + j) * u.size + k);
            }
  return out;
}

Box linear(const Layer& layer, const Box& in) {
  const Tensor& weight = *layer.weight("weight");
  const std::int64_t from = weight.shape[1];
  const std::int64_t to = weight.shape[0];
  Shape shape = in.shape;
  shape.back() = to;
  Box out = empty_box(shape);
  for (std::size_t row = 0; row < out.values.size() / static_cast<std::size_t>(to); ++row)
    for (std::int64_t o = 0; o < to; ++o) {
      double sum = weight_at(layer.weight("bias"), o);
      for (std::int64_t i = 0; i < from; ++i)
        sum += weight_at(&weight, o * from + i) *
               in.values[row * static_cast<std::size_t>(from) + static_cast<std::size_t>(i)];
      out.values[row * static_cast<std::size_t>(to) + static_cast<std::size_t>(o)] = sum;
    }
  return out;
}

Box pool(const Layer& layer, const Box& in, bool largest) {
  const Image from = image_of(in.shape);
  Box out = empty_box(with_channels(in.shape[0], swept(in.shape, layer.window)));
  const Image to = image_of(out.shape);
  const auto [v, u] = axes_of(layer.window);
  for (std::int64_t c = 0; c < to.c; ++c)
    for (std::int64_t y = 0; y < to.h; ++y)
      for (std::int64_t x = 0; x < to.w; ++x) {
        double sum = 0.0;
        double most = -std::numeric_limits<double>::infinity();
        int count = 0;
        for (std::int64_t j = 0; j < v.size; ++j)
          for (std::int64_t k = 0; k < u.size; ++k) {
            const std::int64_t yy = y * v.stride - v.before + j;
            const std::int64_t xx = x * u.stride - u.before + k;
            if (yy < 0 || yy >= from.h || xx < 0 || xx >= from.w) continue;
            sum += at(in, c, yy, xx);
            most = std::max(most, at(in, c, yy, xx));
            ++count;
          }
        const double share = layer.count_padding ? static_cast<double>(v.size * u.size) : count;
        at(out, c, y, x) = largest ? most : sum / share;
      }
  return out;
}

Box global_pool(const Box& in, bool largest) {
  Box out = empty_box({in.shape[0]});
  const std::size_t size = in.values.size() / out.values.size();
  for (std::size_t c = 0; c < out.values.size(); ++c) {
    const auto first = in.values.begin() + static_cast<std::ptrdiff_t>(c * size);
    const auto last = first + static_cast<std::ptrdiff_t>(size);
    double sum = 0.0;
    for (auto v = first; v != last; ++v) sum += *v;
    out.values[c] = largest ? *std::max_element(first, last) : sum / static_cast<double>(size);
  }
  return out;
}

Box batch_norm(const Layer& layer, const Box& in) {
  Box out = in;
  const std::size_t size = in.values.size() / static_cast<std::size_t>(in.shape[0]);
  for (std::size_t i = 0; i < in.values.size(); ++i) {
    const auto c = static_cast<std::int64_t>(i / size);
    out.values[i] = (in.values[i] - weight_at(layer.weight("mean"), c)) /
                        std::sqrt(weight_at(layer.weight("variance"), c) + layer.epsilon) *
                        weight_at(layer.weight("scale"), c) +
                    weight_at(layer.weight("shift"), c);
  }
  return out;
}

Box layer_norm(const Layer& layer, const Box& in) {
  Box out = in;
  const auto size = static_cast<std::size_t>(in.shape.back());
  for (std::size_t first = 0; first < in.values.size(); first += size) {
    double mean = 0.0;
    double variance = 0.0;
    for (std::size_t i = 0; i < size; ++i) mean += in.values[first + i];
    mean /= static_cast<double>(size);
    for (std::size_t i = 0; i < size; ++i) variance += std::pow(in.values[first + i] - mean, 2);
    variance /= static_cast<double>(size);
    for (std::size_t i = 0; i < size; ++i) {
      const auto c = static_cast<std::int64_t>(i);
      out.values[first + i] = (in.values[first + i] - mean) / std::sqrt(variance + layer.epsilon) *
                                  weight_at(layer.weight("scale"), c) +
                              weight_at(layer.weight("shift"), c);
    }
  }
  return out;
}

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

double activated(const Layer& layer, double x) {
  switch (layer.kind) {
    case LayerKind::relu:
      return std::max(x, 0.0);
    case LayerKind::leaky_relu:
      return x > 0.0 ? x : layer.alpha * x;
    case LayerKind::gelu:
      return 0.5 * x * (1.0 + std::erf(x / std::numbers::sqrt2));
    case LayerKind::gelu_tanh:
      return 0.5 * x *
             (1.0 + std::tanh(std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case LayerKind::swish:
      return x * sigmoid(x);
    case LayerKind::sigmoid:
      return sigmoid(x);
    case LayerKind::tanh:
      return std::tanh(x);
    default:
      throw std::logic_error("no activation");
  }
}

/// Axes before, along and after the one that matters.
struct Around {
  std::size_t before = 1, along = 1, after = 1;
};
Around around(const Shape& shape, std::int64_t axis) {
  Around a;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const auto extent = static_cast<std::size_t>(shape[i]);
    if (static_cast<std::int64_t>(i) < axis) a.before *= extent;
    if (static_cast<std::int64_t>(i) == axis) a.along = extent;
    if (static_cast<std::int64_t>(i) > axis) a.after *= extent;
  }
  return a;
}

Box softmax(const Layer& layer, const Box& in) {
  Box out = in;
  const Around a = around(in.shape, layer.axis);
  for (std::size_t b = 0; b < a.before; ++b)
    for (std::size_t c = 0; c < a.after; ++c) {
      const auto place = [&](std::size_t i) { return (b * a.along + i) * a.after + c; };
      double most = -std::numeric_limits<double>::infinity();
      double sum = 0.0;
      for (std::size_t i = 0; i < a.along; ++i) most = std::max(most, in.values[place(i)]);
      for (std::size_t i = 0; i < a.along; ++i) sum += std::exp(in.values[place(i)] - most);
      for (std::size_t i = 0; i < a.along; ++i)
        out.values[place(i)] = std::exp(in.values[place(i)] - most) / sum;
    }
  return out;
}

/// Visits all places of a box of that shape.
void each_place(const Shape& shape, const std::function<void(const Shape&)>& body) {
  Shape place(shape.size(), 0);
  const std::int64_t count = elements_of(shape);
  for (std::int64_t i = 0; i < count; ++i) {
    body(place);
    for (std::size_t a = shape.size(); a-- > 0;) {
      if (++place[a] < shape[a]) break;
      place[a] = 0;
    }
  }
}

std::size_t flat(const Shape& shape, const Shape& place) {
  std::int64_t index = 0;
  for (std::size_t a = 0; a < shape.size(); ++a)
    index = index * shape[a] + (shape[a] == 1 ? 0 : place[a]);
  return static_cast<std::size_t>(index);
}

Box combined(LayerKind kind, const Box& first, const Box& second) {
  Shape shape = first.shape;
  for (std::size_t a = 0; a < shape.size(); ++a) shape[a] = std::max(shape[a], second.shape[a]);
  Box out = empty_box(shape);
  each_place(shape, [&](const Shape& place) {
    const double x = first.values[flat(first.shape, place)];
    const double y = second.values[flat(second.shape, place)];
    out.values[flat(shape, place)] = kind == LayerKind::add ? x + y : x * y;
  });
  return out;
}

Box concat(const Layer& layer, const std::vector<const Box*>& inputs) {
  Shape shape = inputs[0]->shape;
  const auto axis = static_cast<std::size_t>(layer.axis);
  for (std::size_t i = 1; i < inputs.size(); ++i) shape[axis] += inputs[i]->shape[axis];
  Box out = empty_box(shape);
  std::int64_t shift = 0;
  for (const Box* in : inputs) {
    each_place(in->shape, [&](Shape place) {
      const double value = in->values[flat(in->shape, place)];
      place[axis] += shift;
      std::int64_t index = 0;
      for (std::size_t a = 0; a < shape.size(); ++a) index = index * shape[a] + place[a];
      out.values[static_cast<std::size_t>(index)] = value;
    });
    shift += in->shape[axis];
  }
  return out;
}

Box resize(const Layer& layer, const Box& in, bool linearly) {
  const Image from = image_of(in.shape);
  Box out = empty_box(with_channels(in.shape[0], layer.target));
  const Image to = image_of(out.shape);
  // The centre of pixel i of n lies at (i + 0.5) / n of the extent.
  const auto source = [](std::int64_t i, std::int64_t n, std::int64_t m) {
    return (static_cast<double>(i) + 0.5) * static_cast<double>(m) / static_cast<double>(n) - 0.5;
  };
  const auto inside = [](double p, std::int64_t m) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(p), 0, m - 1);
  };
  for (std::int64_t c = 0; c < to.c; ++c)
    for (std::int64_t y = 0; y < to.h; ++y)
      for (std::int64_t x = 0; x < to.w; ++x) {
        const double sy = source(y, to.h, from.h);
        const double sx = source(x, to.w, from.w);
        if (!linearly) {
          at(out, c, y, x) =
              at(in, c, inside(std::round(sy), from.h), inside(std::round(sx), from.w));
          continue;
        }
        const double fy = std::floor(sy);
        const double fx = std::floor(sx);
        double sum = 0.0;
        for (int j = 0; j < 2; ++j)
          for (int k = 0; k < 2; ++k)
            sum += (j == 0 ? 1.0 - (sy - fy) : sy - fy) * (k == 0 ? 1.0 - (sx - fx) : sx - fx) *
                   at(in, c, inside(fy + j, from.h), inside(fx + k, from.w));
        at(out, c, y, x) = sum;
      }
  return out;
}

Box permute(const Layer& layer, const Box& in) {
  Shape shape;
  for (const std::int64_t axis : layer.target)
    shape.push_back(in.shape[static_cast<std::size_t>(axis)]);
  Box out = empty_box(shape);
  each_place(shape, [&](const Shape& place) {
    Shape from(place.size());
    for (std::size_t a = 0; a < place.size(); ++a)
      from[static_cast<std::size_t>(layer.target[a])] = place[a];
    out.values[flat(shape, place)] = in.values[flat(in.shape, from)];
  });
  return out;
}

/// Row `row` of W x + bias.
double row_sum(const Tensor& weight, const Tensor* bias, std::int64_t row, const double* x) {
  double sum = weight_at(bias, row);
  for (std::int64_t i = 0; i < weight.shape[1]; ++i)
    sum += weight_at(&weight, row * weight.shape[1] + i) * x[i];
  return sum;
}

/// The state after one step.
void lstm_step(const Layer& layer, const double* x, std::vector<double>& h,
               std::vector<double>& c) {
  const auto units = static_cast<std::int64_t>(h.size());
  const auto gate = [&](std::int64_t g, std::int64_t u) {
    const std::int64_t row = g * units + u;
    return row_sum(*layer.weight("input_weight"), layer.weight("bias"), row, x) +
           row_sum(*layer.weight("hidden_weight"), layer.weight("hidden_bias"), row, h.data());
  };
  std::vector<double> next(h.size());
  for (std::int64_t u = 0; u < units; ++u) {
    const auto place = static_cast<std::size_t>(u);
    c[place] = sigmoid(gate(1, u)) * c[place] + sigmoid(gate(0, u)) * std::tanh(gate(2, u));
    next[place] = sigmoid(gate(3, u)) * std::tanh(c[place]);
  }
  h = next;
}

void gru_step(const Layer& layer, const double* x, std::vector<double>& h) {
  const auto units = static_cast<std::int64_t>(h.size());
  const auto from_input = [&](std::int64_t row) {
    return row_sum(*layer.weight("input_weight"), layer.weight("bias"), row, x);
  };
  const auto from_state = [&](std::int64_t row, const std::vector<double>& state) {
    return row_sum(*layer.weight("hidden_weight"), layer.weight("hidden_bias"), row, state.data());
  };
  std::vector<double> next(h.size());
  std::vector<double> reset(h.size());
  std::vector<double> reset_state(h.size());
  for (std::int64_t u = 0; u < units; ++u) {
    const auto place = static_cast<std::size_t>(u);
    reset[place] = sigmoid(from_input(units + u) + from_state(units + u, h));
    reset_state[place] = reset[place] * h[place];
  }
  for (std::int64_t u = 0; u < units; ++u) {
    const auto place = static_cast<std::size_t>(u);
    const std::int64_t row = 2 * units + u;
    const double update = sigmoid(from_input(u) + from_state(u, h));
    const double candidate =
        std::tanh(from_input(row) + (layer.linear_before_reset ? reset[place] * from_state(row, h)
                                                               : from_state(row, reset_state)));
    next[place] = update * h[place] + (1.0 - update) * candidate;
  }
  h = next;
}

Box recurrent(const Layer& layer, const Box& in) {
  const std::int64_t length = in.shape[0];
  const std::int64_t units = layer.weight("hidden_weight")->shape[1];
  Box out = empty_box({length, units});
  std::vector<double> h(static_cast<std::size_t>(units), 0.0);
  std::vector<double> c = h;
  for (std::int64_t step = 0; step < length; ++step) {
    const std::int64_t t = layer.backwards ? length - 1 - step : step;
    const double* x = in.values.data() + t * in.shape[1];
    layer.kind == LayerKind::lstm ? lstm_step(layer, x, h, c) : gru_step(layer, x, h);
    std::copy(h.begin(), h.end(), out.values.begin() + t * units);
  }
  return layer.last_only ? Box{{units}, h} : out;
}

}  // namespace

Box reference_layer(const Layer& layer, const std::vector<const Box*>& inputs) {
  const Box& in = *inputs.at(0);
  switch (layer.kind) {
    case LayerKind::convolution:
      return convolution(layer, in);
    case LayerKind::transposed_convolution:
      return transposed_convolution(layer, in);
    case LayerKind::linear:
      return linear(layer, in);
    case LayerKind::max_pool:
    case LayerKind::average_pool:
      return pool(layer, in, layer.kind == LayerKind::max_pool);
    case LayerKind::global_max_pool:
    case LayerKind::global_average_pool:
      return global_pool(in, layer.kind == LayerKind::global_max_pool);
    case LayerKind::batch_norm:
      return batch_norm(layer, in);
    case LayerKind::layer_norm:
      return layer_norm(layer, in);
    case LayerKind::softmax:
      return softmax(layer, in);
    case LayerKind::add:
    case LayerKind::multiply:
      return combined(layer.kind, in, *inputs.at(1));
    case LayerKind::concat:
      return concat(layer, inputs);
    case LayerKind::resize_nearest:
    case LayerKind::resize_linear:
      return resize(layer, in, layer.kind == LayerKind::resize_linear);
    case LayerKind::flatten:
      return {{static_cast<std::int64_t>(in.values.size())}, in.values};
    case LayerKind::reshape:
      return {layer.target, in.values};
    case LayerKind::permute:
      return permute(layer, in);
    case LayerKind::lstm:
    case LayerKind::gru:
      return recurrent(layer, in);
    default: {
      Box out = in;
      for (double& value : out.values) value = activated(layer, value);
      return out;
    }
  }
}

std::vector<double> reference_run(const Network& network, const std::vector<float>& stamps) {
  const auto size = static_cast<std::size_t>(elements_of(network.input_shape));
  std::vector<double> answers;
  for (std::size_t first = 0; first < stamps.size(); first += size) {
    const auto begin = stamps.begin() + static_cast<std::ptrdiff_t>(first);
    std::vector<Box> results{
        {network.input_shape, {begin, begin + static_cast<std::ptrdiff_t>(size)}}};
    for (std::size_t i = 1; i < network.layers.size(); ++i) {
      std::vector<const Box*> inputs;
      for (const std::size_t input : network.layers[i].inputs) inputs.push_back(&results[input]);
      Box result = reference_layer(network.layers[i], inputs);
      results.push_back(std::move(result));
    }
    answers.insert(answers.end(), results.back().values.begin(), results.back().values.end());
  }
  return answers;
}

}  // namespace polis::test
