#include "domain/webhooks/webhook_service.h"

#include <fmt/format.h>

#include "base/id.h"
#include "domain/accounts/account_store.h"
#include "domain/webhooks/delivery_store.h"
#include "domain/webhooks/sender.h"
#include "domain/webhooks/signing.h"
#include "domain/webhooks/webhook_limits.h"
#include "domain/webhooks/webhook_store.h"

namespace lakelift::webhooks {
namespace {

constexpr std::size_t kSaltBytes = 16;

ledger::Entry entry_of(std::string kind, const accounts::Account& actor, std::int64_t id) {
  ledger::Entry entry;
  entry.kind = std::move(kind);
  entry.actor = actor.id;
  entry.subject_kind = "webhook";
  entry.subject_id = std::to_string(id);
  return entry;
}

std::unexpected<Error> no_such_webhook(std::int64_t id) {
  return fail(Code::kNotFound, "COULD_NOT_FIND_WEBHOOK", fmt::format("you have no webhook {}", id));
}

}  // namespace

WebhookService::WebhookService(const WebhookParts& parts, ReceiverRule rule)
    : parts_(parts), rule_(std::move(rule)), sender_(std::make_unique<Sender>(parts_, rule_)) {}

WebhookService::~WebhookService() { stop(); }

void WebhookService::on_render(Render render) { sender_->on_render(std::move(render)); }
void WebhookService::start() { sender_->start(); }
void WebhookService::stop() { sender_->stop(); }
Result<bool> WebhookService::send_next() { return sender_->send_next(); }

Result<void> WebhookService::enqueue(metadata::Transaction& transaction, std::int64_t account_id, const Event& event,
                                     const Origin& origin) {
  TRY(const auto webhooks, store::list(transaction, account_id));
  const Micros now = parts_.clock.now();
  for (const Webhook& webhook : webhooks) {
    if (!is_heard(event, webhook.hears) || (origin.at && *origin.at < webhook.created_at)) continue;
    Delivery delivery;
    delivery.id = origin.id.empty() ? "msg_" + uuid_v7(parts_.clock, parts_.random)
                                    : fmt::format("msg_{}_{}", origin.id, webhook.id);
    delivery.webhook_id = webhook.id;
    delivery.account_id = account_id;
    delivery.event = event;
    delivery.at = origin.at.value_or(now);
    delivery.next_at = now;
    TRY_VOID(store::insert(transaction, delivery));
  }
  if (!webhooks.empty()) transaction.after_commit([this] { sender_->wake(); });
  return {};
}

Result<std::vector<std::int64_t>> WebhookService::who_hears_transfers(metadata::Session& session) const {
  return store::who_hears_transfers(session);
}

Result<NewWebhook> WebhookService::add(const accounts::Account& caller, const std::string& url, const Hears& hears) {
  TRY_VOID(check_receiver(url, rule_));
  NewWebhook made;
  made.webhook.account_id = caller.id;
  made.webhook.url = url;
  made.webhook.hears = hears;
  made.webhook.key_id = parts_.keys.newest(accounts::KeyPurpose::kWebhook);
  made.webhook.salt = random_hex(parts_.random, kSaltBytes);
  made.webhook.created_at = parts_.clock.now();
  const std::string secret = secret_of(made.webhook, parts_.keys);
  if (secret.empty()) return fail(Code::kUnavailable, "the server's keys are being changed: try again");
  TRY(made.webhook.id, parts_.database.write([&](metadata::Transaction& tx) -> Result<std::int64_t> {
    TRY_VOID(accounts::check_active(tx, caller.id));
    TRY(const auto present, store::list(tx, caller.id));
    if (present.size() >= kWebhooksPerAccount) {
      return fail(Code::kConflict, "TOO_MANY_WEBHOOKS",
                  fmt::format("an account has {} webhooks at most: remove one first", kWebhooksPerAccount));
    }
    TRY(const std::int64_t id, store::insert(tx, made.webhook));
    TRY_VOID(parts_.ledger.append(tx, entry_of("webhook.added", caller, id)));
    return id;
  }));
  made.secret = shown(secret);
  return made;
}

Result<std::vector<Webhook>> WebhookService::list(const accounts::Account& caller) {
  return parts_.database.read([&](metadata::Session& session) { return store::list(session, caller.id); });
}

Result<void> WebhookService::remove(const accounts::Account& caller, std::int64_t id) {
  return parts_.database.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY(const bool removed, store::remove(tx, caller.id, id));
    if (!removed) return no_such_webhook(id);
    TRY_VOID(parts_.ledger.append(tx, entry_of("webhook.removed", caller, id)));
    return {};
  });
}

Result<Webhook> WebhookService::own(metadata::Session& session, const accounts::Account& caller,
                                    std::int64_t id) const {
  TRY(auto found, store::find(session, id));
  if (!found || found->account_id != caller.id) return no_such_webhook(id);
  return *std::move(found);
}

Result<Delivery> WebhookService::test(const accounts::Account& caller, std::int64_t id) {
  const Micros now = parts_.clock.now();
  Delivery delivery;
  delivery.id = "msg_" + uuid_v7(parts_.clock, parts_.random);
  delivery.webhook_id = id;
  delivery.account_id = caller.id;
  delivery.event = {std::string(kTestEvent), std::to_string(id), {}};
  delivery.at = delivery.next_at = now;
  delivery.attempts = 1;
  TRY_VOID(parts_.database.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY(const Webhook webhook, own(tx, caller, id));
    delivery.account_id = webhook.account_id;
    return store::insert(tx, delivery, now + kLeaseMicros);
  }));
  return sender_->send(std::move(delivery));
}

Result<std::vector<Delivery>> WebhookService::deliveries(const accounts::Account& caller, std::int64_t id) {
  return parts_.database.read([&](metadata::Session& session) -> Result<std::vector<Delivery>> {
    TRY_VOID(own(session, caller, id));
    return store::list_deliveries(session, id, kListedDeliveries);
  });
}

Result<void> WebhookService::farewell(metadata::Transaction& transaction, const accounts::Account& leaving,
                                      std::optional<std::int64_t>) {
  return store::remove_all(transaction, leaving.id);
}

}  // namespace lakelift::webhooks
