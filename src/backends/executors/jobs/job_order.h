// What the script of jobs/spark is told: JSON of fixed keys. SQL comes from executors/sql alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "backends/executors/executor.h"

namespace lakelift::executors {

// One job at an engine.
struct JobOrder {
  std::string kind;    // "slice", "describe", "profile", "version", "cut"
  std::string run;     // a run's id, or that of a look
  std::string token;   // the engine starts it once
  std::string folder;  // in the result store, of this token alone
  json::object text;   // the script's order; `launch` is 1
};

// Tables of one word that are folders of Parquet files: by name, their addresses as Spark takes them.
using Views = std::map<std::string, std::string>;

struct JobPlace {
  std::string run;
  std::string token;
  std::string folder;
  std::string output;  // the folder as the engine calls it
};

// "runs/<run id>/<token>". Error: kInvalid where either is not of letters, digits and "-".
[[nodiscard]] Result<std::string> run_folder(const std::string& run_id, const std::string& token);

// Errors: kInvalid, field "source" or "spec".
[[nodiscard]] Result<JobOrder> slice_order(const RunOrder& order, const Views& views, const JobPlace& place);
// `more`: the kind's own keys (jobs/spark/README.md). Error: kInvalid, field "source".
[[nodiscard]] Result<JobOrder> table_order(std::string kind, const Source& source, const Views& views,
                                           const JobPlace& place, json::object more = {});

}  // namespace lakelift::executors
