// Where outside engines leave their results: a bucket or a container, beside what is kept there or in one of its own.
#pragma once

#include <memory>
#include <string>

#include "backends/executors/results/result_store.h"
#include "backends/storage/cloud/blob_client.h"

namespace lakelift::app {

// What engines call the place "s3://BUCKET[/PREFIX]" or "azure://CONTAINER[/PREFIX]": Azure's by its account,
// "abfss://CONTAINER@ACCOUNT.dfs.core.windows.net[/PREFIX]".
[[nodiscard]] std::string engine_address(const std::string& place, const std::string& azure_account);

// Threadsafe. Errors: the client's (blob_client.h).
class BlobResults final : public executors::ResultStore {
 public:
  // `client` lists all names (S3Options::lists_all) below the prefix that `address` ends with. `address`: what engines
  // call that place, "s3://bucket/prefix/"; it ends in a slash.
  BlobResults(std::unique_ptr<storage::BlobClient> client, std::string address)
      : client_(std::move(client)), address_(std::move(address)) {}

  [[nodiscard]] std::string address_of(const std::string& folder) const override;
  [[nodiscard]] Result<std::string> folder_of(const std::string& address) const override;
  [[nodiscard]] Result<std::vector<executors::ResultFile>> list(const std::string& folder) override;
  [[nodiscard]] Result<std::string> read(const std::string& file, std::size_t most_bytes) override;
  [[nodiscard]] Result<void> fetch(const std::string& file, int output, std::stop_token stop) override;
  [[nodiscard]] Result<void> remove(const std::string& folder) override;
  // One cheap call: is it there, and does it take our credentials.
  [[nodiscard]] Result<void> check() { return client_->check(); }

 private:
  std::unique_ptr<storage::BlobClient> client_;
  const std::string address_;
};

}  // namespace lakelift::app
