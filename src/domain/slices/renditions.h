// A finished result in the formats that people ask for. Parquet is the result itself; the others are made from it once,
// by a worker program, and kept.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "backends/storage/object_store.h"
#include "columnar/job.h"
#include "domain/objects/object_keeper.h"
#include "domain/slices/download_request.h"

namespace lakelift::slices {

// Writes the Parquet file `input` (of `input_bytes`) in `format` to `output`; returns the rows written.
using Convert = std::function<Result<std::int64_t>(int input, std::uint64_t input_bytes, columnar::Format format,
                                                   int output, std::stop_token stop)>;

// What is known of a result that renditions are made of.
struct ResultObject {
  std::int64_t request_id = 0;
  std::int64_t result_id = 0;
  std::string object_key;
  std::uint64_t size_bytes = 0;
  std::string sha256;
  std::int64_t rows = 0;
};

// "nycflights13.flights-12.csv": letters, digits, "._-" of the item's name; anything else becomes "_".
[[nodiscard]] std::string file_name_of(std::string_view item_name, std::int64_t request_id, columnar::Format format);

// Threadsafe.
class Renditions {
 public:
  Renditions(metadata::Database& database, const ledger::Ledger& ledger, storage::ObjectStore& store,
             objects::ObjectKeeper& keeper, const Clock& clock, Convert convert);

  // Blocks while it is being made. Those of this process who want the same at once share one making; if its maker is
  // stopped, one of them goes on. The file name is left to the caller. Errors: kCancelled; kCorrupt, also where the
  // result itself is damaged (ObjectKeeper::open_verified); the worker's.
  [[nodiscard]] Result<Rendition> get(const ResultObject& result, columnar::Format format, std::stop_token stop);
  // Every wait and making ends with kCancelled from now on.
  void stop();

 private:
  using Key = std::pair<std::int64_t, columnar::Format>;

  // One making, for all who want the same at the same time.
  struct Making {
    std::optional<Result<Rendition>> outcome;
  };

  [[nodiscard]] Result<Rendition> share(const Key& key, const ResultObject& result, std::stop_token stop);
  [[nodiscard]] Result<std::optional<Rendition>> find(const Key& key);
  [[nodiscard]] Result<Rendition> find_or_make(const Key& key, const ResultObject& result, std::stop_token stop);
  [[nodiscard]] Result<storage::ObjectInfo> make(const ResultObject& result, columnar::Format format,
                                                 const objects::PendingObject& pending, std::stop_token stop);
  [[nodiscard]] Result<Rendition> keep(const Key& key, const ResultObject& result, const storage::ObjectInfo& made,
                                       const objects::PendingObject& pending);

  metadata::Database& database_;
  const ledger::Ledger& ledger_;
  storage::ObjectStore& store_;
  objects::ObjectKeeper& keeper_;
  const Clock& clock_;
  const Convert convert_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<Key, std::shared_ptr<Making>> makings_;
  std::stop_source stop_;
};

}  // namespace lakelift::slices
