#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "lake/files.h"

namespace polis::test {

/// What a power cut would be: no destructor of the lake may help, nothing catches it on its way.
struct PowerCut {};

/// A file system that fails, or goes dark, before its n-th change.
class FaultyFiles final : public Files {
 public:
  enum class Fault { none, power_cut, disk_full };
  struct Plan {
    Fault fault = Fault::none;
    int steps_before = 0;
    int steps = 0;  ///< changes so far
  };
  explicit FaultyFiles(std::shared_ptr<Plan> plan) : plan_(std::move(plan)) {}

  void make_folder(const std::string& path) override { step(path), real_->make_folder(path); }
  void write_new(const std::string& path, ByteView bytes) override {
    if (plan_->fault == Fault::power_cut && plan_->steps == plan_->steps_before) {
      real_->write_new(path, bytes.first(bytes.size() / 2));  // half of it had reached the disk
    }
    step(path);
    real_->write_new(path, bytes);
  }
  bool link(const std::string& path, const std::string& name) override {
    return step(name), real_->link(path, name);
  }
  void sync_folder(const std::string& path) override { step(path), real_->sync_folder(path); }
  void remove(const std::string& path) override { step(path), real_->remove(path); }
  bool rename(const std::string& from, const std::string& to) override {
    return step(to), real_->rename(from, to);
  }
  bool exists(const std::string& path) const override { return real_->exists(path); }
  std::optional<Bytes> read(const std::string& path) const override { return real_->read(path); }
  void list(const std::string& path,
            const std::function<void(std::string_view, std::uint64_t)>& visit) const override {
    real_->list(path, visit);
  }

 private:
  void step(const std::string& path) {
    if (plan_->fault == Fault::none || plan_->steps++ != plan_->steps_before) return;
    if (plan_->fault == Fault::power_cut) throw PowerCut{};
    throw Error(ErrorKind::no_space, "cannot write " + path, "No space left on device");
  }
  std::shared_ptr<Plan> plan_;
  std::unique_ptr<Files> real_ = make_posix_files();
};

}  // namespace polis::test
