// Every kind of layer, in many random shapes, against the plain reference; and small networks.
#include <gtest/gtest.h>

#include "models/executor.h"
#include "models/network_reference.h"
#include "models/random_network_helpers.h"

namespace polis {
namespace {

using namespace polis::test;

constexpr int kShapes = 16;

class EveryLayer : public testing::TestWithParam<LayerKind> {};

TEST_P(EveryLayer, EqualsThePlainReferenceInManyShapes) {
  for (int index = 0; index < kShapes; ++index) {
    const Network network = one_layer(GetParam(), static_cast<std::uint64_t>(index));
    const std::vector<float> stamps = random_stamps(network, 3, static_cast<std::uint64_t>(index));
    const std::vector<float> answers = Executor(network).run(stamps);
    EXPECT_LT(largest_difference(answers, reference_run(network, stamps)), 2e-5)
        << "shape " << index << ": input " << shape_text(network.input_shape) << ", window "
        << shape_text(network.layers.back().window.size);
  }
}

TEST_P(EveryLayer, IsNearTheReferenceInBf16) {
  for (int index = 0; index < 5; ++index) {
    const Network network = one_layer(GetParam(), static_cast<std::uint64_t>(index));
    const std::vector<float> stamps = random_stamps(network, 3, static_cast<std::uint64_t>(index));
    const Executor executor(network, {.precision = Precision::bf16});
    if (!executor.note().empty()) GTEST_SKIP() << "skipped: " << executor.note();
    EXPECT_LT(largest_difference(executor.run(stamps), reference_run(network, stamps)), 6e-2)
        << "shape " << index << ": input " << shape_text(network.input_shape);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Layers, EveryLayer,
    testing::Values(LayerKind::convolution, LayerKind::transposed_convolution, LayerKind::linear,
                    LayerKind::max_pool, LayerKind::average_pool, LayerKind::global_max_pool,
                    LayerKind::global_average_pool, LayerKind::batch_norm, LayerKind::layer_norm,
                    LayerKind::relu, LayerKind::leaky_relu, LayerKind::gelu, LayerKind::gelu_tanh,
                    LayerKind::swish, LayerKind::sigmoid, LayerKind::tanh, LayerKind::softmax,
                    LayerKind::add, LayerKind::multiply, LayerKind::concat,
                    LayerKind::resize_nearest, LayerKind::resize_linear, LayerKind::flatten,
                    LayerKind::reshape, LayerKind::permute, LayerKind::lstm, LayerKind::gru),
    [](const testing::TestParamInfo<LayerKind>& kind) { return std::string(name_of(kind.param)); });

TEST(SmallNetworks, EqualThePlainReferenceFoldedAndFused) {
  for (std::uint64_t index = 0; index < 12; ++index) {
    const Network network = small_network(index);
    const std::vector<float> stamps = random_stamps(network, 5, index);
    const std::vector<double> expected = reference_run(network, stamps);
    EXPECT_LT(largest_difference(Executor(network).run(stamps), expected), 1e-5) << index;
    const Executor winograd(network, {.winograd = true});
    EXPECT_LT(largest_difference(winograd.run(stamps), expected), 1e-4) << index;
  }
}

}  // namespace
}  // namespace polis
