#include "domain/webhooks/webhook.h"

#include <array>

namespace lakelift::webhooks {
namespace {

json::value time_or_null(const std::optional<Micros>& at) {
  if (!at) return nullptr;
  return json::string(iso8601(*at));
}

template <typename T>
json::value or_null(const std::optional<T>& value) {
  if (!value) return nullptr;
  return json::value(*value);
}

}  // namespace

std::string_view name_of(DeliveryState state) {
  switch (state) {
    case DeliveryState::kWaiting:
      return "WAITING";
    case DeliveryState::kDelivered:
      return "DELIVERED";
    case DeliveryState::kFailed:
      return "FAILED";
    case DeliveryState::kDropped:
      return "DROPPED";
  }
  return "FAILED";
}

DeliveryState delivery_state_of(std::string_view name) {
  for (const DeliveryState state : {DeliveryState::kWaiting, DeliveryState::kDelivered, DeliveryState::kDropped}) {
    if (name == name_of(state)) return state;
  }
  return DeliveryState::kFailed;
}

json::object to_json(const Webhook& webhook) {
  return {{"@type", "webhook"},
          {"id", webhook.id},
          {"url", webhook.url},
          {"created_at", iso8601(webhook.created_at)},
          {"delivered_at", time_or_null(webhook.delivered_at)},
          {"last_error", or_null(webhook.last_error)}};
}

json::object to_json(const Delivery& delivery) {
  const bool waits = delivery.state == DeliveryState::kWaiting;
  return {{"@type", "webhook_delivery"},
          {"id", delivery.id},
          {"type", delivery.event.type},
          {"subject_id", delivery.event.subject_id},
          {"at", iso8601(delivery.at)},
          {"state", name_of(delivery.state)},
          {"attempts", delivery.attempts},
          {"next_attempt_at", waits ? json::value(iso8601(delivery.next_at)) : json::value(nullptr)},
          {"status", or_null(delivery.status)},
          {"error", or_null(delivery.error)},
          {"ended_at", time_or_null(delivery.ended_at)}};
}

}  // namespace lakelift::webhooks
