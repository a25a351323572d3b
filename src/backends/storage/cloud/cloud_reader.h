// An object in a cloud, read by ranged calls: one call at a time, which is read on while the reader goes forward.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "backends/storage/cloud/blob_client.h"
#include "base/random_access.h"

namespace lakelift::storage {

// What a client's error is for who stores and reads: that an answer makes no sense, or that the storage does not take
// our credentials, is neither damage to an object nor a refusal of the caller, but kUnavailable. Hosts and codes go to
// the log alone.
[[nodiscard]] Error as_stores_say(Error error);

// Threadsafe; `client` outlives it. Errors of read_at(): the client's, as stores say them; kNotFound once the object is
// removed.
class CloudReader final : public RandomAccess {
 public:
  CloudReader(BlobClient& client, std::string key, BlobInfo info)
      : client_(client), key_(std::move(key)), info_(std::move(info)) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return info_.size_bytes; }
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override;

 private:
  [[nodiscard]] Result<void> seek(std::uint64_t offset, std::uint64_t wanted_bytes);

  BlobClient& client_;
  const std::string key_;
  const BlobInfo info_;
  std::mutex mutex_;                             // of what follows
  std::unique_ptr<net::TransferAnswer> answer_;  // stands at `at_`, and has bytes until `end_`
  std::uint64_t at_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t last_call_bytes_ = 0;
};

}  // namespace lakelift::storage
