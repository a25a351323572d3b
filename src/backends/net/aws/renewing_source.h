// Credentials that come to an end, or whose file changes: kept, and brought anew in time.
#pragma once

#include <functional>
#include <mutex>
#include <optional>

#include "backends/net/aws/credentials.h"

namespace lakelift::aws {

// Threadsafe: one thread renews; the others use what is still good, or wait for it.
class RenewingSource final : public CredentialsSource {
 public:
  using Fetch = std::function<Result<Credentials>()>;
  using Changed = std::function<bool()>;  // whether what fetch() would give is another than it gave; threadsafe

  RenewingSource(const Clock& clock, Fetch fetch, Changed changed = {})
      : clock_(clock), fetch_(std::move(fetch)), changed_(std::move(changed)) {}

  Result<Credentials> get() override;
  void refuse(const Credentials& refused) override;

 private:
  // All of these with mutex_ held.
  [[nodiscard]] bool is_good() const;
  [[nodiscard]] bool is_due() const;
  [[nodiscard]] bool was_tried_lately() const;
  // What can be said without a renewal.
  [[nodiscard]] std::optional<Result<Credentials>> answer() const;
  Result<Credentials> keep(Result<Credentials> fetched);

  const Clock& clock_;
  const Fetch fetch_;
  const Changed changed_;
  std::mutex renewal_;  // who holds it fetches; taken before mutex_
  std::mutex mutex_;
  std::optional<Credentials> held_;
  std::optional<Error> failure_;  // of the last renewal
  std::optional<Micros> tried_;   // on the monotonic clock
  bool is_refused_ = false;
  bool is_renewing_ = false;
};

}  // namespace lakelift::aws
