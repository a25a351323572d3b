// Takes events from the database and sends them, on threads of its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "domain/webhooks/webhook_service.h"

namespace lakelift::webhooks {

// Threadsafe.
class Sender {
 public:
  Sender(const WebhookParts& parts, const ReceiverRule& rule) : parts_(parts), rule_(rule) {}
  ~Sender() { stop(); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void on_render(Render render) { render_ = std::move(render); }
  // Where this process is the only one of the database, what a dead one was sending is sent again at once.
  void start();
  // Waits for the calls that go on.
  void stop();
  // There may be something to send.
  void wake();
  // Sends what is due for longest. False where nothing is due. Errors of the database only.
  [[nodiscard]] Result<bool> send_next();
  // One attempt at a delivery that the caller has leased; as it is stored then.
  [[nodiscard]] Result<Delivery> send(Delivery delivery);

 private:
  // What came of an attempt.
  struct Outcome {
    DeliveryState state = DeliveryState::kWaiting;  // kWaiting: it failed, and may not next time
    std::optional<std::int64_t> status;
    std::optional<std::string> error;
  };
  void work(const std::stop_token& stop);
  [[nodiscard]] Result<Outcome> attempt(const Delivery& delivery);
  [[nodiscard]] Result<Outcome> post(const Webhook& webhook, const Delivery& delivery, const json::object& rendered);
  [[nodiscard]] Micros pause_after(int attempts) const;

  const WebhookParts parts_;
  const ReceiverRule rule_;
  Render render_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::uint64_t wakes_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace lakelift::webhooks
