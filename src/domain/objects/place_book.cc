#include "domain/objects/place_book.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/transfer_limits.h"

namespace lakelift::objects {
namespace {

constexpr Micros kLookEvery = kMicrosPerSecond;

std::unexpected<Error> not_named(const std::string& name) {
  const std::string what = fmt::format("stored content is in {}: name it, after the place for what is new", name);
  return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE", "storage: " + what, {{"storage", {what}}});
}

}  // namespace

Result<std::vector<PlaceBook::Row>> PlaceBook::rows(metadata::Session& session) {
  TRY(auto found, (session.rows<std::string, std::string>("SELECT name, state FROM objects_places ORDER BY name")));
  std::vector<Row> out;
  for (auto& [name, state] : found) out.push_back({std::move(name), std::move(state)});
  return out;
}

Result<std::vector<PlaceBook::Row>> PlaceBook::begin(metadata::Transaction& tx) {
  TRY(auto found, rows(tx));
  if (!found.empty()) return found;
  TRY(const auto any, owners_.page(tx, "", 1));
  const std::string first = any.references.empty() ? places_.all().front().name : std::string(kDiskPlace);
  TRY_VOID(
      tx.exec("INSERT INTO objects_places (name, state, since, mover, mover_until) VALUES (?, 'current', ?, '', 0)",
              {first, clock_.now()}));
  return std::vector<Row>{{first, "current"}};
}

void PlaceBook::apply(const std::vector<Row>& found) {
  for (const auto& place : places_.all()) {
    const auto row = std::ranges::find(found, place.name, &Row::name);
    const bool is_named = row != found.end();
    places_.set_empty(place.name, !is_named);
    if (is_named && row->state == "current") places_.set_current(place.name);
  }
}

Result<void> PlaceBook::load() {
  TRY(const auto found, database_.write([&](metadata::Transaction& tx) { return begin(tx); }));
  for (const auto& row : found) {
    if (!places_.find(row.name) && !is_own(row.name)) return not_named(row.name);
    if (row.state == "current" && !places_.find(row.name)) return not_named(row.name);
  }
  apply(found);
  const std::string current = places_.current_name();
  if (current != places_.all().front().name) {
    log_info("new content goes where it was moved to, whatever comes first in `storage`", {{"storage", current}});
  }
  return {};
}

void PlaceBook::refresh_when_due() {
  if (sole_owner_) return;
  {
    const std::lock_guard lock(mutex_);
    if (clock_.monotonic() - looked_at_ < kLookEvery) return;
    looked_at_ = clock_.monotonic();
  }
  const auto found = database_.read([](metadata::Session& session) { return rows(session); });
  if (found) {
    apply(*found);
  } else {
    log_warning("where content is stored could not be read", {{"error", describe(found.error())}});
  }
}

Result<bool> PlaceBook::move_to(metadata::Transaction& tx, const std::string& name) {
  TRY(const auto found, begin(tx));
  const auto row = std::ranges::find(found, name, &Row::name);
  if (row != found.end() && row->state == "current") return false;
  TRY_VOID(tx.exec("UPDATE objects_places SET state = 'leaving', since = ? WHERE state = 'current'", {clock_.now()}));
  TRY_VOID(
      tx.exec("INSERT INTO objects_places (name, state, since, mover, mover_until) VALUES (?, 'current', ?, '', 0)"
              " ON CONFLICT (name) DO UPDATE SET state = 'current', since = excluded.since",
              {name, clock_.now()}));
  TRY(auto now, rows(tx));
  tx.after_commit([this, now = std::move(now)] { apply(now); });
  return true;
}

Result<std::vector<std::string>> PlaceBook::leaving() {
  TRY(const auto found, database_.read([](metadata::Session& session) { return rows(session); }));
  std::vector<std::string> out;
  for (const auto& row : found) {
    if (row.state == "leaving" && places_.find(row.name)) out.push_back(row.name);
  }
  return out;
}

Result<bool> PlaceBook::lease(const std::string& name) {
  if (sole_owner_ || is_own(name)) return true;
  const Micros now = clock_.now();
  TRY(const auto row, database_.write([&](metadata::Transaction& tx) {
    return tx.row<std::string>(
        "UPDATE objects_places SET mover = ?, mover_until = ? WHERE name = ? AND state = 'leaving'"
        " AND (mover = ? OR mover_until < ?) RETURNING name",
        {mover_, now + limits::kMoverLeaseSeconds * kMicrosPerSecond, name, mover_, now});
  }));
  return row.has_value();
}

Result<void> PlaceBook::left(metadata::Transaction& tx, const std::string& name) {
  if (is_own(name)) {
    tx.after_commit([this, name] { places_.set_empty(name, true); });
    return {};
  }
  TRY_VOID(tx.exec("DELETE FROM objects_places WHERE name = ? AND state = 'leaving'", {name}));
  tx.after_commit([this, name] { places_.set_empty(name, true); });
  return {};
}

}  // namespace lakelift::objects
