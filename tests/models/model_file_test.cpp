// The artifact of kind `model`: what is written is read again; what lies is refused.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"
#include "formats/hdf5_tables.h"
#include "models/check.h"
#include "models/executor.h"
#include "models/import.h"
#include "models/random_network_helpers.h"

namespace polis {
namespace {

using namespace polis::test;

/// The model's tables after `change`, written and sealed again.
Artifact lying(const Network& network, const std::function<void(TableSet&)>& change) {
  TableSet tables = model_artifact(network).as<TableSet>();
  change(tables);
  return Artifact::from_bytes("model", write_tables(tables, {}));
}

void expect_refused(const Artifact& model, const std::string& reason) {
  try {
    load_network(model);
    ADD_FAILURE() << "taken, though: " << reason;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_input) << error.what();
    EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
  }
}

std::vector<float>& values(TableSet& tables, const char* table) {
  return tables.at(table).get<float>("value");
}
std::vector<std::string>& texts(TableSet& tables, const char* table, const char* column) {
  return tables.at(table).get<std::string>(column);
}

TEST(ModelFile, HoldsEveryKindOfLayer) {
  for (int kind = 1; kind <= static_cast<int>(LayerKind::gru); ++kind) {
    for (std::uint64_t index = 0; index < 2; ++index) {
      const Network network = one_layer(static_cast<LayerKind>(kind), index);
      const Artifact model = model_artifact(network);
      const Network read = load_network(Artifact::from_bytes("model", model.bytes()));
      EXPECT_EQ(model_artifact(read).bytes(), model.bytes()) << name_of(network.layers[1].kind);
      const std::vector<float> stamps = random_stamps(network, 2, index);
      EXPECT_EQ(Executor(read).run(stamps), Executor(network).run(stamps));
    }
  }
}

TEST(ModelFile, KeepsCardAndClasses) {
  Network network = small_network(1, 2);
  network.classes = {"bogus", "real"};
  network.normalisation = Normalisation::l2_rows;
  network.card = {{"data_digest", "abc"}, {"metric_auc", "0.99"}, {"limits", "dark sky\nonly"}};
  make_golden_pair(network);
  const Network read = load_network(Artifact::from_bytes("model", model_artifact(network).bytes()));
  EXPECT_EQ(read.card, network.card);
  EXPECT_EQ(read.classes, network.classes);
  EXPECT_EQ(read.normalisation, network.normalisation);
}

TEST(ModelFile, ThatLiesIsRefused) {
  const Network network = small_network(2);
  const auto refused = [&](const std::function<void(TableSet&)>& change, const char* reason) {
    expect_refused(lying(network, change), reason);
  };
  refused([](TableSet& t) { values(t, "values")[5] = NAN; }, "NaN");
  refused([](TableSet& t) { values(t, "values")[5] = INFINITY; }, "infinity");
  refused([](TableSet& t) { values(t, "values")[40] += 0.5F; }, "golden");
  refused([](TableSet& t) { values(t, "golden_output")[0] += 0.01F; }, "golden");
  refused([](TableSet& t) { values(t, "golden_output")[0] = NAN; }, "golden");
  refused([](TableSet& t) { t.at("golden_input").facts["shape"] = "3 1 1 1"; }, "golden");
  refused([](TableSet& t) { t.facts["input_shape"] = "3 50 50"; }, "layer");
  refused([](TableSet& t) { t.facts["input_shape"] = "0 -1"; }, "input shape");
  refused([](TableSet& t) { t.facts["input_shape"] = "many"; }, "integers");
  refused([](TableSet& t) { texts(t, "classes", "name").pop_back(); }, "classes");
  refused([](TableSet& t) { t.facts.erase("normalisation"); }, "normalisation");
  refused([](TableSet& t) { t.facts["normalisation"] = "magic"; }, "magic");
  refused([](TableSet& t) { t.facts["format"] = "polis model 99"; }, "polis model 1");
  refused([](TableSet& t) { texts(t, "layers", "kind")[1] = "teleport"; }, "teleport");
  refused([](TableSet& t) { texts(t, "layers", "kind")[3] = "input"; }, "input");
  refused([](TableSet& t) { texts(t, "layers", "inputs")[0] = "7"; }, "its input");
  refused([](TableSet& t) { texts(t, "layers", "inputs")[1] = "7"; }, "before");
  refused([](TableSet& t) { texts(t, "layers", "inputs")[1] = "-1"; }, "before");
  refused([](TableSet& t) { texts(t, "layers", "inputs")[1] = ""; }, "inputs");
  refused([](TableSet& t) { texts(t, "layers", "options")[1] = "colour=red"; }, "colour");
  refused([](TableSet& t) { texts(t, "layers", "options")[1] = "size=3 3"; }, "window");
  refused([](TableSet& t) { texts(t, "layers", "options")[1] += ";groups=0"; }, "groups");
  refused([](TableSet& t) { texts(t, "weights", "shape")[0] = "9 9"; }, "shape");
  refused([](TableSet& t) { texts(t, "weights", "role")[0] = "ballast"; }, "ballast");
  refused([](TableSet& t) { t.at("weights").get<std::int64_t>("first")[1] = 1 << 30; }, "outside");
  refused([](TableSet& t) { t.at("weights").get<std::int64_t>("first")[1] = -1; }, "outside");
  refused([](TableSet& t) { t.at("weights").get<std::int32_t>("layer")[0] = 999; }, "no layer");
  refused([](TableSet& t) { values(t, "values").resize(10); }, "outside");
  refused([](TableSet& t) { t.tables.pop_back(); }, "golden_output");
  refused([](TableSet& t) { t.tables.erase(t.tables.begin()); }, "layers");
}

/// Changes one entry of one table, or one fact, in a way that a fixed seed gives.
void change_something(TableSet& tables, RandomStream& random) {
  const auto spoil = [&](std::string& text) {
    constexpr std::string_view tempting = "0123456789- =;abx";
    if (text.empty() || random.below(4) == 0) text += tempting[random.below(tempting.size())];
    text[random.below(text.size())] = tempting[random.below(tempting.size())];
  };
  if (random.below(5) == 0) {
    auto fact = tables.facts.begin();
    std::advance(fact, static_cast<std::ptrdiff_t>(random.below(tables.facts.size())));
    return spoil(fact->second);
  }
  Table& table = tables.tables[random.below(tables.tables.size())];
  Column& column = table.columns()[random.below(table.columns().size())];
  if (column.size() == 0) return;
  const std::size_t row = random.below(column.size());
  std::visit(
      [&](auto& entries) {
        auto& entry = entries[row];
        if constexpr (std::is_same_v<std::decay_t<decltype(entry)>, std::string>) {
          spoil(entry);
        } else {
          entry = static_cast<std::decay_t<decltype(entry)>>(1000.0 * random.normal());
        }
      },
      column.values);
}

// Whatever entry changes, under a good seal, the model is refused with a typed error, or the change
// does not alter its answers beyond what the golden pair allows.
TEST(ModelFile, WithAnyEntryChangedIsRefusedOrWorks) {
  for (const bool recurrent : {false, true}) {
    const Network network = recurrent ? one_layer(LayerKind::gru, 3) : small_network(9);
    int refused_count = 0;
    for (std::uint64_t round = 0; round < 60; ++round) {
      RandomStream random(13, recurrent ? "gru" : "small", round);
      try {
        load_network(lying(network, [&](TableSet& t) { change_something(t, random); }));
      } catch (const Error& error) {
        EXPECT_NE(error.kind(), ErrorKind::internal) << error.what();
        ++refused_count;
      }
    }
    EXPECT_GT(refused_count, 20);
  }
}

TEST(ModelFile, IsRefusedIfItIsNone) {
  expect_refused(Artifact::from_bytes("model", to_bytes("this is a poem")), "HDF5");
  expect_refused(Artifact::from_bytes("model", {}), "HDF5");
  TableSet tables;
  Table table("sources");
  table.add({"x", "", "", "", std::vector<double>{1.0}});
  tables.tables.push_back(table);
  expect_refused(Artifact::of("catalog", tables), "no model");
  expect_refused(Artifact::of("model", tables), "does not say");
  Bytes bytes = model_artifact(small_network(3)).bytes();
  bytes.resize(bytes.size() / 2);
  expect_refused(Artifact::from_bytes("model", bytes), "");
}

TEST(ModelFile, VariancesBelowZeroAreRefused) {
  Network network = one_layer(LayerKind::batch_norm, 1);
  network.layers[1].weights["variance"].values[0] = -1.0F;
  EXPECT_THROW(check_network(network), Error);
}

}  // namespace
}  // namespace polis
