#include "domain/webhooks/sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>

#include "base/log.h"
#include "domain/accounts/lookup.h"
#include "domain/webhooks/delivery_store.h"
#include "domain/webhooks/signing.h"
#include "domain/webhooks/webhook_limits.h"
#include "domain/webhooks/webhook_store.h"

namespace lakelift::webhooks {
namespace {

constexpr int kGone = 410;
constexpr int kMostDoublings = 20;

json::object body_of(const Delivery& delivery, const json::object& rendered) {
  json::object body{{"type", delivery.event.type}, {"at", iso8601(delivery.at)}, {"detail", delivery.event.detail}};
  for (const auto& member : rendered) body[member.key()] = member.value();
  return body;
}

}  // namespace

void Sender::start() {
  if (parts_.database.dialect() == metadata::Dialect::kSqlite) {
    const auto released = parts_.database.write([](metadata::Transaction& tx) { return store::release_all(tx); });
    if (!released) log_error("events of before could not be taken up yet", {{"error", describe(released.error())}});
  }
  for (int i = 0; i < kSenders; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

void Sender::stop() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();  // joins
}

void Sender::wake() {
  {
    const std::lock_guard lock(mutex_);
    ++wakes_;
  }
  wake_.notify_all();
}

void Sender::work(const std::stop_token& stop) {
  std::uint64_t seen = 0;
  while (!stop.stop_requested()) {
    {
      const std::lock_guard lock(mutex_);
      seen = wakes_;
    }
    const auto sent = send_next();
    if (!sent) log_warning("an event could not be sent or noted", {{"error", describe(sent.error())}});
    if (sent && *sent) continue;
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, std::chrono::milliseconds(kSendPollMs), [&] { return wakes_ != seen; });
  }
}

Result<bool> Sender::send_next() {
  const Micros now = parts_.clock.now();
  TRY(const bool due, parts_.database.read([&](metadata::Session& session) { return store::any_due(session, now); }));
  if (!due) return false;
  TRY(auto leased,
      parts_.database.write([&](metadata::Transaction& tx) { return store::lease(tx, now, now + kLeaseMicros); }));
  if (!leased) return false;
  TRY_VOID(send(*std::move(leased)));
  return true;
}

Result<Delivery> Sender::send(Delivery delivery) {
  auto outcome = attempt(delivery);
  if (!outcome) outcome = Outcome{DeliveryState::kWaiting, std::nullopt, outcome.error().message};
  const Micros now = parts_.clock.now();
  const int most = delivery.event.type == kTestEvent ? 1 : kDeliveryAttempts;
  if (outcome->state == DeliveryState::kWaiting && delivery.attempts >= most) outcome->state = DeliveryState::kFailed;
  delivery.state = outcome->state;
  delivery.status = outcome->status;
  delivery.error = outcome->error;
  if (delivery.state == DeliveryState::kWaiting) {
    delivery.next_at = now + pause_after(delivery.attempts);
  } else {
    delivery.ended_at = now;
  }
  const auto settled = parts_.database.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY(const bool ours, store::settle(tx, delivery));
    if (!ours || delivery.state == DeliveryState::kDropped) return {};
    TRY_VOID(store::note(tx, delivery.webhook_id, now, delivery.error));
    if (delivery.state == DeliveryState::kWaiting) return {};
    return store::trim(tx, delivery.webhook_id, now - kKeptMicros);
  });
  if (!settled) return std::unexpected(settled.error());
  parts_.metrics.add("lakelift_webhook_attempts_total", "Attempts at telling a webhook, by what came of them.",
                     {{"outcome", std::string(name_of(delivery.state))}});
  if (delivery.state == DeliveryState::kFailed) {
    log_warning("a webhook was given up on", {{"delivery", delivery.id}, {"error", delivery.error.value_or("")}});
  }
  return delivery;
}

Result<Sender::Outcome> Sender::attempt(const Delivery& delivery) {
  std::optional<Webhook> webhook;
  std::optional<accounts::Account> owner;
  TRY_VOID(parts_.database.read([&](metadata::Session& session) -> Result<void> {
    TRY(webhook, store::find(session, delivery.webhook_id));
    TRY(owner, accounts::find_active(session, delivery.account_id));
    return {};
  }));
  if (!webhook) return Outcome{DeliveryState::kDropped, std::nullopt, "the webhook was removed"};
  if (!owner) return Outcome{DeliveryState::kDropped, std::nullopt, "the account is disabled"};
  std::optional<json::object> rendered = json::object();
  if (delivery.event.type != kTestEvent && render_) {
    try {
      TRY(rendered, render_(*owner, delivery.event));
    } catch (const std::exception& thrown) {
      return fail(Code::kInternal, fmt::format("the event could not be put into words: {}", thrown.what()));
    }
  }
  if (!rendered) return Outcome{DeliveryState::kDropped, std::nullopt, "the account may not hear of it any more"};
  return post(*webhook, delivery, *rendered);
}

Result<Sender::Outcome> Sender::post(const Webhook& webhook, const Delivery& delivery, const json::object& rendered) {
  TRY(const net::Reach reach, check_receiver(webhook.url, rule_));  // as it is configured now
  const std::string secret = secret_of(webhook, parts_.keys);
  if (secret.empty()) {
    return Outcome{DeliveryState::kFailed, std::nullopt,
                   "the server's key behind the webhook's secret was retired: remove the webhook and add it again"};
  }
  std::string body = to_text(body_of(delivery, rendered));
  if (body.size() > kBodyBytes) body = to_text(body_of(delivery, {}));
  net::HttpRequest request;
  request.method = net::HttpMethod::kPost;
  request.url = webhook.url;
  request.headers = signed_headers(secret, delivery.id, parts_.clock.now(), body);
  request.body = std::move(body);
  request.timeout_ms = kSendTimeoutMs;
  request.max_bytes = kAnswerBytes;
  request.reach = reach;
  TRY(const auto answer, parts_.http.send(request));
  if (answer.status >= 200 && answer.status < 300) return Outcome{DeliveryState::kDelivered, answer.status, {}};
  if (answer.status == kGone) {
    return Outcome{DeliveryState::kFailed, answer.status, "the receiver answered 410: it does not want to hear of it"};
  }
  const bool redirects = answer.status >= 300 && answer.status < 400;
  return Outcome{DeliveryState::kWaiting, answer.status,
                 fmt::format("the receiver answered {}{}", answer.status,
                             redirects ? "; redirects are not followed: name the address itself" : "")};
}

// Anywhere up to a bound that doubles: those that failed together do not come back together.
Micros Sender::pause_after(int attempts) const {
  const int doublings = std::clamp(attempts - 1, 0, kMostDoublings);
  const Micros bound = std::min(kLongestPauseMicros, kFirstPauseMicros << doublings);
  return static_cast<Micros>(parts_.random.next() % static_cast<std::uint64_t>(bound + 1));
}

}  // namespace lakelift::webhooks
