// One call of Azure Blob Storage: signed anew for each attempt, tried again as cloud/retry.h says.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backends/net/transport.h"
#include "backends/storage/azure/account.h"
#include "backends/storage/azure/answers.h"
#include "backends/storage/azure/azure_client.h"
#include "backends/storage/cloud/retry.h"
#include "base/clock.h"
#include "base/result.h"

namespace lakelift::storage {

struct AzureRequest {
  std::string method;
  std::string path;                                             // encoded
  std::vector<std::pair<std::string, std::string>> query = {};  // not encoded
  net::Headers headers = {};
  net::TransferBody body = {};
  int streams_at = 0;  // the status whose body is left to the caller; 0: none's
};

// Threadsafe.
class AzureCalls {
 public:
  AzureCalls(AzureAccount account, const AzureParts& parts)
      : account_(std::move(account)),
        transport_(parts.transport),
        clock_(parts.clock),
        retries_(parts.random, parts.sleep) {}

  // The last answer, whatever it says. Errors: kUnavailable STORAGE_UNAVAILABLE, kForbidden STORAGE_REFUSED: not even
  // an answer came; kCorrupt; what reading the body says.
  [[nodiscard]] Result<AzureAnswer> send(const AzureRequest& request);
  [[nodiscard]] std::unexpected<Error> refusal(const AzureAnswer& answer) const {
    return azure_refusal(answer, account_.host, account_.container);
  }
  [[nodiscard]] const AzureAccount& account() const { return account_; }
  // As the service's clock has it, as far as is known.
  [[nodiscard]] Micros now() const { return clock_.now() + skew_; }

 private:
  [[nodiscard]] Result<AzureAnswer> send_once(const AzureRequest& request, Micros at);
  // Whether the answer tells that our clock is off; now() is right from then on.
  [[nodiscard]] bool learns_skew(const Result<AzureAnswer>& answer, Micros sent_at);
  [[nodiscard]] std::unexpected<Error> explain(Error error) const;

  AzureAccount account_;
  net::Transport& transport_;
  const Clock& clock_;
  Retries retries_;
  std::atomic<Micros> skew_ = 0;
};

}  // namespace lakelift::storage
