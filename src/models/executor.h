#pragma once

#include <memory>
#include <span>

#include "models/network.h"

namespace polis {

enum class Precision { f32, bf16 };

struct ExecutorOptions {
  Precision precision = Precision::f32;
  /// 3 x 3 convolutions by Winograd's algorithm (Lavin & Gray 2016): faster, and the last digits of
  /// the answers are less exact. f32 only.
  bool winograd = false;
  /// Stamps that one thread takes through all layers at once; 0: as many as its cache holds.
  int stamps_per_item = 0;
};

/// Runs a network. Primitives are made and weights put into their layouts once, here; what is in
/// work between two layers stays in the cache of the thread that made it. A batch is cut into items
/// of `stamps_per_item`, each run by one thread alone: the answers are the same bytes for any
/// number of threads. May be used from several threads at once.
class Executor {
 public:
  /// The network must be checked (load_network). Errors: bad_input where the library cannot run a
  /// layer.
  explicit Executor(const Network& network, const ExecutorOptions& options = {});
  ~Executor();
  Executor(Executor&&) noexcept;
  Executor& operator=(Executor&&) noexcept;

  /// `stamps`: [count, input shape], before normalisation; returns [count, outputs].
  /// Errors: bad_input (not a whole number of stamps).
  std::vector<float> run(std::span<const float> stamps) const;

  std::int64_t input_size() const;   ///< numbers per stamp
  std::int64_t output_size() const;  ///< numbers per answer
  Precision precision() const;       ///< what it computes in
  /// Why it computes in f32 though bf16 was asked for; empty if it does as asked.
  const std::string& note() const;
  /// What is done with an item, step by step, and by which code of the library.
  std::vector<std::string> steps() const;
  int stamps_per_item() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// "oneDNN 2.6.3".
std::string executor_version();

}  // namespace polis
