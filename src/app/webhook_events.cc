#include "app/webhook_events.h"

#include <algorithm>

#include "domain/accounts/account_store.h"

namespace lakelift::app {
namespace {

// Entries of uploads do not say who somebody is.
Result<std::string> person_of(metadata::Session& session, const ledger::TransferEntry& transfer) {
  if (!transfer.person.empty()) return transfer.person;
  if (transfer.person_id == transfer.subject.owner_id) return transfer.subject.owner;
  TRY(const auto account, accounts::find_account(session, transfer.person_id));
  return account ? account->username : std::string();
}

Result<webhooks::Event> told(metadata::Session& session, const ledger::TransferEntry& transfer) {
  TRY(std::string person, person_of(session, transfer));
  const ledger::TransferSubject& file = transfer.subject;
  return webhooks::Event{
      transfer.kind == ledger::TransferKind::kUpload ? "file.uploaded" : "file.downloaded",
      file.id,
      {{"owner", file.owner}, {"path", file.path}, {"size_bytes", file.size_bytes}, {"person", std::move(person)}}};
}

}  // namespace

Result<events::Published> WebhookEvents::publish(const std::vector<events::Event>& batch, std::stop_token) {
  const events::Published all{batch.size(), {}};
  TRY(const auto listeners,
      database_.read([&](metadata::Session& session) { return webhooks_.who_hears_transfers(session); }));
  const auto is_heard = [&](const events::Event& event) {
    return event.transfer.subject.kind == "file" &&
           std::ranges::find(listeners, event.transfer.subject.owner_id) != listeners.end();
  };
  if (std::ranges::none_of(batch, is_heard)) return all;
  const auto written = database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    for (const events::Event& event : batch) {
      if (!is_heard(event)) continue;
      TRY(const webhooks::Event what, told(transaction, event.transfer));
      TRY_VOID(webhooks_.enqueue(transaction, event.transfer.subject.owner_id, what, {event.id, event.at}));
    }
    return {};
  });
  if (!written) return std::unexpected(written.error());
  return all;
}

}  // namespace lakelift::app
