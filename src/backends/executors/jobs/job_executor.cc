#include "backends/executors/jobs/job_executor.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "backends/executors/cutting/partition_box.h"
#include "backends/executors/jobs/answers.h"
#include "backends/executors/jobs/cut_plan.h"
#include "backends/executors/jobs/job_limits.h"
#include "base/encoding.h"
#include "base/id.h"
#include "base/log.h"

namespace lakelift::executors {
namespace {

constexpr std::uint64_t kSeeds = std::uint64_t{1} << 31;

// Equal data give an equal sample.
std::int64_t seed_of(const std::string& text) {
  std::uint64_t seed = 0;
  const std::string digest = sha256_hex(text);
  std::from_chars(digest.data(), digest.data() + 15, seed, 16);
  return static_cast<std::int64_t>(seed % kSeeds);
}

}  // namespace

JobPlace JobExecutor::place_of(const std::string& run, const std::string& token, const std::string& folder) const {
  return {run, token, folder, parts_.store.address_of(folder)};
}

Result<TableDescription> JobExecutor::inspect(const Source& source, std::stop_token stop) {
  TRY(const json::object answer, look("describe", source, {}, std::move(stop)));
  TRY(auto description, description_of(answer));
  TRY(auto states, folder_states_of(answer));
  keep_version(source, description.version, std::move(states));
  return description;
}

Result<TableProfile> JobExecutor::profile(const Source& source, std::stop_token stop) {
  json::object more{{"sample_rows", limits::kSampleRows},
                    {"seed", seed_of(to_canonical_text(source))},
                    {"most_rows", options_.profile_rows}};
  TRY(const json::object answer, look("profile", source, std::move(more), std::move(stop)));
  TRY(auto profile, profile_of(answer, limits::kSampleRows));
  TRY(auto states, folder_states_of(answer));
  keep_version(source, profile.description.version, std::move(states));
  return profile;
}

JobExecutor::~JobExecutor() { asker_.request_stop(); }

Result<std::string> JobExecutor::version(const Source& source) {
  TRY(Known known, known_now(source, false));
  return std::move(known.version);
}

Result<std::vector<PartitionState>> JobExecutor::partitions(const Source& source, const table::Columns& table) {
  TRY(const Known known, known_now(source, true));
  std::vector<PartitionState> out;
  for (const auto& state : *known.states) out.push_back({box_of_folders(state.folders, table), state.digest});
  if (out.empty()) out.push_back({{}, known.version});
  return out;
}

Result<JobExecutor::Known> JobExecutor::known_now(const Source& source, bool with_states) {
  const std::string key = to_canonical_text(source);
  std::unique_lock lock(mutex_);
  if (versions_.size() >= limits::kVersionsKept && !versions_.contains(key)) versions_.clear();
  const Known known = versions_[key];
  const bool is_enough = !known.version.empty() && (known.states || !with_states);
  const Micros age = parts_.clock.monotonic() - known.told_at;
  if (is_enough && age < limits::kVersionKeptSeconds * kMicrosPerSecond) return known;
  if (std::ranges::none_of(to_ask_, [&](const auto& entry) { return entry.first == key; })) {
    to_ask_.emplace_back(key, source);
    changed_.notify_all();
  }
  if (!asker_.joinable()) asker_ = std::jthread([this](const std::stop_token& stop) { ask_versions(stop); });
  if (is_enough && age < limits::kVersionOldestSeconds * kMicrosPerSecond) return known;
  changed_.wait_for(lock, std::chrono::milliseconds(limits::kVersionWaitMs),
                    [&] { return versions_[key].looks > known.looks; });
  const Known now = versions_[key];
  if (now.looks > known.looks && now.error) return std::unexpected(*now.error);
  if (now.looks > known.looks) return now;
  auto later = fail(Code::kUnavailable, "the engine is being asked whether the table has changed; try again soon");
  later.error().retry_after_seconds = static_cast<int>(limits::kVersionWaitMs / 1'000);
  return later;
}

void JobExecutor::ask_versions(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return !to_ask_.empty(); })) {
    const auto [key, source] = to_ask_.front();
    lock.unlock();
    const auto answer = look("version", source, {}, stop);
    auto told = answer ? told_in(*answer) : Result<Known>(std::unexpected(answer.error()));
    lock.lock();
    to_ask_.pop_front();
    Known& known = versions_[key];
    const std::size_t looks = known.looks + 1;
    if (told) {
      known = *std::move(told);
      known.told_at = parts_.clock.monotonic();
    } else {
      known.error = told.error();
    }
    known.looks = looks;
    changed_.notify_all();
  }
}

Result<JobExecutor::Known> JobExecutor::told_in(const json::object& answer) {
  Known told;
  TRY(told.version, version_of(answer));
  TRY(auto states, folder_states_of(answer));
  told.states = std::make_shared<const std::vector<FolderState>>(std::move(states));
  return told;
}

void JobExecutor::keep_version(const Source& source, const std::string& version,
                               std::optional<std::vector<FolderState>> states) {
  const std::lock_guard lock(mutex_);
  if (versions_.size() >= limits::kVersionsKept) versions_.clear();
  Known& known = versions_[to_canonical_text(source)];
  if (states) {
    known.states = std::make_shared<const std::vector<FolderState>>(*std::move(states));
  } else if (known.version != version) {
    known.states = nullptr;
  }
  known.version = version;
  known.told_at = parts_.clock.monotonic();
}

Result<json::object> JobExecutor::look(std::string kind, const Source& source, json::object more,
                                       std::stop_token stop) {
  const std::string id = uuid_v7(parts_.clock, parts_.random);
  const std::string token = uuid_v4(parts_.random);
  TRY(const std::string folder, run_folder(id, token));
  TRY(const JobOrder job,
      table_order(std::move(kind), source, options_.views, place_of(id, token, folder), std::move(more)));
  const bool is_quick = job.kind == "version" || job.kind == "describe";
  const std::int64_t most_ms = is_quick ? limits::kLookMs : limits::kJobSeconds * 1'000;
  std::string external_id;
  auto manifest = obtain(job, external_id, {}, std::move(stop), {most_ms, 0});
  leftovers_.remove(folder);
  if (!external_id.empty()) parts_.engine->forget(external_id);
  if (!manifest) return std::unexpected(std::move(manifest).error());
  return std::move(manifest->answer);
}

Result<std::optional<Manifest>> JobExecutor::outcome_of(const JobOrder& job, const std::stop_token& stop,
                                                        std::int64_t most_away_ms) {
  return patiently({parts_.clock, parts_.pause, most_away_ms}, stop, [&] { return read_outcome(parts_.store, job); });
}

Result<Manifest> JobExecutor::obtain(const JobOrder& job, std::string& external_id, const RunObserver& observer,
                                     std::stop_token stop, Bounds bounds) {
  // Where nothing was begun yet there is nothing to wait for.
  TRY(auto left, outcome_of(job, stop, external_id.empty() ? 0 : bounds.most_away_ms));
  if (left) return *std::move(left);
  const JobStop job_stop{stop, observer.leaves_job, bounds.most_ms};
  if (external_id.empty()) {
    TRY(external_id, parts_.engine->submit(job, stop));
    const auto stored = observer.submitted ? observer.submitted(external_id) : Result<void>();
    if (!stored && !job_stop.leaves()) (void)parts_.engine->cancel(external_id);  // its end is not ours to wait for
    if (!stored) return std::unexpected(stored.error());
  }
  const auto ended = parts_.engine->wait(external_id, job, job_stop);
  if (!ended && ended.error().code == Code::kCancelled) {
    if (!job_stop.leaves()) {
      leftovers_.remove(job.folder);
      parts_.engine->forget(external_id);
    }
    return std::unexpected(ended.error());
  }
  // What the script itself says is nearer to the cause than what the engine makes of it.
  TRY(left, outcome_of(job, stop, bounds.most_away_ms));
  if (left) return *std::move(left);
  if (!ended) return std::unexpected(ended.error());
  return fail(Code::kCorrupt, "RESULT_BROKEN",
              "the engine says that the job is done, but it left no manifest where results are to be; see that the "
              "engine writes to the place that the server reads");
}

Result<RunReport> JobExecutor::run(const RunOrder& order, int output, const RunObserver& observer,
                                   std::stop_token stop) {
  TRY(const std::string folder, run_folder(order.run_id, order.idempotency_token));
  TRY(const JobOrder job, slice_order(order, options_.views, place_of(order.run_id, order.idempotency_token, folder)));
  std::string external_id = order.external_id.value_or("");
  const Patience patience{parts_.clock, parts_.pause};
  TRY(const Manifest manifest,
      obtain(job, external_id, observer, stop, {limits::kJobSeconds * 1'000, patience.most_ms}));
  TRY(const SliceResult result, patiently(patience, stop, [&] { return read_slice(parts_.store, job, manifest); }));
  if (observer.progress) {
    observer.progress({.rows_total = result.rows, .scanned_bytes = result.scanned_bytes.value_or(0)});
  }
  const PartsTools tools{parts_.store, parts_.workers, parts_.scratch_folder};
  TRY(const std::int64_t rows, patiently(patience, stop, [&]() -> Result<std::int64_t> {
        TRY_VOID(empty_output(output));
        return write_parts(order, {result.parts, result.rows}, tools, output, observer, stop);
      }));
  if (!external_id.empty()) parts_.engine->forget(external_id);
  leftovers_.retire(folder);
  keep_version(order.source, result.source_version, std::nullopt);
  return RunReport{.rows = rows,
                   .scanned_bytes = result.scanned_bytes.value_or(0),
                   .money_micros = 0,
                   .source_version = result.source_version,
                   .engine_ms = manifest.engine_ms};
}

Result<std::vector<Chunk>> JobExecutor::cut(const Source& source, const table::Columns& table, const CutOrder& order,
                                            std::stop_token stop) {
  json::array names;
  for (const auto& column : table) names.push_back(json::string(column.name));
  json::object more{{"columns", std::move(names)},
                    {"sample_rows", limits::kCutSampleRows},
                    {"seed", static_cast<std::int64_t>(order.seed % kSeeds)}};
  TRY(const json::object answer, look("cut", source, std::move(more), std::move(stop)));
  TRY(const CutFacts facts, cut_facts_of(answer, table));
  return plan_cut(facts, table, order.most_rows);
}

}  // namespace lakelift::executors
