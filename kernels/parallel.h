#pragma once

#include <omp.h>

#include <cstddef>
#include <exception>

/// The one place that speaks OpenMP. Work is cut into items whose number does not depend on the
/// number of threads, and each item writes only what is its own: that is how the same input gives
/// the same bytes on any number of threads. Sums over items are made by the caller, in item order.
namespace polis {

/// Threads that a parallel region started from this thread will use.
inline int thread_count() { return omp_get_max_threads(); }
inline void set_thread_count(int threads) { omp_set_num_threads(threads < 1 ? 1 : threads); }
/// Index of the calling thread in its team, for scratch memory: 0 <= index < thread_count().
inline int thread_index() { return omp_get_thread_num(); }

/// Calls `body(i)` once for each 0 <= i < count, in any order, on all threads. The first exception
/// (that of the lowest thread to fail) is kept and thrown again after the loop; later items are
/// skipped.
template <class Body>
void parallel_for(std::ptrdiff_t count, Body&& body) {
  if (count <= 0) return;
  if (count == 1 || thread_count() == 1 || omp_in_parallel()) {
    for (std::ptrdiff_t i = 0; i < count; ++i) body(i);
    return;
  }
  std::exception_ptr failure;
  bool failed = false;
#pragma omp parallel for schedule(dynamic, 1)
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    bool skip = false;
#pragma omp atomic read
    skip = failed;
    if (skip) continue;
    try {
      body(i);
    } catch (...) {
#pragma omp critical(polis_parallel_failure)
      if (!failure) failure = std::current_exception();
#pragma omp atomic write
      failed = true;
    }
  }
  if (failure) std::rethrow_exception(failure);
}

/// Calls `body(first, last)` for bands of at most `grain` items that cover 0..count.
template <class Body>
void parallel_bands(std::ptrdiff_t count, std::ptrdiff_t grain, Body&& body) {
  if (count <= 0) return;
  const std::ptrdiff_t step = grain < 1 ? 1 : grain;
  const std::ptrdiff_t bands = (count + step - 1) / step;
  parallel_for(bands, [&](std::ptrdiff_t band) {
    const std::ptrdiff_t first = band * step;
    body(first, first + step < count ? first + step : count);
  });
}

}  // namespace polis
