// Counts the connections that read, and keeps those that rest.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "backends/metadata/soci/connection.h"

namespace lakelift::metadata {

// Threadsafe. What was taken is given back before this goes.
class ConnectionPool {
 public:
  explicit ConnectionPool(std::size_t most) : most_(most) {}

  // One that rests, or nothing: then the caller makes one. Either way a place is held until give_back. Errors:
  // kUnavailable where none became free within limits::kDatabaseWaitMs.
  [[nodiscard]] Result<std::unique_ptr<Connection>> take();
  // Nothing: the connection was given up.
  void give_back(std::unique_ptr<Connection> connection);
  // Closes those that rest.
  void clear();

 private:
  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<std::unique_ptr<Connection>> resting_;
  std::size_t taken_ = 0;
};

}  // namespace lakelift::metadata
