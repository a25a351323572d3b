// Use case of columnar and catalogue: tables that people bring as CSV become Parquet files of the data folder
// (DATA/tables/<random>/), made by the convert job, before the catalogue looks at them.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/random.h"
#include "base/result.h"
#include "columnar/worker_pool.h"

namespace lakelift::app {

// Threadsafe.
class LocalTables {
 public:
  // `folder` is made when it is missing.
  [[nodiscard]] static Result<LocalTables> open(std::string folder, columnar::WorkerPool& workers, Random& random);

  // Each path that ends in .csv is converted; the others come back as they are. Absolute paths only. Errors: kInvalid
  // (field "paths") for a path that is not absolute or not there; the convert job's own, naming the file.
  [[nodiscard]] Result<std::vector<std::string>> prepare(const std::vector<std::string>& paths,
                                                         const std::vector<std::string>& null_tokens,
                                                         std::stop_token stop);
  // Removes tables that none of `paths_in_use` lies in: left by a crash, or by an item that is gone. At start.
  [[nodiscard]] Result<std::size_t> sweep(const std::vector<std::string>& paths_in_use);

 private:
  LocalTables(std::string folder, columnar::WorkerPool& workers, Random& random)
      : folder_(std::move(folder)), workers_(&workers), random_(&random) {}
  Result<std::string> convert(const std::string& csv, const std::string& to_folder,
                              const std::vector<std::string>& null_tokens, std::stop_token stop);

  std::string folder_;
  columnar::WorkerPool* workers_;
  Random* random_;
};

}  // namespace lakelift::app
