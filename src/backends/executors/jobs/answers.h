// What a job tells of a table. A job runs on a cluster, and is not trusted: all is checked.
#pragma once

#include "backends/executors/executor.h"

namespace lakelift::executors {

// Errors: kCorrupt RESULT_BROKEN.
[[nodiscard]] Result<TableDescription> description_of(const json::object& answer);
[[nodiscard]] Result<TableProfile> profile_of(const json::object& answer, std::size_t sample_rows);
[[nodiscard]] Result<std::string> version_of(const json::object& answer);

// A partition by its folders ("key=value/…"), and a digest of its files.
struct FolderState {
  std::string folders;
  std::string digest;
};
// Empty: the table changes as a whole.
[[nodiscard]] Result<std::vector<FolderState>> folder_states_of(const json::object& answer);

// What a table can be cut by: how many rows have which values of its partition columns, and random rows.
struct CutFacts {
  struct Group {
    table::Row values;  // one a partition column
    std::int64_t rows = 0;
  };
  std::int64_t rows = 0;
  std::vector<std::string> partitions;
  std::vector<Group> groups;       // none: not known
  std::vector<table::Row> sample;  // of all columns, in their order
};
[[nodiscard]] Result<CutFacts> cut_facts_of(const json::object& answer, const table::Columns& columns);

}  // namespace lakelift::executors
