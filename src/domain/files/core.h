// What all calls of this folder stand on.
#pragma once

#include <utility>

#include "domain/files/file_service.h"

namespace lakelift::files {

struct Core {
  FileServiceParts parts;
  FileOptions options;
  Publications* publications = nullptr;
};

// A change on its way, in its transaction.
struct Change {
  const Core& core;
  metadata::Transaction& transaction;
  accounts::Account caller;  // as they are in this transaction
  Micros now = 0;
};

// Who was let in may have been disabled, deleted or demoted since. Error: kUnauthenticated AUTH_TOKEN_MISSING_ACCOUNT.
[[nodiscard]] Result<accounts::Account> caller_now(metadata::Session& session, const accounts::Account& caller);

// Runs `body` in a transaction that writes.
template <typename F>
auto change(const Core& core, const accounts::Account& caller, F&& body) -> std::invoke_result_t<F, Change&> {
  using Answer = std::invoke_result_t<F, Change&>;
  return core.parts.database.write([&](metadata::Transaction& transaction) -> Answer {
    TRY(accounts::Account now, caller_now(transaction, caller));
    Change one{core, transaction, std::move(now), core.parts.clock.now()};
    return body(one);
  });
}

}  // namespace lakelift::files
