#include "edge/http/edge_loop.h"

#include <poll.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <utility>
#include <vector>

#include "base/log.h"
#include "edge/http/connection.h"

namespace lakelift::http {
namespace {

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr unsigned kTicksPerDepartureCheck = 5;
constexpr std::size_t kScratchBytes = 64 * 1024;

}  // namespace

// Under the lock: the loop does not go while somebody posts to it.
void LoopDoor::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (loop_ != nullptr) loop_->post(std::move(task));
}

void LoopDoor::close() {
  const std::lock_guard lock(mutex_);
  loop_ = nullptr;
}

EdgeLoop::EdgeLoop(const Clock& clock)
    : clock_(clock), work_(boost::asio::make_work_guard(context_)), ticker_(context_), scratch_(kScratchBytes, '\0') {}

EdgeLoop::~EdgeLoop() {
  stop();
  door_->close();
}

void EdgeLoop::start() {
  schedule_tick();
  thread_ = std::thread([this] {
    while (true) {
      try {
        context_.run();
        return;
      } catch (const std::exception& problem) {  // never expected: connections catch their own
        log_error("the edge's loop goes on after an error", {{"problem", problem.what()}});
      }
    }
  });
}

void EdgeLoop::stop() {
  if (!thread_.joinable()) return;
  work_.reset();
  context_.stop();
  thread_.join();
}

void EdgeLoop::post(std::function<void()> task) { boost::asio::post(context_, std::move(task)); }

// A call may end connections, which leave the set, but not at once: they end in posted work.
void EdgeLoop::for_each(const std::function<void(Connection&)>& call) {
  for (Connection* connection : connections_) call(*connection);
}

void EdgeLoop::schedule_tick() {
  ticker_.expires_after(kTick);
  ticker_.async_wait([this](const boost::system::error_code& problem) {
    if (!problem) tick();
  });
}

void EdgeLoop::tick() {
  const Micros now = clock_.monotonic();
  for_each([now](Connection& connection) { connection.tick(now); });
  if (++ticks_ % kTicksPerDepartureCheck == 0) drop_departed();
  schedule_tick();
}

// Those who wait for a topic read nothing, so nobody would notice that they hung up: one poll(2) asks for all of them.
void EdgeLoop::drop_departed() {
  std::vector<pollfd> sockets;
  std::vector<Connection*> waiting;
  for (Connection* connection : connections_) {
    if (!connection->is_waiting()) continue;
    sockets.push_back({connection->socket(), POLLRDHUP, 0});
    waiting.push_back(connection);
  }
  if (sockets.empty() || poll(sockets.data(), sockets.size(), 0) <= 0) return;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    if ((sockets[i].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) waiting[i]->departed();
  }
}

}  // namespace lakelift::http
