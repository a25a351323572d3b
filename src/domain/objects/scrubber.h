// Goes through all that anybody refers to, reads it and compares.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>

#include "domain/objects/object_keeper.h"
#include "domain/objects/owners.h"
#include "domain/objects/quarantine.h"
#include "domain/objects/reading.h"

namespace lakelift::objects {

// Threadsafe.
class Scrubber {
 public:
  Scrubber(const KeeperParts& parts, const Owners& owners, Quarantine& quarantine, bool sole_owner);

  // One at a time: another caller's waits until this one has ended. Errors: kCancelled; the database's.
  [[nodiscard]] Result<ScrubReport> scrub(std::int64_t bytes_per_second, std::stop_token stop);
  // Says that one runs although its thread has not come to it yet.
  void announce();
  // The one that runs, or is about to, does not rest any more.
  void hurry();
  [[nodiscard]] ScrubReport report();

 private:
  using ForEach = std::function<Result<void>(const Reference& reference)>;
  [[nodiscard]] Result<void> each_reference(std::stop_token stop, const ForEach& visit);
  [[nodiscard]] Result<void> count_all(std::stop_token stop);
  [[nodiscard]] Result<void> look_at(const Reference& reference, Pacer& pacer, std::stop_token stop);
  [[nodiscard]] Result<void> rest(std::uint64_t bytes, Pacer& pacer, std::stop_token stop);
  [[nodiscard]] Result<void> note(const Reference& reference, const std::string& problem, bool quarantine);
  void begin(std::int64_t bytes_per_second);
  void end(bool is_whole);

  const KeeperParts parts_;
  const Owners& owners_;
  Quarantine& quarantine_;
  const bool sole_owner_;
  std::mutex scrubbing_;  // one at a time
  std::mutex mutex_;      // of what follows
  std::condition_variable_any resting_;
  std::int64_t bytes_per_second_ = 0;
  bool is_hurried_ = false;
  ScrubReport report_;
};

}  // namespace lakelift::objects
