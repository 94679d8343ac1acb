// The executor on the architecture of braai (VGG6 on 63 x 63 x 3 stamps, 38 MFLOP), weights of
// noise: stamps per second, and how much of the time the bare convolutions take.
//   models_bench            the rows
//   models_bench --rates N  N rounds of "f32 winograd bf16" stamps/s, a line each: for
//   peers_models.py
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "kernels/parallel.h"
#include "models/executor.h"
#include "models/network_maker.h"
#include "models/plan.h"
#include "models/simplify.h"

namespace {

using namespace polis;

constexpr int kStamps = 512;

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Processor time of this thread: what others do on the machine matters less.
double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

Tensor noise(Shape shape, const char* name) {
  RandomStream random(1, name);
  const double fan = static_cast<double>(elements_of(shape)) / static_cast<double>(shape[0]);
  Tensor tensor{std::move(shape), {}};
  const std::int64_t count = elements_of(tensor.shape);
  for (std::int64_t i = 0; i < count; ++i)
    tensor.values.push_back(static_cast<float>(random.normal() / std::sqrt(fan)));
  return tensor;
}

/// Duev et al. 2019, table 2.
Network braai() {
  NetworkMaker maker({3, 63, 63});
  std::size_t at = 0;
  const auto put = [&](LayerKind kind, const char* name, const Shape& weight, std::int64_t window) {
    Layer layer;
    layer.kind = kind;
    layer.name = name;
    layer.inputs = {at};
    const std::int64_t step = kind == LayerKind::max_pool ? window : 1;
    if (window > 0) layer.window = {{window, window}, {step, step}, {1, 1}, {0, 0}, {0, 0}};
    if (!weight.empty()) {
      layer.weights["weight"] = noise(weight, name);
      layer.weights["bias"] = filled(weight[0], 0.1F);
    }
    at = maker.add(std::move(layer));
  };
  const auto relu = [&](const char* name) { at = maker.add(LayerKind::relu, name, {at}); };
  put(LayerKind::convolution, "conv1", {16, 3, 3, 3}, 3), relu("relu1");
  put(LayerKind::convolution, "conv2", {16, 16, 3, 3}, 3), relu("relu2");
  put(LayerKind::max_pool, "pool1", {}, 2);
  put(LayerKind::convolution, "conv3", {32, 16, 3, 3}, 3), relu("relu3");
  put(LayerKind::convolution, "conv4", {32, 32, 3, 3}, 3), relu("relu4");
  put(LayerKind::max_pool, "pool2", {}, 4);
  put(LayerKind::flatten, "flatten", {}, 0);
  put(LayerKind::linear, "fc_1", {256, 1152}, 0), relu("relu5");
  put(LayerKind::linear, "fc_out", {1, 256}, 0);
  at = maker.add(LayerKind::sigmoid, "sigmoid", {at});
  ImportOptions options;
  options.normalisation = Normalisation::l2_rows;
  return maker.finish(at, {}, options);
}

std::vector<float> stamps() {
  RandomStream random(2, "stamps");
  std::vector<float> values(std::size_t{3} * 63 * 63 * kStamps);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

/// Stamps per second and per processor second.
struct Rate {
  double wall = 0.0, processor = 0.0;
};

Rate rate(const Executor& executor, const std::vector<float>& batch, int threads) {
  set_thread_count(threads);
  const double start = seconds();
  const std::clock_t processor = std::clock();
  executor.run(batch);
  const auto ticks = static_cast<double>(std::clock() - processor);
  return {kStamps / (seconds() - start), kStamps * static_cast<double>(CLOCKS_PER_SEC) / ticks};
}

void print_rates(const Network& network, const std::vector<float>& batch, int rounds) {
  const Executor f32(network);
  const Executor winograd(network, {.winograd = true});
  const Executor bf16(network, {.precision = Precision::bf16});
  for (int round = 0; round < rounds; ++round) {
    for (const Executor* executor : {&f32, &winograd, &bf16}) {
      const Rate r = executor->note().empty() ? rate(*executor, batch, 2) : Rate{};
      std::printf("%.1f %.1f ", r.wall, r.processor);
    }
    std::printf("\n");
  }
}

/// Best time of one run of the body, in processor seconds of this thread.
double best_of(int rounds, const std::function<void()>& body) {
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const double start = thread_seconds();
    body();
    best = std::min(best, thread_seconds() - start);
  }
  return best;
}

/// The convolutions and linear layers of the executor's own plan, each alone in a loop: the time
/// below which no executor built from these primitives can come [s per stamp].
double bare_products(const Network& network, const Executor& executor, bool winograd,
                     dnnl::memory::data_type type) {
  set_thread_count(1);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const int stamps_at_once = executor.stamps_per_item();
  const onednn::Plan plan =
      onednn::make_plan(engine, simplify(network), stamps_at_once, {type, winograd});
  double sum = 0.0;
  for (const onednn::Step& step : plan.steps) {
    if (!step.what.starts_with("convolution") && !step.what.starts_with("linear")) continue;
    std::unordered_map<int, dnnl::memory> arguments;
    for (const auto& [role, slot] : step.arguments) {
      const onednn::Slot& s = plan.slots[slot];
      dnnl::memory memory = s.constant ? s.constant : dnnl::memory(s.desc, engine);
      if (!s.constant) std::memset(memory.get_data_handle(), 0, s.desc.get_size());
      arguments.emplace(role, memory);
    }
    constexpr int repeats = 40;
    sum += best_of(7,
                   [&] {
                     for (int i = 0; i < repeats; ++i) step.run.execute(stream, arguments);
                     stream.wait();
                   }) /
           repeats;
  }
  return sum / stamps_at_once;
}

void print_rows(const Network& network, const std::vector<float>& batch) {
  struct Way {
    const char* name;
    ExecutorOptions options;
    dnnl::memory::data_type type;
  };
  const Way ways[] = {
      {"f32", {}, dnnl::memory::data_type::f32},
      {"f32, Winograd", {.winograd = true}, dnnl::memory::data_type::f32},
      {"bf16", {.precision = Precision::bf16}, dnnl::memory::data_type::bf16},
  };
  const std::vector<float> exact = Executor(network).run(batch);
  for (const Way& way : ways) {
    const Executor executor(network, way.options);
    if (!executor.note().empty()) {
      std::printf("%s: %s\n", way.name, executor.note().c_str());
      continue;
    }
    set_thread_count(1);
    const double alone =
        best_of(7, [&] { executor.run(batch); }) / kStamps;  // processor time: one thread
    const double bare = bare_products(network, executor, way.options.winograd, way.type);
    double two = 0.0;
    for (int round = 0; round < 7; ++round) two = std::max(two, rate(executor, batch, 2).wall);
    std::printf("braai network, %s, 1 thread | %.0f stamps/s | - | - | - |\n", way.name, 1 / alone);
    std::printf("braai network, %s, 2 threads | %.0f stamps/s | - | - | - |\n", way.name, two);
    std::printf(
        "braai network, %s: share of the bare convolutions and linear layers | %.1f %% | %.0f us "
        "of "
        "%.0f us per stamp | - | >= 80 %% |\n",
        way.name, 100 * bare / alone, 1e6 * bare, 1e6 * alone);
    const std::vector<float> answers = executor.run(batch);
    double off = 0.0;
    for (std::size_t i = 0; i < answers.size(); ++i)
      off = std::max(off, static_cast<double>(std::abs(answers[i] - exact[i])));
    std::printf("braai network, %s: largest change of a score | %.1e | - | - | < %s |\n", way.name,
                off, way.options.precision == Precision::bf16 ? "1e-2" : "1e-5");
    for (const std::string& step : executor.steps()) std::printf("# %s\n", step.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Network network = braai();
  const std::vector<float> batch = stamps();
  if (argc == 3 && std::strcmp(argv[1], "--rates") == 0) {
    print_rates(network, batch, std::atoi(argv[2]));
    return 0;
  }
  print_rows(network, batch);
  return 0;
}
