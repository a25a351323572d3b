#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace lakelift::webhooks {

// What an address is told of; each has events of its own.
struct Hears {
  bool requests = true;    // request.*: the account's slices
  bool transfers = false;  // file.uploaded, file.downloaded: files in the account's place
  bool operator==(const Hears&) const = default;
};
// "requests", "transfers"
[[nodiscard]] std::vector<std::string> names_of(const Hears& hears);
// Nothing where a name is unknown, or there is none.
[[nodiscard]] std::optional<Hears> hears_of(const std::vector<std::string>& names);

// An address that an account has named.
struct Webhook {
  std::int64_t id = 0;
  std::int64_t account_id = 0;
  std::string url;
  std::string key_id;  // of the server's key that its secret is made from
  std::string salt;
  Hears hears;
  Micros created_at = 0;
  std::optional<Micros> delivered_at;     // the last time that it took an event
  std::optional<std::string> last_error;  // why the last attempt failed; nothing: it did not
};

// What happened, as whoever knows of it says it.
struct Event {
  std::string type;        // "download_request.done"
  std::string subject_id;  // of what is told
  json::object detail;     // small; nothing that the account may not see
};

[[nodiscard]] bool is_heard(const Event& event, const Hears& by);

enum class DeliveryState {
  kWaiting,
  kDelivered,
  kFailed,   // given up
  kDropped,  // the account may not hear of it any more
};
[[nodiscard]] std::string_view name_of(DeliveryState state);  // WAITING DELIVERED FAILED DROPPED
[[nodiscard]] DeliveryState delivery_state_of(std::string_view name);

// One event on its way to one webhook.
struct Delivery {
  std::string id;  // what the receiver sees, the same in every attempt
  std::int64_t webhook_id = 0;
  std::int64_t account_id = 0;
  Event event;
  Micros at = 0;  // of the event
  DeliveryState state = DeliveryState::kWaiting;
  int attempts = 0;
  Micros next_at = 0;                  // kWaiting: of the next attempt
  std::optional<std::int64_t> status;  // what the receiver answered last
  std::optional<std::string> error;    // of the last attempt
  std::optional<Micros> ended_at;
};

// {"@type": "webhook", id, url, events, created_at, delivered_at, last_error}; never the secret.
[[nodiscard]] json::object to_json(const Webhook& webhook);
// {"@type": "webhook_delivery", id, type, subject_id, at, state, attempts, next_attempt_at, status, error, ended_at}
[[nodiscard]] json::object to_json(const Delivery& delivery);

}  // namespace lakelift::webhooks
