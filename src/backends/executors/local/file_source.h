// Turned-round edge: LOCAL sources that are no paths of this machine but files that people uploaded and published. app
// implements this and gives it to the LocalExecutor.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/random_access.h"
#include "base/result.h"

namespace lakelift::executors {

// One table of one Parquet file, as it is now; its bytes stay readable whatever becomes of the file.
struct FileTable {
  std::string name;  // what the job calls it; in messages too: "may.parquet"
  std::shared_ptr<RandomAccess> bytes;
  std::string version;  // another text when the content may be another
};

// Threadsafe.
class FileSource {
 public:
  virtual ~FileSource() = default;
  // Of the source {"file": id}. Makes the Parquet form first where the file is something else: blocks. Errors:
  // kNotFound where the file is gone; kCorrupt; the convert job's.
  [[nodiscard]] virtual Result<FileTable> open(std::int64_t file_id, std::stop_token stop) = 0;
  // Cheap: no data are read.
  [[nodiscard]] virtual Result<std::string> version(std::int64_t file_id) = 0;
};

}  // namespace lakelift::executors
