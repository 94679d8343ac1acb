// ONNX: what is exported is imported again; the onnx package finds no fault with it; networks of
// PyTorch give PyTorch's answers; damaged files are refused.
#include "formats/onnx.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "base/error.h"
#include "formats/protobuf.h"
#include "models/executor.h"
#include "models/import.h"
#include "models/random_network_helpers.h"
#include "temporary_folder.h"

namespace polis {
namespace {

using namespace polis::test;

void write_file(const std::string& path, ByteView bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

Bytes read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return to_bytes(text);
}

std::vector<float> read_floats(const std::string& path) {
  const Bytes bytes = read_file(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

/// Exit code of Debian's Python.
int python(const std::string& arguments) {
  const int status = std::system((std::string(POLIS_PYTHON) + " " + arguments).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

double difference(const std::vector<float>& answers, const std::vector<float>& expected) {
  return largest_difference(answers, {expected.begin(), expected.end()});
}

TEST(Onnx, EveryLayerComesBackFromAnExport) {
  for (int kind = 1; kind <= static_cast<int>(LayerKind::gru); ++kind) {
    for (std::uint64_t index = 0; index < 2; ++index) {
      const Network network = one_layer(static_cast<LayerKind>(kind), index);
      const Bytes bytes = write_onnx(onnx_from_network(network));
      EXPECT_EQ(bytes, write_onnx(onnx_from_network(network)));
      const Network read = network_from_onnx(read_onnx(bytes), {});
      const std::vector<float> stamps = random_stamps(network, 2, index);
      EXPECT_LT(difference(Executor(read).run(stamps), Executor(network).run(stamps)), 1e-5)
          << name_of(static_cast<LayerKind>(kind)) << ' ' << shape_text(network.input_shape);
    }
  }
}

TEST(Onnx, SmallNetworksComeBackFromAnExport) {
  for (std::uint64_t index = 0; index < 6; ++index) {
    const Network network = small_network(index);
    const Network read = network_from_onnx(read_onnx(write_onnx(onnx_from_network(network))),
                                           {.classes = network.classes});
    EXPECT_EQ(read.classes, network.classes);
    const std::vector<float> stamps = random_stamps(network, 3, index);
    EXPECT_LT(difference(Executor(read).run(stamps), Executor(network).run(stamps)), 1e-6);
  }
}

TEST(Onnx, ThePackageFindsNoFaultWithAnExport) {
  if (python("-c 'import onnx' 2>/dev/null") != 0) GTEST_SKIP() << "skipped: no python3-onnx";
  const TemporaryFolder folder;
  for (int kind = 1; kind <= static_cast<int>(LayerKind::gru); ++kind) {
    const std::string path =
        folder.path() + "/" + std::string(name_of(static_cast<LayerKind>(kind))) + ".onnx";
    write_file(path, write_onnx(onnx_from_network(one_layer(static_cast<LayerKind>(kind), 1))));
  }
  write_file(folder.path() + "/small.onnx", write_onnx(onnx_from_network(small_network(1))));
  const std::string check =
      "import glob, onnx\n"
      "for path in sorted(glob.glob(\"" +
      folder.path() +
      "/*.onnx\")):\n"
      "    try:\n"
      "        onnx.checker.check_model(path, full_check=True)\n"
      "    except Exception as error:\n"
      "        raise SystemExit(f\"{path}: {error}\")\n";
  EXPECT_EQ(python("-c '" + check + "'"), 0);
}

TEST(Onnx, NetworksOfPyTorchGiveItsAnswers) {
  const TemporaryFolder folder;
  const std::string script = std::string(POLIS_SOURCE_DIR) + "/tests/models/torch_networks.py";
  const int code = python(script + " " + folder.path() + " > /dev/null");
  if (code == 77) GTEST_SKIP() << "skipped: no python3-torch";
  ASSERT_EQ(code, 0);
  for (const char* name : {"vgg", "residual", "autoencoder", "lstm", "gru", "arithmetic"}) {
    const std::string path = folder.path() + "/" + name;
    const Network network = network_from_onnx(read_onnx(read_file(path + ".onnx")), {});
    const std::vector<float> answers = Executor(network).run(read_floats(path + ".stamps.f32"));
    EXPECT_LT(difference(answers, read_floats(path + ".answers.f32")), 1e-5) << name;
  }
}

TEST(Onnx, UnknownNodesAreRefusedByName) {
  ForeignGraph graph = onnx_from_network(small_network(1));
  graph.nodes[2].op = "Teleport";
  try {
    network_from_onnx(read_onnx(write_onnx(graph)), {});
    FAIL() << "taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_input);
    EXPECT_NE(std::string(error.what()).find("Teleport"), std::string::npos) << error.what();
  }
}

// Whatever bytes change, the file is read as another network or refused with a typed error.
TEST(Onnx, DamagedFilesAreReadOrRefused) {
  for (const LayerKind kind : {LayerKind::convolution, LayerKind::lstm, LayerKind::reshape,
                               LayerKind::resize_linear, LayerKind::concat}) {
    const Bytes good = write_onnx(onnx_from_network(one_layer(kind, 2)));
    int refused = 0;
    for (std::uint64_t round = 0; round < 60; ++round) {
      RandomStream random(11, name_of(kind), round);
      Bytes bytes = good;
      if (round % 4 == 0) bytes.resize(random.below(bytes.size()));
      for (int i = 0; i < 3 && !bytes.empty(); ++i)
        bytes[random.below(bytes.size())] = static_cast<std::byte>(random.below(256));
      try {
        network_from_onnx(read_onnx(bytes), {});
      } catch (const Error& error) {
        EXPECT_NE(error.kind(), ErrorKind::internal) << error.what();
        ++refused;
      }
    }
    EXPECT_GT(refused, 10);
  }
}

TEST(Protobuf, ReadsWhatWasWrittenAndSkipsTheRest) {
  ProtobufWriter inner;
  inner.integer(1, -5).text(2, "ab");
  ProtobufWriter writer;
  writer.integer(1, 300).real(2, 1.5F).text(3, "name").message(4, inner).integer(9, 7);
  ProtobufReader reader(writer.bytes());
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.integer(), 300);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.real(), 1.5F);
  ASSERT_TRUE(reader.next());  // the text is skipped
  ASSERT_TRUE(reader.next());
  ProtobufReader nested(reader.bytes());
  ASSERT_TRUE(nested.next());
  EXPECT_EQ(nested.integer(), -5);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.field(), 9U);
  EXPECT_FALSE(reader.next());
  EXPECT_THROW(reader.integer(), Error);
}

}  // namespace
}  // namespace polis
