// Use case of columnar and objects: the Parquet form of a file's content, as an object of its own.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "app/table_format.h"
#include "backends/storage/object_store.h"
#include "columnar/worker_pool.h"
#include "domain/objects/object_keeper.h"

namespace lakelift::app {

struct TableMakerParts {
  objects::ObjectKeeper& keeper;
  storage::ObjectStore& store;
  columnar::WorkerPool& workers;
};

struct MadeTable {
  objects::Reference table;
  // Keeps sweeps away until a row refers to the table; ObjectKeeper::abandon where none ever will.
  std::unique_ptr<objects::PendingObject> pending;
};

// What is made of which content, and how.
struct TableOrder {
  std::string name;  // "may.csv": in messages
  objects::Reference content;
  TableFormat format;
  std::vector<std::string> null_tokens;
};

// Converts by a worker program, within its limits; blocks. Errors: kCorrupt STORED_OBJECT_BROKEN; the job's: kInvalid,
// kCorrupt, kUnsupported where the content is not what the name says; kCancelled.
[[nodiscard]] Result<MadeTable> make_table(const TableMakerParts& parts, const TableOrder& order, std::stop_token stop);

}  // namespace lakelift::app
