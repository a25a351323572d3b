#include "backends/executors/athena/pause.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace lakelift::executors {

Pause thread_pause() {
  return [](std::int64_t ms, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop, std::chrono::milliseconds(ms), [] { return false; });
  };
}

}  // namespace lakelift::executors
