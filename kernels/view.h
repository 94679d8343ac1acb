#pragma once

#include <cassert>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <type_traits>
#include <vector>

namespace polis {

/// An image seen through a pointer: it owns nothing.
///
/// Axis order: y slowest, x fastest. `row(y)[x]` and `(x, y)` are the same pixel. The centre of the
/// first pixel is (0.0, 0.0); FITS and WCS files count from (1.0, 1.0), src/formats converts.
template <class T>
struct View {
  T* data = nullptr;
  std::ptrdiff_t width = 0;
  std::ptrdiff_t height = 0;
  std::ptrdiff_t stride = 0;  ///< elements from one row to the next

  View() = default;
  View(T* data_in, std::ptrdiff_t width_in, std::ptrdiff_t height_in, std::ptrdiff_t stride_in)
      : data(data_in), width(width_in), height(height_in), stride(stride_in) {}
  View(T* data_in, std::ptrdiff_t width_in, std::ptrdiff_t height_in)
      : View(data_in, width_in, height_in, width_in) {}
  /// A view to change is also a view to read.
  template <class U>
  requires(std::is_same_v<T, const U>)
      View(const View<U>& other)  // NOLINT(google-explicit-constructor)
      : View(other.data, other.width, other.height, other.stride) {}

  T* row(std::ptrdiff_t y) const {
    assert(y >= 0 && y < height);
    return data + y * stride;
  }
  T& operator()(std::ptrdiff_t x, std::ptrdiff_t y) const {
    assert(x >= 0 && x < width);
    return row(y)[x];
  }
  bool contains(std::ptrdiff_t x, std::ptrdiff_t y) const {
    return x >= 0 && y >= 0 && x < width && y < height;
  }
  std::ptrdiff_t size() const { return width * height; }
  bool empty() const { return width <= 0 || height <= 0; }
  /// The rectangle of `w` x `h` pixels whose first pixel is (x0, y0); it must lie inside.
  View cut(std::ptrdiff_t x0, std::ptrdiff_t y0, std::ptrdiff_t w, std::ptrdiff_t h) const {
    assert(x0 >= 0 && y0 >= 0 && x0 + w <= width && y0 + h <= height);
    return {data + y0 * stride + x0, w, h, stride};
  }
};

/// Memory on cache-line boundaries, so that the compiler's vector loads need no prologue.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}  // NOLINT(google-explicit-constructor)
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), alignment)); }
  void deallocate(T* p, std::size_t) { ::operator delete(p, alignment); }
  template <class U>
  bool operator==(const AlignedAllocator<U>&) const {
    return true;
  }
};

/// An image that owns its pixels; rows are contiguous.
template <class T>
class Plane {
 public:
  Plane() = default;
  Plane(std::ptrdiff_t width, std::ptrdiff_t height, T value = T{})
      : width_(width), height_(height), pixels_(static_cast<std::size_t>(width * height), value) {}

  std::ptrdiff_t width() const { return width_; }
  std::ptrdiff_t height() const { return height_; }
  std::ptrdiff_t size() const { return width_ * height_; }
  bool empty() const { return pixels_.empty(); }
  T* data() { return pixels_.data(); }
  const T* data() const { return pixels_.data(); }
  T& operator()(std::ptrdiff_t x, std::ptrdiff_t y) { return view()(x, y); }
  const T& operator()(std::ptrdiff_t x, std::ptrdiff_t y) const { return view()(x, y); }
  View<T> view() { return {pixels_.data(), width_, height_}; }
  View<const T> view() const { return {pixels_.data(), width_, height_}; }
  bool operator==(const Plane&) const = default;

 private:
  std::ptrdiff_t width_ = 0;
  std::ptrdiff_t height_ = 0;
  std::vector<T, AlignedAllocator<T>> pixels_;
};

}  // namespace polis
