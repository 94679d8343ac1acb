// `polis model`: a network comes in as ONNX, is shown, checked and goes out again; files that are
// none are refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/polis_says.h"
#include "formats/onnx.h"
#include "temporary_folder.h"

namespace polis {
namespace {

using test::polis_says;
using test::Said;
using testing::HasSubstr;

/// Two linear layers with a relu between them, as ONNX.
std::string write_small_onnx(const std::string& folder) {
  ForeignGraph graph;
  graph.producer = "test";
  graph.version = 13;
  graph.inputs = {{"x", {-1, 4}}};
  graph.outputs = {{"p", {-1, 1}}};
  graph.tensors["w"] = {{3, 4}, {1, 0, 0, 1, 0, 1, 0, -1, 0, 0, 1, 2}};
  graph.tensors["b"] = {{3}, {0.5F, 0.25F, 0.0F}};
  graph.tensors["v"] = {{1, 3}, {1, -1, 0.5F}};
  graph.nodes = {{"Gemm", "first", {"x", "w", "b"}, {"h"}, {}},
                 {"Relu", "relu", {"h"}, {"r"}, {}},
                 {"Gemm", "second", {"r", "v"}, {"s"}, {}},
                 {"Sigmoid", "sigmoid", {"s"}, {"p"}, {}}};
  for (ForeignNode& node : graph.nodes)
    if (node.op == "Gemm") node.attributes["transB"].integers = {1};
  const Bytes bytes = write_onnx(graph);
  const std::string path = folder + "/small.onnx";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  return path;
}

TEST(ModelVerb, ImportsShowsChecksAndExports) {
  const test::TemporaryFolder folder;
  const std::string onnx = write_small_onnx(folder.path());
  const std::string model = folder.path() + "/small.h5";
  const Said imported = polis_says({"model", "import", onnx, "--to", model, "--class", "real",
                                    "--card", "licence=MIT", "--city", folder.path() + "/city"});
  EXPECT_EQ(imported.code, kAllDone) << imported.err;
  EXPECT_THAT(polis_says({"lake", "list", "--city", folder.path() + "/city"}).out,
              HasSubstr("model: 1"));
  const Said shown = polis_says({"model", "show", model});
  EXPECT_EQ(shown.code, kAllDone) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("18 weights"));
  EXPECT_THAT(shown.out, HasSubstr("card licence: MIT"));
  const Said checked = polis_says({"model", "check", model});
  EXPECT_EQ(checked.code, kAllDone) << checked.err;
  EXPECT_THAT(checked.out, HasSubstr("linear first+relu"));
  const std::string again = folder.path() + "/again.onnx";
  EXPECT_EQ(polis_says({"model", "export", model, "--to", again}).code, kAllDone);
  EXPECT_GT(std::filesystem::file_size(again), 100U);
}

TEST(ModelVerb, RefusesWhatIsNoModel) {
  const test::TemporaryFolder folder;
  const std::string onnx = write_small_onnx(folder.path());
  const Said shown = polis_says({"model", "show", onnx});
  EXPECT_EQ(shown.code, kBadUsage);
  EXPECT_THAT(shown.err, HasSubstr("HDF5"));
  EXPECT_EQ(polis_says({"model", "check", folder.path() + "/none.h5"}).code, kNotThere);
  EXPECT_EQ(polis_says({"model", "praise", onnx}).code, kBadUsage);
  EXPECT_EQ(polis_says({"model", "import", onnx}).code, kBadUsage);
  const Said classes = polis_says({"model", "import", onnx, "--to", folder.path() + "/x.h5",
                                   "--class", "real", "--class", "bogus"});
  EXPECT_EQ(classes.code, kBadUsage);
  EXPECT_THAT(classes.err, HasSubstr("classes"));
}

}  // namespace
}  // namespace polis
