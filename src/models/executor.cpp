#include "models/executor.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>
#include <unordered_map>

#include "base/error.h"
#include "kernels/parallel.h"
#include "models/normalise.h"
#include "models/plan.h"
#include "models/simplify.h"

namespace polis {
namespace {

/// What an item's values may take: about twice a core's second-level cache, since the weights of
/// linear layers are read once per item too [bytes].
constexpr std::size_t kCacheBytes = std::size_t{2} << 20;
constexpr std::int64_t kMostStampsPerItem = 16;
constexpr std::size_t kAlignment = 64;

/// Primitives remember the number of threads for which they were made: one.
class OneThread {
 public:
  OneThread() { set_thread_count(1); }
  ~OneThread() { set_thread_count(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_ = thread_count();
};

/// What a thread needs to run a plan: its arena, and the library's views of it.
class Workplace {
 public:
  Workplace(const dnnl::engine& engine, const onednn::Plan& plan)
      : plan_(plan), stream_(engine), arena_(plan.arena_bytes + kAlignment) {
    for (const onednn::Slot& slot : plan.slots) {
      memories_.push_back(slot.constant ? slot.constant
                                        : dnnl::memory(slot.desc, engine, place(slot)));
    }
    for (const onednn::Step& step : plan.steps) {
      arguments_.emplace_back();
      for (const auto& [role, slot] : step.arguments)
        arguments_.back().emplace(role, memories_[slot]);
    }
  }

  float* input() { return static_cast<float*>(memories_[plan_.input].get_data_handle()); }
  const float* output() {
    return static_cast<const float*>(memories_[plan_.output].get_data_handle());
  }
  void run() {
    for (std::size_t i = 0; i < plan_.steps.size(); ++i)
      plan_.steps[i].run.execute(stream_, arguments_[i]);
    stream_.wait();
  }

 private:
  void* place(const onednn::Slot& slot) {
    const auto begin = reinterpret_cast<std::uintptr_t>(arena_.data());
    const std::size_t shift = (kAlignment - begin % kAlignment) % kAlignment;
    const onednn::Slot& home = plan_.slots[slot.home];
    return arena_.data() + shift + home.offset + (&home == &slot ? 0 : slot.offset);
  }

  const onednn::Plan& plan_;
  dnnl::stream stream_;
  std::vector<std::byte> arena_;
  std::vector<dnnl::memory> memories_;
  std::vector<std::unordered_map<int, dnnl::memory>> arguments_;
};

/// A plan and the workplaces that no thread uses at the moment.
class Line {
 public:
  Line(const dnnl::engine& engine, onednn::Plan plan) : engine_(engine), plan_(std::move(plan)) {}

  std::unique_ptr<Workplace> take() {
    {
      const std::scoped_lock guard(lock_);
      if (!free_.empty()) {
        std::unique_ptr<Workplace> place = std::move(free_.back());
        free_.pop_back();
        return place;
      }
    }
    return std::make_unique<Workplace>(engine_, plan_);
  }
  void give_back(std::unique_ptr<Workplace> place) {
    const std::scoped_lock guard(lock_);
    free_.push_back(std::move(place));
  }
  const onednn::Plan& plan() const { return plan_; }

 private:
  const dnnl::engine& engine_;
  onednn::Plan plan_;
  std::mutex lock_;
  std::vector<std::unique_ptr<Workplace>> free_;
};

[[noreturn]] void cannot_run(const dnnl::error& error) {
  throw Error(error.status == dnnl_out_of_memory ? ErrorKind::limit : ErrorKind::bad_input,
              "cannot run the network", executor_version() + ": " + error.what());
}

[[noreturn]] void too_large() {
  throw Error(ErrorKind::limit, "cannot run the network", "it needs more memory than there is");
}

}  // namespace

struct Executor::State {
  Network network;  ///< simplified
  ExecutorOptions options;
  std::string note;
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  std::int64_t input_size = 0, output_size = 0;
  std::unique_ptr<Line> line;    ///< for whole items
  std::unique_ptr<Line> single;  ///< for batches that do not fill one: stamp by stamp

  std::unique_ptr<Line> make_line(std::int64_t stamps) {
    const OneThread alone;
    const onednn::PlanOptions plan{options.precision == Precision::bf16
                                       ? dnnl::memory::data_type::bf16
                                       : dnnl::memory::data_type::f32,
                                   options.winograd};
    return std::make_unique<Line>(engine, onednn::make_plan(engine, network, stamps, plan));
  }

  void run_item(Line& on, std::span<const float> stamps, float* answers) const {
    const OneThread alone;
    std::unique_ptr<Workplace> place = on.take();
    const auto size = static_cast<std::size_t>(input_size);
    const auto room = static_cast<std::size_t>(on.plan().stamps);
    const std::span<float> input(place->input(), room * size);
    for (std::size_t first = 0; first < stamps.size(); first += size) {
      normalise(network.normalisation, network.input_shape, stamps.subspan(first, size),
                input.subspan(first, size));
    }
    std::fill(input.begin() + static_cast<std::ptrdiff_t>(stamps.size()), input.end(), 0.0F);
    place->run();
    const std::size_t answered = stamps.size() / size * static_cast<std::size_t>(output_size);
    std::memcpy(answers, place->output(), answered * sizeof(float));
    on.give_back(std::move(place));
  }
};

Executor::Executor(const Network& network, const ExecutorOptions& options)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.options = options;
  if (options.precision == Precision::bf16 && !onednn::has_bf16()) {
    state.options.precision = Precision::f32;
    state.note = "the network runs in f32 (this processor does not multiply bf16)";
  }
  try {
    state.network = simplify(network);
    state.input_size = elements_of(network.input_shape);
    state.single = state.make_line(1);
    const onednn::Plan& one = state.single->plan();
    state.output_size = 1;
    for (const auto extent : onednn::dims_of(one.slots[one.output].desc))
      state.output_size *= extent;
    std::int64_t stamps = options.stamps_per_item;
    if (stamps < 1) {
      stamps = static_cast<std::int64_t>(kCacheBytes / std::max<std::size_t>(one.arena_bytes, 1));
      stamps = std::clamp<std::int64_t>(stamps, 1, kMostStampsPerItem);
    }
    state.line = state.make_line(stamps);
  } catch (const dnnl::error& error) {
    cannot_run(error);
  } catch (const std::bad_alloc&) {
    too_large();
  }
}

Executor::~Executor() = default;
Executor::Executor(Executor&&) noexcept = default;
Executor& Executor::operator=(Executor&&) noexcept = default;

std::vector<float> Executor::run(std::span<const float> stamps) const {
  const State& state = *state_;
  const auto size = static_cast<std::size_t>(state.input_size);
  if (stamps.size() % size != 0) {
    throw Error(ErrorKind::bad_input, "cannot run the network",
                std::to_string(stamps.size()) + " numbers are no whole number of stamps of " +
                    shape_text(state.network.input_shape));
  }
  const std::size_t count = stamps.size() / size;
  const auto whole = static_cast<std::size_t>(state.line->plan().stamps);
  Line& line = count < whole ? *state.single : *state.line;
  const auto step = static_cast<std::size_t>(line.plan().stamps);
  const auto outputs = static_cast<std::size_t>(state.output_size);
  std::vector<float> answers(count * outputs);
  try {
    parallel_for(static_cast<std::ptrdiff_t>((count + step - 1) / step), [&](std::ptrdiff_t item) {
      const std::size_t first = static_cast<std::size_t>(item) * step;
      const std::size_t last = std::min(count, first + step);
      state.run_item(line, stamps.subspan(first * size, (last - first) * size),
                     answers.data() + first * outputs);
    });
  } catch (const dnnl::error& error) {
    cannot_run(error);
  } catch (const std::bad_alloc&) {
    too_large();
  }
  return answers;
}

std::int64_t Executor::input_size() const { return state_->input_size; }
std::int64_t Executor::output_size() const { return state_->output_size; }
Precision Executor::precision() const { return state_->options.precision; }
const std::string& Executor::note() const { return state_->note; }
int Executor::stamps_per_item() const { return static_cast<int>(state_->line->plan().stamps); }

std::vector<std::string> Executor::steps() const {
  std::vector<std::string> steps;
  for (const onednn::Step& step : state_->line->plan().steps) steps.push_back(step.what);
  return steps;
}

std::string executor_version() { return onednn::version(); }

}  // namespace polis
