#include "backends/metadata/soci/connection_pool.h"

#include <chrono>

#include "base/limits.h"

namespace lakelift::metadata {

Result<std::unique_ptr<Connection>> ConnectionPool::take() {
  std::unique_lock lock(mutex_);
  const bool got =
      given_back_.wait_for(lock, std::chrono::milliseconds(limits::kDatabaseWaitMs), [&] { return taken_ < most_; });
  if (!got) return fail(Code::kUnavailable, "the database is busy: try again");
  ++taken_;
  if (resting_.empty()) return nullptr;
  auto connection = std::move(resting_.back());
  resting_.pop_back();
  return connection;
}

void ConnectionPool::give_back(std::unique_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    --taken_;
    if (connection != nullptr) resting_.push_back(std::move(connection));
  }
  given_back_.notify_one();
}

void ConnectionPool::clear() {
  const std::lock_guard lock(mutex_);
  resting_.clear();
}

}  // namespace lakelift::metadata
