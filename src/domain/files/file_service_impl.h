// What FileService holds; its calls are told file by file (looking.cc, uploading.cc, …).
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "domain/files/core.h"

namespace lakelift::files {

class FileService::Impl {
 public:
  Impl(FileServiceParts parts, FileOptions options) : core{parts, options} {}

  // One transaction's worth of either; how many rows went. Nothing left: 0.
  [[nodiscard]] Result<std::int64_t> clean_trash() const;
  [[nodiscard]] Result<std::int64_t> clean_departed() const;
  [[nodiscard]] Result<std::int64_t> clean(std::stop_token stop) const;
  void work(std::stop_token stop);
  void wake();

  Core core;
  std::mutex mutex;
  std::condition_variable_any woken;
  bool has_work = false;
  std::jthread thread;  // last: it uses all the others
};

}  // namespace lakelift::files
