// What those who wait for a request hear of it: notices, and events for their webhooks, both written in the transaction
// of the thing itself, so that no crash loses one. Only to those who may see the item.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "domain/slices/request_store.h"
#include "domain/slices/slice_service.h"

namespace lakelift::slices {

// request.done, request.failed, request.cancelled, request.stale: with the detail {request_id, item_id, item, name}
// and: done {rows, bytes, is_stale}; failed {event, reason}; stale {since}.
class Tidings {
 public:
  explicit Tidings(const SliceServiceParts& parts) : parts_(parts) {}

  // The request has become DONE or FAILED in this transaction. `except`: who learns of it anyhow.
  [[nodiscard]] Result<void> ended(metadata::Transaction& tx, std::int64_t request_id,
                                   std::optional<std::int64_t> except = std::nullopt) const;
  // Somebody else has ended the account's waiting.
  [[nodiscard]] Result<void> cancelled(metadata::Transaction& tx, const store::Waiter& waiter) const;
  // What it has is no longer what is there.
  [[nodiscard]] Result<void> stale(metadata::Transaction& tx, std::int64_t request_id, Micros since) const;

 private:
  struct Tiding {
    std::string kind;
    json::object more;
  };
  [[nodiscard]] Result<void> tell_all(metadata::Transaction& tx, const DownloadRequest& request, const Tiding& tiding,
                                      std::optional<std::int64_t> except) const;
  [[nodiscard]] Result<void> tell(metadata::Transaction& tx, const DownloadRequest& request, const Tiding& tiding,
                                  std::int64_t account_id) const;

  const SliceServiceParts& parts_;
};

// What a webhook is told beside the detail: {"request"}, as the account sees it now and with fresh addresses, its item
// by id and name alone; null where the item is gone. Nothing: the account may not hear of it (any more).
[[nodiscard]] Result<std::optional<json::object>> told_now(const SliceServiceParts& parts,
                                                           const accounts::Account& account, std::int64_t request_id,
                                                           const accounts::KeyRing& keys, std::string_view base_url);

}  // namespace lakelift::slices
