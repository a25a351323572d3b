// An engine in memory for tests: it describes the tables it was given, "runs" by writing the bytes it was told to, and
// can be held at a gate, made to fail, and asked what it was ordered to do.
//
//   FakeExecutor fake;
//   fake.set_table("shop.sales", description);     // Source {"table": "shop.sales"}
//   fake.set_result("PAR1…", RunReport{.rows = 3});
//   fake.close_gate();                             // run() blocks …
//   fake.wait_for_runs(1);                         // … the test knows that it got there …
//   fake.open_gate();                              // … and lets it go on
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backends/executors/executor.h"

namespace lakelift::executors::testing {

// Threadsafe.
class FakeExecutor final : public Executor {
 public:
  explicit FakeExecutor(ExecutorType type = ExecutorType::kLocal) : type_(type) {}

  // A table is found by the canonical JSON text of its source; this name stands for {"table": name}.
  void set_table(const std::string& name, TableDescription description);
  void set_table(const Source& source, TableDescription description);
  // What profile() adds to the description; by default no sample, null shares of 0 and the statistics that follow.
  void set_profile(const Source& source, TableProfile profile);
  // As if somebody changed the data.
  void set_version(const Source& source, std::string version);

  // What each run writes, and reports. `source_version` is filled from the table where it is empty.
  void set_result(std::string bytes, RunReport report);
  // Reported once by each run, after `submitted` and before the gate.
  void set_progress(RunProgress progress);
  // What run() hands to RunObserver::submitted when it is not re-attached; empty: `submitted` is not called.
  void set_external_id(std::string id);

  // The next run fails with this, after the gate and with half of the bytes written; can be queued more than once.
  void fail_next_run(Error error);
  void fail_next_inspect(Error error);  // or profile
  void fail_next_version(Error error);

  void close_gate();
  void open_gate();
  // Lets exactly `count` runs through a closed gate.
  void let_through(std::size_t count);
  // Blocks until so many runs have begun since the start (whether or not they are at the gate); gives up after a
  // minute.
  [[nodiscard]] bool wait_for_runs(std::size_t count);
  // The same for runs that were stopped at the gate.
  [[nodiscard]] bool wait_for_stops(std::size_t count);
  // Each cancel() fails so from now on, or does not.
  void fail_cancels(std::optional<Error> error);
  // Called by each run before it tells its id, on its thread: the engine has the order.
  void set_on_submit(std::function<void()> on_submit);
  // Called by each run that was stopped at the gate before it ends, on its thread.
  void set_on_stopped(std::function<void()> on_stopped);

  [[nodiscard]] std::vector<RunOrder> orders() const;  // in the order in which they came
  [[nodiscard]] std::size_t inspections() const;       // inspect and profile calls
  [[nodiscard]] std::size_t cancelled() const;         // runs that ended by their stop_token
  [[nodiscard]] std::size_t left() const;              // of those: whose job was left alone
  [[nodiscard]] std::size_t finished() const;          // runs that ended well

  [[nodiscard]] ExecutorType type() const override { return type_; }
  [[nodiscard]] Result<TableDescription> inspect(const Source& source, std::stop_token stop) override;
  [[nodiscard]] Result<TableProfile> profile(const Source& source, std::stop_token stop) override;
  [[nodiscard]] Result<std::string> version(const Source& source) override;
  // Checks, as real engines do, that the order fits the table: its columns and filters must be there.
  [[nodiscard]] Result<RunReport> run(const RunOrder& order, int output, const RunObserver& observer,
                                      std::stop_token stop) override;
  // What set_chunks was given; kUnsupported without.
  [[nodiscard]] Result<std::vector<Chunk>> cut(const Source& source, const table::Columns& table, const CutOrder& order,
                                               std::stop_token stop) override;
  [[nodiscard]] Result<void> cancel(const std::string& external_id) override;
  void set_chunks(std::vector<Chunk> chunks);
  [[nodiscard]] std::vector<std::string> ended() const;  // the jobs that cancel() was called for

 private:
  [[nodiscard]] Result<TableProfile> look(const Source& source);
  [[nodiscard]] Result<void> tell(const RunOrder& order, const RunObserver& observer);
  [[nodiscard]] bool pass_gate(const RunObserver& observer, std::stop_token stop);

  const ExecutorType type_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, TableProfile> tables_;
  std::string bytes_ = "PAR1";
  RunReport report_;
  RunProgress progress_;
  std::string external_id_;
  std::deque<Error> run_errors_;
  std::deque<Error> inspect_errors_;
  std::deque<Error> version_errors_;
  bool gate_closed_ = false;
  std::size_t passes_ = 0;
  std::function<void()> on_submit_;
  std::function<void()> on_stopped_;
  std::vector<RunOrder> orders_;
  std::size_t inspections_ = 0;
  std::size_t cancelled_ = 0;
  std::size_t left_ = 0;
  std::size_t finished_ = 0;
  std::vector<Chunk> chunks_;
  std::vector<std::string> ended_;
  std::optional<Error> cancel_error_;
};

}  // namespace lakelift::executors::testing
