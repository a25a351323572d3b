#include "backends/storage/cloud/cloud_reader.h"

#include <algorithm>

#include "base/log.h"

namespace lakelift::storage {

Error as_stores_say(Error error) {
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kCorrupt:
    case Code::kForbidden:
    case Code::kDeadline:
      break;
    default:
      return error;
  }
  log_warning("the storage failed", {{"error", describe(error)}});
  if (error.event == "STORAGE_REFUSED") {
    return {Code::kUnavailable, error.event, "the storage refuses this server: tell whoever runs it", {}};
  }
  return {
      Code::kUnavailable, "STORAGE_UNAVAILABLE", "the storage does not answer as it should: try again in a moment", {}};
}

// Who reads on gets larger and larger calls; who reads here and there, no more than asked for.
Result<void> CloudReader::seek(std::uint64_t offset, std::uint64_t wanted_bytes) {
  if (answer_ && offset == at_ && at_ < end_) return {};
  const bool reads_on = offset == at_ && last_call_bytes_ > 0;
  answer_.reset();
  std::uint64_t length = std::max(wanted_bytes, limits::kFirstReadBytes);
  if (reads_on) length = std::max(wanted_bytes, std::min(limits::kMostReadBytes, last_call_bytes_ * 4));
  length = std::min(length, info_.size_bytes - offset);
  auto answer = client_.get(key_, info_.etag, offset, length);
  if (!answer) return std::unexpected(as_stores_say(std::move(answer).error()));
  answer_ = *std::move(answer);
  at_ = offset;
  end_ = offset + length;
  last_call_bytes_ = length;
  return {};
}

Result<std::size_t> CloudReader::read_at(std::uint64_t offset, std::span<std::byte> out) {
  if (offset >= info_.size_bytes) return 0;
  out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), info_.size_bytes - offset)));
  const std::lock_guard lock(mutex_);
  std::size_t done = 0;
  int breaks = 0;
  while (done < out.size()) {
    TRY_VOID(seek(offset + done, out.size() - done));
    const std::size_t most = static_cast<std::size_t>(std::min<std::uint64_t>(out.size() - done, end_ - at_));
    auto got = answer_->read(out.subspan(done, most));
    if (got && *got == 0) got = fail(Code::kUnavailable, "STORAGE_UNAVAILABLE", "the storage sent less than it said");
    if (!got) {  // it broke off: another call goes on from here
      answer_.reset();
      if (++breaks < limits::kAttempts) continue;
      return std::unexpected(as_stores_say(std::move(got).error()));
    }
    at_ += *got;
    done += *got;
    if (at_ == end_) answer_.reset();
  }
  return done;
}

}  // namespace lakelift::storage
