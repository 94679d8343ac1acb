#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "app/app.h"
#include "base/error.h"

namespace polis::test {

struct Said {
  int code = 0;
  std::string out, err;
};

/// Runs the program with these words and catches what it prints.
inline Said polis_says(std::vector<std::string> words) {
  words.insert(words.begin(), "polis");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const RunnerFactory none = [](const WorkerSettings&, Lake&) -> std::unique_ptr<Runner> {
    throw Error(ErrorKind::internal, "no runner", "this test runs no jobs");
  };
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Said said;
  said.code = app_main(static_cast<int>(words.size()), argv.data(), none);
  said.out = testing::internal::GetCapturedStdout();
  said.err = testing::internal::GetCapturedStderr();
  return said;
}

}  // namespace polis::test
