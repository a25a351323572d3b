// Telling a person's own programs what happened: signed, at least once, under an id that stays the same.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "backends/metadata/migration.h"
#include "backends/net/http_client.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "domain/accounts/account.h"
#include "domain/accounts/farewell.h"
#include "domain/accounts/key_ring.h"
#include "domain/webhooks/receiver_rule.h"
#include "domain/webhooks/webhook.h"

namespace lakelift::webhooks {

struct WebhookParts {
  metadata::Database& database;
  const ledger::Ledger& ledger;
  const accounts::KeyRing& keys;
  net::HttpClient& http;
  const Clock& clock;
  Random& random;
  Metrics& metrics;
};

// What the body says beside type, at and detail, as the owner may see it now; nothing: they may not hear of it any
// more, and it is not sent. Called at each attempt, on any thread.
using Render = std::function<Result<std::optional<json::object>>(const accounts::Account& owner, const Event& event)>;

// What `test` sends: one attempt, nothing but type, at and an empty detail.
inline constexpr std::string_view kTestEvent = "webhook.test";

// Of an event that may be enqueued again: under the same id it is told once. And that happened before it is enqueued:
// webhooks that were added later do not hear of it.
struct Origin {
  std::string id;  // a UUID; empty: enqueued once
  std::optional<Micros> at = std::nullopt;
};

struct NewWebhook {
  Webhook webhook;
  std::string secret;  // "whsec_…": shown this once, stored nowhere
};

// Threadsafe.
class WebhookService final : public accounts::FarewellListener {
 public:
  WebhookService(const WebhookParts& parts, ReceiverRule rule);
  ~WebhookService() override;  // stop()

  void on_render(Render render);  // set before start()
  // From now on events are sent, in the background; what a crash left is taken up.
  void start();
  void stop();

  // Becomes true with the transaction: from then on each webhook of the account that hears such events will be told,
  // whatever crashes.
  [[nodiscard]] Result<void> enqueue(metadata::Transaction& transaction, std::int64_t account_id, const Event& event,
                                     const Origin& origin = {});
  // Accounts with a webhook that hears transfers.
  [[nodiscard]] Result<std::vector<std::int64_t>> who_hears_transfers(metadata::Session& session) const;

  // Errors: check_receiver()'s; kConflict TOO_MANY_WEBHOOKS.
  [[nodiscard]] Result<NewWebhook> add(const accounts::Account& caller, const std::string& url,
                                       const Hears& hears = {});
  // The caller's, oldest first.
  [[nodiscard]] Result<std::vector<Webhook>> list(const accounts::Account& caller);
  // What is on its way to it is not sent any more. Error, here and below: kNotFound COULD_NOT_FIND_WEBHOOK, also for
  // another account's.
  [[nodiscard]] Result<void> remove(const accounts::Account& caller, std::int64_t id);
  // Sends a test at once; the delivery says what came of it. Blocks for kSendTimeoutMs at most.
  [[nodiscard]] Result<Delivery> test(const accounts::Account& caller, std::int64_t id);
  // Newest first, kListedDeliveries at most.
  [[nodiscard]] Result<std::vector<Delivery>> deliveries(const accounts::Account& caller, std::int64_t id);
  // Sends what is due for longest; false where nothing is. Called by the threads; by tests without them.
  [[nodiscard]] Result<bool> send_next();

  // An account's webhooks go with it.
  [[nodiscard]] Result<void> farewell(metadata::Transaction& transaction, const accounts::Account& leaving,
                                      std::optional<std::int64_t> actor) override;

 private:
  [[nodiscard]] Result<Webhook> own(metadata::Session& session, const accounts::Account& caller, std::int64_t id) const;

  const WebhookParts parts_;
  const ReceiverRule rule_;
  std::unique_ptr<class Sender> sender_;
};

[[nodiscard]] std::vector<metadata::Migration> migrations();  // of webhooks

}  // namespace lakelift::webhooks
