#include "domain/slices/run_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace lakelift::slices {
namespace {

std::unexpected<Error> broken() { return fail(Code::kCorrupt, "the stored plan of a run can't be read"); }

Result<Fetch> fetch_from(const json::object& object) {
  Fetch fetch;
  const auto* columns = find(object, "columns");
  const auto* chunks = find(object, "chunks");
  const auto* within = find(object, "within");
  if (columns == nullptr || !columns->is_array() || chunks == nullptr || !chunks->is_array() || within == nullptr) {
    return broken();
  }
  for (const auto& name : columns->get_array()) {
    if (!name.is_string()) return broken();
    fetch.columns.emplace_back(name.get_string());
  }
  for (const auto& id : chunks->get_array()) {
    if (!id.is_int64()) return broken();
    fetch.chunks.push_back(id.get_int64());
  }
  if (!within->is_null()) {
    TRY(fetch.within, table::region_from_json(*within));
  }
  return fetch;
}

}  // namespace

std::string to_stored_text(const RunPlan& plan) {
  json::object out;
  if (plan.cut_id) out["cut"] = *plan.cut_id;
  if (plan.fetch) {
    const Fetch& fetch = *plan.fetch;
    out["fetch"] =
        json::object{{"columns", json::array(fetch.columns.begin(), fetch.columns.end())},
                     {"chunks", json::array(fetch.chunks.begin(), fetch.chunks.end())},
                     {"within", fetch.within ? json::value(table::to_json(*fetch.within)) : json::value(nullptr)}};
  }
  return json::serialize(out);
}

Result<RunPlan> run_plan_from_stored_text(std::string_view text) {
  const auto value = parse_json(text);
  const auto* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return broken();
  RunPlan plan;
  if (const auto* cut = find(*object, "cut")) {
    if (!cut->is_int64()) return broken();
    plan.cut_id = cut->get_int64();
  }
  if (const auto* fetch = find(*object, "fetch")) {
    if (!fetch->is_object()) return broken();
    TRY(plan.fetch, fetch_from(fetch->get_object()));
  }
  return plan;
}

namespace store {
namespace {

constexpr std::string_view kHeld = "WHERE id = ? AND fence = ? AND state = 'RUNNING'";

Result<bool> brings_some_of(metadata::Session& session, const Lease& lease, const RunPlan& plan) {
  const std::set<std::int64_t> wanted(plan.fetch->chunks.begin(), plan.fetch->chunks.end());
  TRY(const auto rows,
      session.rows<std::string>("SELECT plan FROM slices_runs WHERE state IN ('QUEUED', 'RUNNING') AND id <> ?"
                                " AND plan IS NOT NULL AND plan LIKE '%\"fetch\"%'",
                                {lease.run_id}));
  for (const auto& [text] : rows) {
    TRY(const RunPlan other, run_plan_from_stored_text(text));
    if (!other.fetch || other.cut_id != plan.cut_id) continue;
    if (std::ranges::any_of(other.fetch->chunks, [&](std::int64_t id) { return wanted.contains(id); })) return true;
  }
  return false;
}

}  // namespace

Result<std::optional<RunPlan>> run_plan(metadata::Session& session, const Lease& lease) {
  TRY(auto row, session.row<std::optional<std::string>>("SELECT plan FROM slices_runs WHERE id = ?", {lease.run_id}));
  if (!row || !std::get<0>(*row)) return std::nullopt;
  TRY(auto plan, run_plan_from_stored_text(*std::get<0>(*row)));
  return plan;
}

Result<Claimed> claim(metadata::Transaction& tx, const Lease& lease, const RunPlan& plan) {
  if (plan.fetch) {
    TRY(const bool others, brings_some_of(tx, lease, plan));
    if (others) return Claimed::kWait;
  }
  TRY(const std::int64_t changed, tx.exec(fmt::format("UPDATE slices_runs SET plan = ? {}", kHeld),
                                          {to_stored_text(plan), lease.run_id, lease.fence}));
  return changed == 1 ? Claimed::kOurs : Claimed::kLost;
}

Result<bool> clear_plan(metadata::Transaction& tx, const Lease& lease, const std::string& new_token) {
  TRY(const std::int64_t changed,
      tx.exec(fmt::format("UPDATE slices_runs SET plan = NULL, external_id = NULL, idempotency_token = ? {}", kHeld),
              {new_token, lease.run_id, lease.fence}));
  return changed == 1;
}

Result<bool> postpone(metadata::Transaction& tx, const Lease& lease, Micros when) {
  TRY(const std::int64_t changed,
      tx.exec(fmt::format("UPDATE slices_runs SET state = 'QUEUED', lease_owner = NULL, lease_until = NULL,"
                          " attempt = attempt - 1, next_attempt_at = ? {}",
                          kHeld),
              {when, lease.run_id, lease.fence}));
  return changed == 1;
}

}  // namespace store
}  // namespace lakelift::slices
