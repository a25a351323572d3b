#include "backends/net/aws/renewing_source.h"

#include "base/transfer_limits.h"

namespace lakelift::aws {

bool RenewingSource::is_good() const {
  return held_ && !is_refused_ && (held_->expires == 0 || clock_.now() < held_->expires);
}

bool RenewingSource::is_due() const {
  if (!is_good()) return true;
  const bool is_ending =
      held_->expires != 0 && clock_.now() >= held_->expires - limits::kCredentialsEarlySeconds * kMicrosPerSecond;
  return is_ending || (changed_ && changed_());
}

bool RenewingSource::was_tried_lately() const {
  return tried_ && clock_.monotonic() - *tried_ < limits::kCredentialsAgainSeconds * kMicrosPerSecond;
}

std::optional<Result<Credentials>> RenewingSource::answer() const {
  if (!is_due()) return *held_;
  if (is_good() && (is_renewing_ || was_tried_lately())) return *held_;
  if (failure_ && was_tried_lately()) return std::unexpected(*failure_);
  return std::nullopt;
}

Result<Credentials> RenewingSource::get() {
  {
    const std::lock_guard lock(mutex_);
    if (auto known = answer()) return *std::move(known);
  }
  const std::lock_guard turn(renewal_);
  {
    const std::lock_guard lock(mutex_);
    if (auto known = answer()) return *std::move(known);
    is_renewing_ = true;
    tried_ = clock_.monotonic();
  }
  Result<Credentials> fetched = fetch_();
  const std::lock_guard lock(mutex_);
  return keep(std::move(fetched));
}

Result<Credentials> RenewingSource::keep(Result<Credentials> fetched) {
  is_renewing_ = false;
  if (fetched) {
    held_ = *fetched;
    is_refused_ = false;
    failure_.reset();
    return fetched;
  }
  failure_ = fetched.error();
  if (is_good()) return *held_;
  return fetched;
}

void RenewingSource::refuse(const Credentials& refused) {
  const std::lock_guard lock(mutex_);
  if (!held_ || held_->key_id != refused.key_id || held_->session_token != refused.session_token) return;
  // A store that refuses whatever it is given would make us ask for new ones at each call.
  if (!was_tried_lately()) is_refused_ = true;
}

}  // namespace lakelift::aws
