// Many files on their way at once: threads with a connection each, one line of progress, one report at the end.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "edge/cli/session.h"

namespace lakelift::cli {

// What a transfer works with; its thread's own.
struct TransferLane {
  Api& api;
  ProgressSink& progress;  // told of the bytes of this transfer
};

struct Transfer {
  std::string name;         // for messages
  std::uint64_t bytes = 0;  // as far as they are known
  json::object record;      // what is known before: "remote", "local"
  // Gives what is added to the record: "result", "bytes", "sha256". Called once, on some thread.
  std::function<Result<json::object>(const TransferLane& lane)> run;
};

struct TransferOptions {
  int at_once = 1;
  std::string state;           // of the progress: UPLOADING
  std::string done;            // in the summary: "uploaded"
  bool prints_records = true;  // false: stdout has the data, and nothing but them
};

// Runs all, says on stderr what failed and what it came to, and prints the records in their order. What fails does not
// hold up the others, but nothing more is begun once the server is away, does not know the caller, or has no room.
// Error: that of a single transfer; of many, the first one's code and event; kCancelled when interrupted.
[[nodiscard]] Result<void> run_transfers(Session& session, const std::vector<Transfer>& transfers,
                                         const TransferOptions& options);

}  // namespace lakelift::cli
