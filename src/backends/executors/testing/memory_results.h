// A ResultStore in memory: what an engine left, as a test says.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backends/executors/results/result_store.h"

namespace lakelift::executors::testing {

// Threadsafe.
class MemoryResults final : public ResultStore {
 public:
  explicit MemoryResults(std::string address = "s3://results/lake") : address_(std::move(address)) {}

  void put(const std::string& file, std::string bytes);
  [[nodiscard]] std::vector<std::string> files() const;
  // The next fetches fail so.
  void fail_fetches(std::optional<Error> error);
  // Nothing can be listed, read or fetched, until it is back.
  void go_away(bool is_away);

  [[nodiscard]] std::string address_of(const std::string& folder) const override;
  [[nodiscard]] Result<std::string> folder_of(const std::string& address) const override;
  [[nodiscard]] Result<std::vector<ResultFile>> list(const std::string& folder) override;
  [[nodiscard]] Result<std::string> read(const std::string& file, std::size_t most_bytes) override;
  [[nodiscard]] Result<void> fetch(const std::string& file, int output, std::stop_token stop) override;
  [[nodiscard]] Result<void> remove(const std::string& folder) override;

 private:
  [[nodiscard]] Result<void> check_there() const;

  const std::string address_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> files_;
  std::optional<Error> fetch_error_;
  bool is_away_ = false;
};

}  // namespace lakelift::executors::testing
