// How a run is answered: from what is held where that is enough, else by the engine, for the slice itself or for the
// chunks that are missing. What the engine is asked for is stored before it is asked, so that a run which is taken up
// again after a crash asks for the same.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "base/id.h"
#include "base/log.h"
#include "domain/slices/aged_version.h"
#include "domain/slices/charges.h"
#include "domain/slices/derivation.h"
#include "domain/slices/runner.h"
#include "domain/slices/spending_metrics.h"
#include "table/filter_ranges.h"
#include "table/merged_region.h"

namespace lakelift::slices {
namespace {

// The event of engines for a query that is more than they take, by itself or by what it reads.
constexpr std::string_view kEngineLimit = "ENGINE_LIMIT";
constexpr int kMostPlans = 8;  // of one attempt: what is held may change meanwhile

std::unexpected<Error> lease_lost() {
  return fail(Code::kConflict, "RUN_LEASE_LOST", "the run was cancelled or taken over");
}

Result<void> empty_file(int output) {
  if (::ftruncate(output, 0) != 0 || ::lseek(output, 0, SEEK_SET) != 0) {
    return fail_errno("emptying a staged file", errno);
  }
  return {};
}

// What of the plan can't be read, so that the next plan does without.
void note_broken(std::set<std::string>& broken, const HeldThings& held, const Plan& plan) {
  if (plan.derived_from) {
    if (const auto* slice = held.slice_of(*plan.derived_from)) broken.insert(slice->object.key);
  }
  for (const auto& use : plan.uses) {
    if (const auto* piece = held.piece(use.piece)) broken.insert(piece->object.key);
  }
}

// It may be read, or there may be room for it, another time.
bool may_be_there_later(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kTooMany || error.code == Code::kNoSpace;
}

bool is_lost(const Error& error) {
  return error.code == Code::kCorrupt || error.code == Code::kGone || error.code == Code::kNotFound;
}

}  // namespace

Result<Runner::Executed> Runner::answer(Active& active, const store::Work& work, int output) {
  TRY(const auto item, parts_.catalogue.get(work.item_id));
  TRY(auto stored,
      parts_.database.read([&](metadata::Session& session) { return store::run_plan(session, active.lease); }));
  // Submitted before there were plans: for the slice itself.
  if (!stored && active.lease.external_id) stored = RunPlan{};
  std::set<std::string> broken;
  bool can_assemble = true;
  for (int i = 0; i < kMostPlans; ++i) {
    if (stored && !stored->fetch) return run_slice(active, work, item, output);
    if (stored) {
      // Where the source has changed meanwhile, what came does not fit the cut: the slice is then run for itself.
      auto fits = bring(active, work, item, *stored);
      if (!fits && is_too_long(active, fits.error())) fits = do_without_chunks(active, fits.error());
      if (!fits) return std::unexpected(fits.error());
      can_assemble = *fits;
      stored.reset();
    }
    TRY(const auto held, parts_.database.read([&](metadata::Session& session) {
      return held_things(session, work.item_id, work.source_version, parts_.clock.now());
    }));
    Holdings holdings = held.for_plan(broken);
    if (!can_assemble) holdings.chunks.clear();
    const Plan plan = plan_slice(item, work.spec, holdings, held.saved_today_bytes, parts_.settings);
    if (plan.way == Way::kRun || plan.fetch) {
      stored = RunPlan{plan.fetch ? std::optional(held.cut.cut->id) : std::nullopt, plan.fetch};
      TRY_VOID(claim(active, *stored));
      continue;
    }
    auto executed = plan.way == Way::kDerived ? derive(active, work, held, plan, output)
                                              : assemble(active, work, held, plan, output);
    if (executed || active.stop.stop_requested()) return executed;
    // What is held was paid for: it is given up only where it is no longer what it was.
    if (may_be_there_later(executed.error())) return executed;
    if (plan.way == Way::kAssembled && !is_lost(executed.error())) return executed;
    log_warning("what is held could not be used; it is done without",
                {{"request", active.lease.request_id}, {"error", describe(executed.error())}});
    note_broken(broken, held, plan);
    TRY_VOID(empty_file(output));
  }
  return fail(Code::kUnavailable, "what is held of the item changed again and again; the run is tried again");
}

Result<Runner::Executed> Runner::derive(Active& active, const store::Work& work, const HeldThings& held,
                                        const Plan& plan, int output) {
  const auto* from = held.slice_of(*plan.derived_from);
  if (from == nullptr) return fail(Code::kInternal, "a plan names a slice that is not held");
  const HeldWork what{{{from->object}}, {work.spec.columns, table::residual(work.spec.filters, from->spec.filters), 1}};
  const auto progress = [&](const columnar::JobProgress& now) {
    note_progress(active, {now.rows_read, now.rows_total, now.rows_written, now.bytes_written});
  };
  TRY(const auto written,
      slices::carry_out(what, parts_.keeper, parts_.workers, output, progress, active.stop.get_token()));
  parts_.metrics.add("lakelift_slices_derived_total", "Slices that were taken from another one that is held.", {});
  Executed executed;
  executed.report.rows = written.rows;
  executed.derived_from = plan.derived_from;
  executed.answered_from = {{"kind", "derived"}, {"request", *plan.derived_from}};
  executed.plain = plan.plain;
  return executed;
}

Result<Runner::Executed> Runner::assemble(Active& active, const store::Work& work, const HeldThings& held,
                                          const Plan& plan, int output) {
  HeldWork what;
  what.spec = work.spec;
  what.by_row_keys = work.spec.ratio < 1;
  Executed executed;
  std::int64_t chunks = 0;
  for (const auto& use : plan.uses) {
    const auto* piece = held.piece(use.piece);
    if (piece == nullptr) return fail(Code::kInternal, "a plan names a piece that is not held");
    what.inputs.push_back({piece->object, use.within});
    executed.pieces.push_back(piece->id);
    chunks += static_cast<std::int64_t>(use.chunks.size());
  }
  const auto progress = [&](const columnar::JobProgress& now) {
    note_progress(active, {now.rows_read, now.rows_total, now.rows_written, now.bytes_written});
  };
  TRY(const auto written,
      slices::carry_out(what, parts_.keeper, parts_.workers, output, progress, active.stop.get_token()));
  TRY(const auto own, parts_.database.read([&](metadata::Session& session) {
    return store::pieces_of_run(session, active.lease.run_id);
  }));
  std::int64_t brought = 0;
  for (const auto& piece : own) {
    executed.report.scanned_bytes += piece.scanned_bytes;
    executed.report.money_micros += piece.money_micros;
    brought += static_cast<std::int64_t>(piece.chunks.size());
  }
  parts_.metrics.add("lakelift_slices_assembled_total", "Slices that were put together from held chunks.", {});
  executed.report.rows = written.rows;
  executed.answered_from = {{"kind", "assembled"},
                            {"pieces", json::array(executed.pieces.begin(), executed.pieces.end())},
                            {"chunks", chunks},
                            {"chunks_brought", brought}};
  executed.plain = plan.plain;
  executed.is_recorded = true;
  return executed;
}

Result<void> Runner::claim(Active& active, const RunPlan& plan) {
  TRY(const auto claimed,
      parts_.database.write([&](metadata::Transaction& tx) { return store::claim(tx, active.lease, plan); }));
  if (claimed == store::Claimed::kLost) return lease_lost();
  if (claimed == store::Claimed::kWait) {
    return fail(Code::kUnavailable, "RUN_WAITS", "another run brings some of the same chunks");
  }
  return {};
}

Result<Runner::Executed> Runner::run_slice(Active& active, const store::Work& work,
                                           const catalogue::CatalogueItem& item, int output) {
  Executed executed;
  TRY(executed.report, execute(active, item, {work.spec, std::nullopt, false}, output));
  executed.answered_from = {{"kind", "run"}, {"engine", executors::name_of(item.executor_type)}};
  executed.plain.scanned_bytes = executed.report.scanned_bytes;
  executed.plain.money_micros = executed.report.money_micros;
  return executed;
}

Result<bool> Runner::bring(Active& active, const store::Work& work, const catalogue::CatalogueItem& item,
                           const RunPlan& plan) {
  const store::Lease& lease = active.lease;
  TRY(const auto own,
      parts_.database.read([&](metadata::Session& session) { return store::pieces_of_run(session, lease.run_id); }));
  for (const auto& piece : own) {
    if (piece.chunks == plan.fetch->chunks && piece.columns == plan.fetch->columns) return true;
  }
  TRY(auto staged, parts_.store.stage());
  const auto& within = plan.fetch->within;
  const EngineQuestion question{
      {plan.fetch->columns, {}, 1}, within ? std::optional(table::merged(*within)) : std::nullopt, true};
  TRY(const auto report, execute(active, item, question, staged->fd()));
  const auto pending = parts_.keeper.begin();
  TRY(const auto object, parts_.keeper.publish(std::move(staged), *pending));
  store::NewPiece piece;
  piece.item_id = work.item_id;
  piece.cut_id = *plan.cut_id;
  piece.source_version = read_version(work.source_version, report.source_version);
  piece.fetch = *plan.fetch;
  piece.object = object;
  piece.rows = report.rows;
  piece.run_id = lease.run_id;
  piece.paid_by = lease.asked_by ? lease.asked_by : std::optional(work.created_by);
  piece.scanned_bytes = report.scanned_bytes;
  piece.money_micros = report.money_micros;
  piece.now = parts_.clock.now();
  return keep_brought(active, piece, *pending);
}

bool Runner::is_too_long(const Active& active, const Error& error) const {
  if (error.code != Code::kTooLarge) return false;
  const bool had_no_room = error.event == kEngineLimit && progress_of(active).scanned_bytes == 0;
  return !active.lease.external_id || had_no_room;
}

Result<bool> Runner::do_without_chunks(Active& active, const Error& why) {
  log_warning("chunks can't be asked for, and the slice is run for itself",
              {{"run", active.lease.run_id}, {"request", active.lease.request_id}, {"error", describe(why)}});
  const std::string token = uuid_v4(parts_.random);
  TRY(const bool ours,
      parts_.database.write([&](metadata::Transaction& tx) { return store::clear_plan(tx, active.lease, token); }));
  if (!ours) return lease_lost();
  active.lease.idempotency_token = token;
  active.lease.external_id.reset();
  return false;
}

Result<bool> Runner::keep_brought(Active& active, const store::NewPiece& piece, const objects::PendingObject& pending) {
  const std::string token = uuid_v4(parts_.random);
  bool is_kept = false;
  const auto written = parts_.database.write([&](metadata::Transaction& tx) -> Result<bool> {
    TRY(const bool ours, store::clear_plan(tx, active.lease, token));
    if (!ours) return false;
    TRY(const auto kept, store::keep_piece(tx, piece));
    is_kept = kept.is_kept;
    TRY_VOID(parts_.keeper.discard(tx, kept.superseded));
    TRY(auto entry, charged_entry(tx, "run.brought_chunks", active.lease.request_id,
                                  {piece.paid_by, piece.item_id, {piece.scanned_bytes, piece.money_micros}},
                                  parts_.settings.prices.currency));
    entry.object = piece.object.key;
    entry.rows = piece.rows;
    entry.bytes = static_cast<std::int64_t>(piece.object.size_bytes);
    entry.run = active.lease.run_id;
    entry.detail["chunks"] = piece.fetch.chunks.size();
    entry.detail["columns"] = piece.fetch.columns.size();
    TRY_VOID(parts_.ledger.append(tx, entry));
    TRY_VOID(store::add_saving(tx, piece.item_id, piece.now, -piece.scanned_bytes));
    return true;
  });
  if (!written || !*written || !is_kept) parts_.keeper.abandon(pending);
  if (!written) return std::unexpected(written.error());
  if (!*written) return lease_lost();
  count_paid(parts_.metrics, active.lease.engine, {piece.scanned_bytes, piece.money_micros});
  active.lease.idempotency_token = token;
  active.lease.external_id.reset();
  return is_kept;
}

Result<executors::RunReport> Runner::execute(Active& active, const catalogue::CatalogueItem& item,
                                             const EngineQuestion& question, int output) {
  TRY(const auto executor, parts_.executors.get(item.executor_type));
  const store::Lease& lease = active.lease;
  const executors::RunOrder order{.run_id = lease.run_id,
                                  .attempt = lease.attempt,
                                  .idempotency_token = lease.idempotency_token,
                                  .external_id = lease.external_id,
                                  .source = effective_source(item),
                                  .table = item.spec,
                                  .spec = question.spec,
                                  .sampling_seed = std::to_string(item.id),
                                  .within = question.within,
                                  .with_row_keys = question.with_row_keys};
  executors::RunObserver observer;
  observer.submitted = [&](const std::string& external_id) -> Result<void> {
    TRY(const bool ours, parts_.database.write([&](metadata::Transaction& tx) -> Result<bool> {
      TRY(const bool stored, store::set_external_id(tx, lease, external_id));
      if (stored) return true;
      TRY_VOID(end_unless_taken_up(tx, active));
      // The executor tries to end it; should that fail, or this server die before, the sweeper does.
      TRY_VOID(store::leave_job(tx, lease, external_id, parts_.clock.now()));
      return false;
    }));
    if (!ours) return lease_lost();
    active.lease.external_id = external_id;
    return {};
  };
  observer.leaves_job = [&] {
    if (!active.left_job) active.left_job = !active.ends_job;
    return *active.left_job;
  };
  observer.progress = [&](const executors::RunProgress& progress) { note_progress(active, progress); };
  auto ran = executor->run(order, output, observer, active.stop.get_token());
  if (!ran) active.has_ended_job = active.left_job == false && ran.error().code == Code::kCancelled;
  TRY(auto report, std::move(ran));
  if (report.rows < 0) return fail(Code::kCorrupt, "RESULT_BROKEN", "the executor reported a negative number of rows");
  report.money_micros = money_of(parts_.settings.prices, lease.engine, report, elapsed_ms(lease));
  return report;
}

Result<void> Runner::record_saving(metadata::Transaction& tx, const store::Lease& lease, const store::Work& work,
                                   const Executed& executed) {
  const Micros now = parts_.clock.now();
  const executors::RunReport& report = executed.report;
  // What pieces cost was taken off when they were brought.
  const std::int64_t credit = executed.plain.scanned_bytes - (executed.is_recorded ? 0 : report.scanned_bytes);
  if (credit != 0) TRY_VOID(store::add_saving(tx, work.item_id, now, credit));
  const Cost saved{std::max<std::int64_t>(0, executed.plain.scanned_bytes - report.scanned_bytes),
                   std::max<std::int64_t>(0, executed.plain.money_micros - report.money_micros)};
  TRY_VOID(store::credit_pieces(tx, executed.pieces, saved.bytes, saved.micros, now));
  if (saved == Cost{}) return {};
  TRY(const auto entry,
      saved_entry(tx, lease.request_id, {lease.asked_by, work.item_id, saved}, parts_.settings.prices.currency));
  TRY_VOID(parts_.ledger.append(tx, entry));
  tx.after_commit([&metrics = parts_.metrics, saved] { count_saved(metrics, saved); });
  return {};
}

}  // namespace lakelift::slices
