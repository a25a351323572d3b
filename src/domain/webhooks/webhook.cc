#include "domain/webhooks/webhook.h"

#include <array>

namespace lakelift::webhooks {
namespace {

json::value time_or_null(const std::optional<Micros>& at) {
  if (!at) return nullptr;
  return json::string(iso8601(*at));
}

constexpr std::string_view kRequests = "requests";
constexpr std::string_view kTransfers = "transfers";

template <typename T>
json::value or_null(const std::optional<T>& value) {
  if (!value) return nullptr;
  return json::value(*value);
}

}  // namespace

std::vector<std::string> names_of(const Hears& hears) {
  std::vector<std::string> out;
  if (hears.requests) out.emplace_back(kRequests);
  if (hears.transfers) out.emplace_back(kTransfers);
  return out;
}

std::optional<Hears> hears_of(const std::vector<std::string>& names) {
  Hears out{false, false};
  for (const auto& name : names) {
    if (name != kRequests && name != kTransfers) return std::nullopt;
    (name == kRequests ? out.requests : out.transfers) = true;
  }
  if (names.empty()) return std::nullopt;
  return out;
}

bool is_heard(const Event& event, const Hears& by) {
  return event.type.starts_with("file.") ? by.transfers : by.requests;
}

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
  json::array events;
  for (const auto& name : names_of(webhook.hears)) events.emplace_back(name);
  return {{"@type", "webhook"},
          {"id", webhook.id},
          {"url", webhook.url},
          {"events", std::move(events)},
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
