// A cloud's object storage in memory, and one that misbehaves on command, for tests of CloudStore.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backends/storage/cloud/blob_client.h"

namespace lakelift::storage::testing {

// Threadsafe.
class MemoryBlobs final : public BlobClient {
 public:
  // `lists_all`: also names that are no keys.
  explicit MemoryBlobs(const Clock& clock, bool lists_all = false) : clock_(clock), lists_all_(lists_all) {}

  // Asked before each call ("put", "put_part", "get" …), and its error is the answer.
  using Before = std::function<Result<void>(const std::string& call)>;
  void set_before(Before before);
  // Asked after each call that changed something: the change stays, but its error is the answer.
  void set_after(Before after);
  // What get() answers breaks off after so many bytes; 0: whole.
  void break_reads_after(std::size_t bytes);
  // What get() brings has one bit changed.
  void change_reads(bool changes);
  [[nodiscard]] std::size_t unfinished_count();

  [[nodiscard]] PartLimits part_limits() const override { return {1'000'000, 1'000'000, 1ULL << 32, 100}; }
  Result<void> put(const std::string& key, const Piece& whole) override;
  Result<std::string> begin_parts(const std::string& key) override;
  Result<std::string> put_part(const std::string& key, const std::string& upload, int number,
                               const Piece& part) override;
  Result<void> finish_parts(const std::string& key, const std::string& upload,
                            const std::vector<std::string>& parts) override;
  Result<void> abort_parts(const std::string& key, const std::string& upload) override;
  Result<std::vector<Unfinished>> unfinished() override;
  Result<BlobInfo> look(const std::string& key) override;
  Result<std::unique_ptr<net::TransferAnswer>> get(const std::string& key, const std::string& etag,
                                                   std::uint64_t offset, std::uint64_t length_bytes) override;
  Result<void> remove(const std::string& key) override;
  Result<void> remove_all(const std::vector<std::string>& keys) override;
  Result<BlobPage> list(const std::string& after, std::size_t limit) override;
  Result<std::string> signed_address(const std::string& key, const SignedTerms& terms) override;
  Result<void> check() override;

 private:
  struct Blob {
    std::string content;
    std::string etag;
    Micros modified = 0;
  };
  struct Upload {
    std::string key;
    std::map<int, std::string> parts;
    Micros begun = 0;
  };
  [[nodiscard]] Result<void> before(const std::string& call);
  [[nodiscard]] Result<void> after(const std::string& call);
  [[nodiscard]] Result<void> store(const std::string& key, std::string content);

  const Clock& clock_;
  const bool lists_all_;
  std::mutex mutex_;  // of what follows
  std::map<std::string, Blob> blobs_;
  std::map<std::string, Blob> removed_;  // still read by whoever knows their ETag
  std::map<std::string, Upload> uploads_;
  int numbers_ = 0;
  Before before_;
  Before after_;
  std::size_t break_after_ = 0;
  bool changes_reads_ = false;
};

}  // namespace lakelift::storage::testing
