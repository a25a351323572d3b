// Where outside engines leave what they have made, before it becomes ours: a bucket, a container or a folder, under a
// prefix that is this server's alone. The engine writes there with its own credentials; we read, and remove.
//
// The stores themselves (S3, Azure, a folder) are made by app, which knows object storage: this folder may not.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"

namespace lakelift::executors {

struct ResultFile {
  std::string name;  // below the prefix that was listed: "part-0.parquet"
  std::uint64_t size_bytes = 0;
};

// Threadsafe; blocks. `folder`: "runs/0198c…/1", no slash at either end. Errors: kUnavailable where it can't be reached
// now, kForbidden where it does not take our credentials; messages name the host, never a secret.
class ResultStore {
 public:
  virtual ~ResultStore() = default;
  // What an engine calls the folder: "s3://bucket/prefix/runs/…/", "abfss://container@account…/…/", "/data/results/…/".
  [[nodiscard]] virtual std::string address_of(const std::string& folder) const = 0;
  // The folder (or file) that an engine's address names. Error: kInvalid where it is not one of this store's.
  [[nodiscard]] virtual Result<std::string> folder_of(const std::string& address) const = 0;
  // All files below the folder, in byte order of their names.
  [[nodiscard]] virtual Result<std::vector<ResultFile>> list(const std::string& folder) = 0;
  // A small file: a manifest. Errors: kNotFound; kTooLarge.
  [[nodiscard]] virtual Result<std::string> read(const std::string& file, std::size_t most_bytes) = 0;
  // The whole file, appended to `output`; its length is verified. Errors: kNotFound; kCancelled.
  [[nodiscard]] virtual Result<void> fetch(const std::string& file, int output, std::stop_token stop) = 0;
  // Everything below the folder; fine where there is nothing.
  [[nodiscard]] virtual Result<void> remove(const std::string& folder) = 0;
};

}  // namespace lakelift::executors
