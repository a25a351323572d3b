// UNLOAD: a query whose rows Athena writes as Parquet files, and the files that it left.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backends/executors/athena/athena_queries.h"
#include "backends/executors/results/fetched_parts.h"
#include "backends/executors/results/result_store.h"
#include "base/result.h"

namespace lakelift::executors {

// Where one leaves what: "runs/RUN/TOKEN" has data/ (the rows) and query/ (what Athena says of the query).
struct UnloadFolder {
  std::string folder;
  [[nodiscard]] std::string data() const { return folder + "/data"; }
  [[nodiscard]] std::string query() const { return folder + "/query"; }
};
// Of a run and its token, and nothing else: found again after a crash.
[[nodiscard]] UnloadFolder folder_of_run(const std::string& run_id, const std::string& token);

// UNLOAD (select) TO 'address' WITH (…)
[[nodiscard]] std::string unload_sql(const std::string& select, const std::string& address);
// The folder that such a query's text names. Nothing: it is no UNLOAD of ours, or leads elsewhere.
[[nodiscard]] std::optional<UnloadFolder> folder_of_unload(std::string_view sql, const ResultStore& results);

// The files in the folder, with their sizes; they are those of the manifest, where Athena wrote one that we may read.
// Errors: the store's; kCorrupt RESULT_BROKEN: a file of the manifest is not there, or one is there that is not in it.
[[nodiscard]] Result<std::vector<PartFile>> parts_of_unload(const UnloadFolder& folder, const std::string& manifest,
                                                            ResultStore& results);

}  // namespace lakelift::executors
