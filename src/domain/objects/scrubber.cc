#include "domain/objects/scrubber.h"

#include <fmt/format.h>

#include <chrono>

#include "base/log.h"

namespace lakelift::objects {

Scrubber::Scrubber(const KeeperParts& parts, const Owners& owners, Quarantine& quarantine, bool sole_owner)
    : parts_(parts), owners_(owners), quarantine_(quarantine), sole_owner_(sole_owner) {}

ScrubReport Scrubber::report() {
  const std::int64_t quarantined = quarantine_.size();
  const std::lock_guard lock(mutex_);
  ScrubReport out = report_;
  out.quarantined = quarantined;
  return out;
}

void Scrubber::announce() {
  const std::lock_guard lock(mutex_);
  report_.is_running = true;
}

void Scrubber::hurry() {
  {
    const std::lock_guard lock(mutex_);
    is_hurried_ = true;
  }
  resting_.notify_all();
}

void Scrubber::begin(std::int64_t bytes_per_second) {
  const std::lock_guard lock(mutex_);
  bytes_per_second_ = bytes_per_second;
  ScrubReport fresh;
  fresh.is_running = true;
  fresh.started_at = parts_.clock.now();
  fresh.finished_at = report_.finished_at;
  report_ = std::move(fresh);
}

void Scrubber::end(bool is_whole) {
  const std::lock_guard lock(mutex_);
  report_.is_running = false;
  is_hurried_ = false;
  if (!is_whole) return;
  report_.finished_at = parts_.clock.now();
  parts_.metrics.set("lakelift_scrub_last_finished_seconds", "When the last whole scrub ended, in seconds since 1970.",
                     {}, static_cast<double>(*report_.finished_at) / kMicrosPerSecond);
}

Result<ScrubReport> Scrubber::scrub(std::int64_t bytes_per_second, std::stop_token stop) {
  const std::lock_guard one_at_a_time(scrubbing_);
  begin(bytes_per_second);
  Pacer pacer(parts_.clock.monotonic());
  auto done = count_all(stop);
  if (done) {
    done = each_reference(stop, [&](const Reference& reference) { return look_at(reference, pacer, stop); });
  }
  end(done.has_value());
  if (!done) return std::unexpected(done.error());
  const ScrubReport out = report();
  log_info("scrubbed the storage", {{"objects", out.objects}, {"bytes", out.bytes}, {"findings", out.findings.size()}});
  return out;
}

Result<void> Scrubber::each_reference(std::stop_token stop, const ForEach& visit) {
  std::string after;
  do {
    TRY(const auto page, parts_.database.read([&](metadata::Session& session) {
      return owners_.page(session, after, limits::kCollectorBatch);
    }));
    for (const auto& reference : page.references) {
      if (stop.stop_requested()) return fail(Code::kCancelled, "the scrub was stopped");
      TRY_VOID(visit(reference));
    }
    after = page.next;
  } while (!after.empty());
  return {};
}

Result<void> Scrubber::count_all(std::stop_token stop) {
  return each_reference(stop, [&](const Reference& reference) -> Result<void> {
    const std::lock_guard lock(mutex_);
    ++report_.objects_total;
    report_.bytes_total += static_cast<std::int64_t>(reference.size_bytes);
    return {};
  });
}

Result<void> Scrubber::look_at(const Reference& reference, Pacer& pacer, std::stop_token stop) {
  auto opened = parts_.store.open(reference.key);
  // What a remote store says may be wrong for a moment.
  if (!opened && parts_.store.is_remote()) opened = parts_.store.open(reference.key);
  if (!opened && opened.error().code == Code::kNotFound) {
    // With others on the same database it may lie in the folder of another server.
    TRY_VOID(note(reference, "missing", sole_owner_));
  } else if (!opened) {
    TRY_VOID(note(reference, opened.error().message, opened.error().code == Code::kCorrupt));
  } else {
    const auto read = [&] {
      return find_problem(**opened, reference, [&](std::uint64_t bytes) {
        parts_.metrics.add("lakelift_scrub_bytes_total", "Bytes that scrubs have read.", {},
                           static_cast<double>(bytes));
        return rest(bytes, pacer, stop);
      });
    };
    auto problem = read();
    if (problem && *problem && parts_.store.is_remote()) problem = read();
    if (!problem && stop.stop_requested()) return std::unexpected(problem.error());
    if (!problem) TRY_VOID(note(reference, "can't be read: " + problem.error().message, false));
    if (problem && *problem) TRY_VOID(note(reference, **problem, true));
    if (problem && !*problem) TRY_VOID(quarantine_.release(reference));
  }
  parts_.metrics.add("lakelift_scrub_objects_total", "Objects that scrubs have looked at.", {});
  const std::lock_guard lock(mutex_);
  ++report_.objects;
  return {};
}

Result<void> Scrubber::rest(std::uint64_t bytes, Pacer& pacer, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  report_.bytes += static_cast<std::int64_t>(bytes);
  const Micros pause = pacer.pause_after(bytes, is_hurried_ ? 0 : bytes_per_second_, parts_.clock.monotonic());
  if (pause > 0) resting_.wait_for(lock, stop, std::chrono::microseconds(pause), [&] { return is_hurried_; });
  lock.unlock();
  if (stop.stop_requested()) return fail(Code::kCancelled, "the scrub was stopped");
  return {};
}

// An object that was discarded since its reference was read is no finding.
Result<void> Scrubber::note(const Reference& reference, const std::string& problem, bool quarantine) {
  if (quarantine) {
    TRY(const bool is_held, quarantine_.add(reference, problem));
    if (!is_held) return {};
  }
  Finding finding{reference.key, problem, {}};
  TRY(const bool is_held, parts_.database.read([&](metadata::Session& session) -> Result<bool> {
    TRY(const auto held, owners_.referenced(session, {reference.key}));
    if (held.empty()) return false;
    TRY(finding.subjects, owners_.subjects(session, reference.key));
    return true;
  }));
  if (!is_held) return {};
  if (!quarantine) {
    log_error("the scrub found a damaged object", {{"object", reference.key}, {"problem", problem}});
  }
  const std::lock_guard lock(mutex_);
  if (report_.findings.size() < limits::kScrubFindings) report_.findings.push_back(std::move(finding));
  return {};
}

}  // namespace lakelift::objects
