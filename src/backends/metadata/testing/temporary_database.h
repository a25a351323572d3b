// A database of a test's own that goes with it: a file of SQLite, or a schema of PostgreSQL where
// LAKELIFT_TEST_POSTGRESQL names one. The tests of every folder that keeps something run on both.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "backends/metadata/migration.h"
#include "backends/metadata/soci/sqlite_database.h"
#include "backends/metadata/testing/temporary_folder.h"
#include "backends/metadata/testing/temporary_schema.h"

namespace lakelift::metadata::testing {

// TemporaryDatabase database({ledger::migrations(), accounts::migrations()});  …  database->read(…)
class TemporaryDatabase {
 public:
  explicit TemporaryDatabase(const std::vector<std::vector<Migration>>& folders = {}) {
    if (const std::string server = postgresql_address(); !server.empty()) schema_.emplace(server);
    reopen();
    std::vector<Migration> all;
    for (const auto& folder : folders) all.insert(all.end(), folder.begin(), folder.end());
    const auto migrated = migrate(*database_, all);
    if (!migrated) ADD_FAILURE() << migrated.error().message;
  }
  // Of SQLite's file.
  [[nodiscard]] std::string path() const { return folder_.path() + "/lakelift.db"; }
  [[nodiscard]] const std::string& folder() const { return folder_.path(); }
  Database& operator*() const { return *database_; }
  Database* operator->() const { return database_.get(); }
  void close() { database_.reset(); }
  // As after a start of the program.
  void reopen() {
    close();
    if (schema_) {
      database_ = must_open_postgresql(schema_->address());
      return;
    }
    auto opened = open_sqlite(path());
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      abort();
    }
    database_ = *std::move(opened);
  }

 private:
  TemporaryFolder folder_;
  std::optional<TemporarySchema> schema_;
  std::unique_ptr<Database> database_;
};

}  // namespace lakelift::metadata::testing
