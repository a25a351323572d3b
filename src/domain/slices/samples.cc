#include "domain/slices/samples.h"

#include <algorithm>

#include "base/id.h"
#include "base/log.h"
#include "domain/slices/derivation.h"

namespace lakelift::slices {
namespace {

constexpr double kSampleRows = 30'000;  // about so many; what a thousandth of a table is, is told within 20 %

struct StoredSample {
  objects::Reference object;
  double ratio = 1;
};

Result<std::optional<StoredSample>> find(metadata::Session& session, std::int64_t item_id, const std::string& version) {
  TRY(auto row, (session.row<std::string, std::int64_t, std::string, double>(
                    "SELECT object_key, size_bytes, sha256, ratio FROM slices_samples WHERE item_id = ?"
                    " AND source_version = ?",
                    {item_id, version})));
  if (!row) return std::nullopt;
  auto& [key, size, sha256, ratio] = *row;
  return StoredSample{{std::move(key), static_cast<std::uint64_t>(size), std::move(sha256)}, ratio};
}

// Returns the objects of samples that it replaces.
Result<std::vector<std::string>> replace(metadata::Transaction& tx, std::int64_t item_id, const std::string& version,
                                         const storage::ObjectInfo& object, double ratio) {
  TRY(const auto old, tx.rows<std::string>("SELECT object_key FROM slices_samples WHERE item_id = ?", {item_id}));
  TRY_VOID(tx.exec("DELETE FROM slices_samples WHERE item_id = ?", {item_id}));
  TRY_VOID(
      tx.exec("INSERT INTO slices_samples (item_id, source_version, object_key, size_bytes, sha256, ratio)"
              " VALUES (?, ?, ?, ?, ?, ?)",
              {item_id, version, object.key, object.size_bytes, object.sha256, ratio}));
  std::vector<std::string> keys;
  for (const auto& [key] : old) keys.push_back(key);
  return keys;
}

}  // namespace

void Samples::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Samples::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Samples::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::int64_t item_id = 0;
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [&] { return !wanted_.empty(); })) return;
      item_id = *wanted_.begin();
    }
    if (const auto made = make(item_id, stop); !made && made.error().code != Code::kCancelled) {
      log_warning("no sample could be made of an item", {{"item", item_id}, {"error", describe(made.error())}});
    }
    const std::lock_guard lock(mutex_);
    wanted_.erase(item_id);
  }
}

Result<void> Samples::make(std::int64_t item_id, std::stop_token stop) {
  TRY(const auto item, parts_.catalogue.get(item_id));
  const auto rows = static_cast<double>(item.rows.value_or(0));
  if (rows <= 0) return {};
  TRY(const auto executor, parts_.executors.get(item.executor_type));
  executors::RunOrder order;
  order.run_id = uuid_v7(parts_.clock, parts_.random);
  order.source = effective_source(item);
  order.table = item.spec;
  order.spec.ratio = std::min(1.0, kSampleRows / rows);
  for (const auto& column : item.spec) order.spec.columns.push_back(column.name);
  order.sampling_seed = "sample of " + std::to_string(item.id);
  TRY(auto staged, parts_.store.stage());
  TRY(const auto report, executor->run(order, staged->fd(), {}, stop));
  const auto pending = parts_.keeper.begin();
  TRY(const auto object, parts_.keeper.publish(std::move(staged), *pending));
  auto written = parts_.database.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY(const auto old, replace(tx, item_id, report.source_version, object, order.spec.ratio));
    return parts_.keeper.discard(tx, old);
  });
  if (!written) parts_.keeper.abandon(*pending);
  return written;
}

Result<std::optional<Tried>> Samples::try_out(const catalogue::CatalogueItem& item, const std::string& version,
                                              const std::vector<table::Filter>& filters) {
  if (item.executor_type != executors::ExecutorType::kLocal || filters.empty()) return std::nullopt;
  TRY(const auto sample,
      parts_.database.read([&](metadata::Session& session) { return find(session, item.id, version); }));
  if (!sample) {
    {
      const std::lock_guard lock(mutex_);
      wanted_.insert(item.id);
    }
    wake_.notify_all();
    return std::nullopt;
  }
  TRY(const auto counted, parts_.store.stage());  // what is written is looked at by nobody
  const HeldWork work{{{sample->object}}, {{filters.front().name}, filters, 1}};
  TRY(const auto report, carry_out(work, parts_.keeper, parts_.workers, counted->fd(), {}, {}));
  parts_.metrics.add("lakelift_estimates_sampled_total", "Estimates for which filters were tried on a sample.", {});
  parts_.metrics.add("lakelift_estimates_read_bytes_total", "Bytes of samples that were read for them.", {},
                     static_cast<double>(report.bytes_read));
  return Tried{report.rows, sample->ratio};
}

}  // namespace lakelift::slices
