// What outside engines leave in their place for results goes again: what was fetched in a while, what a crash left
// behind by its age.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "backends/executors/results/result_store.h"
#include "base/clock.h"

namespace lakelift::executors {

// Of folders "runs/RUN/…", where RUN is a UUIDv7, which tells its age. Threadsafe; nothing here fails: what can't be
// removed now is logged, and goes by its age.
class Leftovers {
 public:
  Leftovers(ResultStore& store, const Clock& clock) : store_(store), clock_(clock) {}
  // Now.
  void remove(const std::string& folder);
  // In limits::kResultKeptSeconds: its run is published by then, and a crash before that finds it again. Also removes
  // what is due by now, and at times looks for what nobody has come for.
  void retire(const std::string& folder);

 private:
  void sweep(Micros now);

  ResultStore& store_;
  const Clock& clock_;
  std::mutex mutex_;
  std::vector<std::pair<Micros, std::string>> retired_;  // when it may go, and the folder
  Micros swept_at_ = 0;
};

}  // namespace lakelift::executors
