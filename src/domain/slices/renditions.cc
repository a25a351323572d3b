#include "domain/slices/renditions.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "domain/slices/entries.h"

namespace lakelift::slices {
namespace {

constexpr std::size_t kFileStemChars = 120;
// A round is lost only when the maker that was waited for has been stopped.
constexpr int kShareRounds = 1'000;

std::unexpected<Error> stopped() { return fail(Code::kCancelled, "stopped before the data were ready; ask again"); }

// For objects that are no local file: workers read descriptors only. The bytes go when the staged file is destroyed.
Result<std::unique_ptr<storage::StagedObject>> spool(storage::ObjectStore& store, RandomAccess& object,
                                                     std::stop_token stop) {
  TRY(auto staged, store.stage());
  std::vector<std::byte> buffer(limits::kStreamBufferBytes);
  std::uint64_t at = 0;
  while (at < object.size_bytes()) {
    if (stop.stop_requested()) return stopped();
    TRY(const std::size_t got, object.read_at(at, buffer));
    if (got == 0) return fail(Code::kCorrupt, "a stored result ends early");
    TRY_VOID(write_all(staged->fd(), std::span(buffer).first(got)));
    at += got;
  }
  return staged;
}

}  // namespace

std::string file_name_of(std::string_view item_name, std::int64_t request_id, columnar::Format format) {
  std::string stem(item_name.substr(0, kFileStemChars));
  for (char& c : stem) {
    const bool safe =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    if (!safe) c = '_';
  }
  // No hidden file, nothing that a shell takes for an option.
  if (stem.empty() || stem.front() == '.' || stem.front() == '-') stem.insert(0, 1, '_');
  return fmt::format("{}-{}.{}", stem, request_id, columnar::name_of(format));
}

Renditions::Renditions(metadata::Database& database, const ledger::Ledger& ledger, storage::ObjectStore& store,
                       objects::ObjectKeeper& keeper, const Clock& clock, Convert convert)
    : database_(database),
      ledger_(ledger),
      store_(store),
      keeper_(keeper),
      clock_(clock),
      convert_(std::move(convert)) {}

void Renditions::stop() { stop_.request_stop(); }

Result<Rendition> Renditions::get(const ResultObject& result, columnar::Format format, std::stop_token stop) {
  if (format == columnar::Format::kParquet) {
    return Rendition{format, result.object_key, result.size_bytes, result.sha256, {}};
  }
  const Key key{result.result_id, format};
  TRY(auto held, find(key));
  if (held) return *std::move(held);
  std::stop_source either;
  const std::stop_callback by_caller(stop, [&] { either.request_stop(); });
  const std::stop_callback by_server(stop_.get_token(), [&] { either.request_stop(); });
  return share(key, result, either.get_token());
}

Result<Rendition> Renditions::share(const Key& key, const ResultObject& result, std::stop_token stop) {
  for (int round = 0; round < kShareRounds && !stop.stop_requested(); ++round) {
    std::unique_lock lock(mutex_);
    auto& slot = makings_[key];
    if (slot == nullptr) {
      const auto mine = slot = std::make_shared<Making>();
      lock.unlock();
      auto outcome = find_or_make(key, result, stop);
      lock.lock();
      mine->outcome = outcome;
      makings_.erase(key);
      changed_.notify_all();
      return outcome;
    }
    const auto theirs = slot;
    if (!changed_.wait(lock, stop, [&] { return theirs->outcome.has_value(); })) return stopped();
    if (*theirs->outcome || theirs->outcome->error().code != Code::kCancelled) return *theirs->outcome;
  }
  return stopped();
}

Result<std::optional<Rendition>> Renditions::find(const Key& key) {
  return database_.read([&](metadata::Session& session) -> Result<std::optional<Rendition>> {
    TRY(auto row, session.row<std::string, std::int64_t, std::string>(
                      "SELECT object_key, size_bytes, sha256 FROM slices_renditions WHERE result_id = ? AND format = ?",
                      {key.first, columnar::name_of(key.second)}));
    if (!row) return std::nullopt;
    auto& [object_key, size, sha256] = *row;
    return Rendition{key.second, std::move(object_key), static_cast<std::uint64_t>(size), std::move(sha256), {}};
  });
}

Result<Rendition> Renditions::find_or_make(const Key& key, const ResultObject& result, std::stop_token stop) {
  // It may have been made between our look and our turn.
  TRY(auto held, find(key));
  if (held) return *std::move(held);
  const auto pending = keeper_.begin();
  TRY(const storage::ObjectInfo made, make(result, key.second, *pending, stop));
  return keep(key, result, made, *pending);
}

Result<storage::ObjectInfo> Renditions::make(const ResultObject& result, columnar::Format format,
                                             const objects::PendingObject& pending, std::stop_token stop) {
  TRY(const auto object, keeper_.open_verified({result.object_key, result.size_bytes, result.sha256}, stop));
  std::unique_ptr<storage::StagedObject> spooled;
  if (object->local_fd() < 0) {
    TRY(spooled, spool(store_, *object, stop));
  }
  const int input = spooled ? spooled->fd() : object->local_fd();
  TRY(auto staged, store_.stage());
  TRY(const std::int64_t rows, convert_(input, result.size_bytes, format, staged->fd(), stop));
  if (rows != result.rows) {
    log_error("a rendition has another number of rows than its result",
              {{"object", result.object_key}, {"recorded", result.rows}, {"found", rows}});
    return fail(Code::kCorrupt, "STORED_RESULT_BROKEN",
                fmt::format("the stored data have {} rows where {} were recorded", rows, result.rows));
  }
  return keeper_.publish(std::move(staged), pending);
}

Result<Rendition> Renditions::keep(const Key& key, const ResultObject& result, const storage::ObjectInfo& made,
                                   const objects::PendingObject& pending) {
  const auto written = database_.write([&](metadata::Transaction& tx) -> Result<bool> {
    const auto size = static_cast<std::int64_t>(made.size_bytes);
    TRY(auto row, tx.row<std::int64_t>(
                      "INSERT INTO slices_renditions (result_id, format, object_key, size_bytes, sha256, created_at)"
                      " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING result_id",
                      {key.first, columnar::name_of(key.second), made.key, size, made.sha256, clock_.now()}));
    if (!row) return false;
    ledger::Entry entry = request_entry("rendition.made", result.request_id);
    entry.object = made.key;
    entry.rows = result.rows;
    entry.bytes = size;
    entry.detail = {{"format", columnar::name_of(key.second)}};
    TRY_VOID(ledger_.append(tx, entry));
    return true;
  });
  // Another server was first, or the commit's outcome is not known: what the table says holds.
  if (!written || !*written) {
    keeper_.abandon(pending);
    TRY(auto held, find(key));
    if (held) return *std::move(held);
    if (!written) return std::unexpected(written.error());
    return fail(Code::kInternal, "a rendition is neither new nor held");
  }
  return Rendition{key.second, made.key, made.size_bytes, made.sha256, {}};
}

}  // namespace lakelift::slices
