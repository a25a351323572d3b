// Events of files to their owners' webhooks: a publisher that puts them into the outbox of the webhooks.
#pragma once

#include <string>

#include "backends/events/publisher.h"
#include "backends/metadata/database.h"
#include "domain/webhooks/webhook_service.h"

namespace lakelift::app {

// Of files alone: whose slice is ready hears so already. An event that comes twice is told once.
class WebhookEvents final : public events::Publisher {
 public:
  // Both outlive it.
  WebhookEvents(metadata::Database& database, webhooks::WebhookService& webhooks)
      : database_(database), webhooks_(webhooks) {}
  [[nodiscard]] std::string name() const override { return "webhooks"; }
  [[nodiscard]] Result<events::Published> publish(const std::vector<events::Event>& batch,
                                                  std::stop_token stop) override;

 private:
  metadata::Database& database_;
  webhooks::WebhookService& webhooks_;
};

}  // namespace lakelift::app
