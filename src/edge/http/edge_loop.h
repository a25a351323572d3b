// One thread of the edge: an event loop, the connections that live on it, and the tick that enforces their deadlines.
// Only .cc files of this folder include it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>

#include "base/clock.h"

namespace lakelift::http {

class Connection;
class EdgeLoop;

// A way to a loop for threads that may outlive it: what comes after its end comes to nothing. Threadsafe.
class LoopDoor {
 public:
  explicit LoopDoor(EdgeLoop& loop) : loop_(&loop) {}
  void post(std::function<void()> task);
  void close();

 private:
  std::mutex mutex_;
  EdgeLoop* loop_;
};

class EdgeLoop {
 public:
  explicit EdgeLoop(const Clock& clock);
  ~EdgeLoop();
  EdgeLoop(const EdgeLoop&) = delete;
  EdgeLoop& operator=(const EdgeLoop&) = delete;

  void start();
  // No connection may live on it any more. Joins the thread.
  void stop();

  // From any thread: runs `task` on the loop's thread.
  void post(std::function<void()> task);
  [[nodiscard]] std::shared_ptr<LoopDoor> door() const { return door_; }
  [[nodiscard]] boost::asio::io_context& context() { return context_; }

  // On the loop's thread only.
  void add(Connection& connection) { connections_.insert(&connection); }
  void remove(Connection& connection) { connections_.erase(&connection); }
  void for_each(const std::function<void(Connection&)>& call);
  // A buffer for reading that nobody keeps across a suspension.
  [[nodiscard]] std::string& scratch() { return scratch_; }

 private:
  void schedule_tick();
  void tick();
  void drop_departed();

  const Clock& clock_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer ticker_;
  unsigned ticks_ = 0;
  std::unordered_set<Connection*> connections_;
  std::string scratch_;
  const std::shared_ptr<LoopDoor> door_ = std::make_shared<LoopDoor>(*this);
  std::thread thread_;
};

}  // namespace lakelift::http
