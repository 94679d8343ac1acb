// Keras: networks written in its files give the answers that PyTorch gives with the same weights;
// damaged files are refused.
#include "formats/keras.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>

#include "base/error.h"
#include "formats/keras_parts.h"
#include "models/executor.h"
#include "models/import.h"
#include "models/random_network_helpers.h"
#include "temporary_folder.h"

namespace polis {
namespace {

using namespace polis::test;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<float> read_floats(const std::string& path) {
  const std::string bytes = read_file(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

class Keras : public testing::Test {
 protected:
  /// One run of Python for all tests.
  static void SetUpTestSuite() {
    folder = std::make_unique<TemporaryFolder>();
    const std::string script = std::string(POLIS_PYTHON) + " " + POLIS_SOURCE_DIR +
                               "/tests/models/keras_networks.py " + folder->path() + " > /dev/null";
    const int status = std::system(script.c_str());
    code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  static void TearDownTestSuite() { folder.reset(); }
  void SetUp() override {
    if (code == 77) GTEST_SKIP() << "skipped: no python3-torch or python3-h5py";
    ASSERT_EQ(code, 0);
  }
  static std::string path(const std::string& name) { return folder->path() + "/" + name; }

  static inline std::unique_ptr<TemporaryFolder> folder;
  static inline int code = -1;
};

TEST_F(Keras, NetworksGiveTheAnswersOfPyTorch) {
  for (const std::string name : {"residual", "decoder", "series"}) {
    const std::string weights = read_file(path(name) + ".h5");
    const Network network =
        network_from_keras(read_keras(read_file(path(name) + ".json"), as_bytes(weights)), {});
    const std::vector<float> answers =
        Executor(network).run(read_floats(path(name) + ".stamps.f32"));
    const std::vector<float> expected = read_floats(path(name) + ".answers.f32");
    EXPECT_LT(largest_difference(answers, {expected.begin(), expected.end()}), 1e-5) << name;
  }
}

TEST_F(Keras, DamagedArchitecturesAreReadOrRefused) {
  const std::string weights = read_file(path("residual") + ".h5");
  const KerasWeights tensors = read_keras_weights(as_bytes(weights));
  const std::string good = read_file(path("residual") + ".json");
  int refused = 0;
  for (std::uint64_t round = 0; round < 100; ++round) {
    RandomStream random(12, "keras", round);
    std::string text = good;
    if (round % 4 == 0) text.resize(random.below(text.size()));
    constexpr std::string_view tempting = "0123456789-.,:[]{}\"aetnul ";
    for (int i = 0; i < 2 && !text.empty(); ++i)
      text[random.below(text.size())] = tempting[random.below(tempting.size())];
    try {
      ForeignGraph graph = read_keras_architecture(text);
      graph.tensors = tensors.tensors;
      network_from_keras(graph, {});
    } catch (const Error& error) {
      EXPECT_NE(error.kind(), ErrorKind::internal) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 25);
}

TEST_F(Keras, WeightsThatAreNoneAreRefused) {
  const std::string json = read_file(path("series") + ".json");
  const std::string weights = read_file(path("series") + ".h5");
  EXPECT_THROW(read_keras(json, as_bytes("no HDF5")), Error);
  EXPECT_THROW(read_keras({}, as_bytes(weights)), Error);
  const ByteView half = as_bytes(weights).first(weights.size() / 2);
  EXPECT_THROW(read_keras(json, half), Error);
  const std::string other = read_file(path("decoder") + ".h5");
  EXPECT_THROW(network_from_keras(read_keras(json, as_bytes(other)), {}), Error);
}

}  // namespace
}  // namespace polis
