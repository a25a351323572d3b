// What outside engines leave in their place for results goes again: what was fetched in a while, what a crash left
// behind by its age, unless its run still goes on.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "backends/executors/results/result_store.h"
#include "base/clock.h"

namespace lakelift::executors {

// The ids of all runs that wait or go on: what was left for them is wanted, however long ago they were asked for.
using LiveRuns = std::function<Result<std::set<std::string>>()>;

// Of folders "runs/RUN/…", where RUN is a UUIDv7, which tells its age. Threadsafe; nothing here fails: what can't be
// removed now is logged, and goes by its age.
class Leftovers {
 public:
  // Without `live_runs` no run lives as long as limits::kLeftoverSeconds.
  Leftovers(ResultStore& store, const Clock& clock, LiveRuns live_runs)
      : store_(store), clock_(clock), live_runs_(std::move(live_runs)) {}
  // Now.
  void remove(const std::string& folder);
  // In limits::kResultKeptSeconds: its run is published by then, and a crash before that finds it again. Also removes
  // what is due by now, and at times looks for what nobody has come for.
  void retire(const std::string& folder);

 private:
  void sweep(Micros now);

  ResultStore& store_;
  const Clock& clock_;
  const LiveRuns live_runs_;
  std::mutex mutex_;
  std::vector<std::pair<Micros, std::string>> retired_;  // when it may go, and the folder
  Micros swept_at_ = 0;
};

}  // namespace lakelift::executors
