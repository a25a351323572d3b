#include "domain/slices/asking.h"

#include <fmt/format.h>

#include <cmath>

#include "base/id.h"
#include "domain/accounts/account_store.h"
#include "domain/slices/approvals.h"
#include "domain/slices/charges.h"
#include "domain/slices/entries.h"
#include "domain/slices/estimate.h"
#include "domain/slices/expected_cost.h"
#include "domain/slices/holdings.h"
#include "domain/slices/normal_key.h"
#include "domain/slices/request_store.h"
#include "domain/slices/spending_metrics.h"
#include "domain/slices/stale_store.h"
#include "domain/slices/tidings.h"
#include "table/filter_ranges.h"

namespace lakelift::slices {
namespace {

std::unexpected<Error> no_such_item(std::int64_t id) {
  const std::string text = fmt::format("catalogue item instance with id {} does not exist.", id);
  return fail(Code::kInvalid, "BODY_JSON_DID_NOT_PARSE", text, {{"catalogue_item", {text}}});
}

// What is there right now: a changed source makes another request (nothing stale is served).
Result<std::string> version_now(const SliceServiceParts& parts, const catalogue::CatalogueItem& item) {
  TRY(const auto executor, parts.executors.get(item.executor_type));
  auto version = executor->version(item.source);
  if (!version && version.error().code == Code::kNotFound) {
    // Not a 404: the item is there, its data are not.
    return fail(Code::kConflict, "CATALOGUEITEM_SOURCE_MISSING",
                fmt::format("the data of {} are not where the catalogue says; tell its maintainer", item.name));
  }
  return version;
}

std::string_view name_of(store::Answer answer) {
  switch (answer) {
    case store::Answer::kHeld:
      return "held";
    case store::Answer::kRunGoesOn:
      return "run_goes_on";
    case store::Answer::kRunQueued:
      return "run";
    case store::Answer::kWaits:
      return "waits_for_approval";
  }
  return "run";
}

// Who asks, and for what.
struct Asking {
  const SliceServiceParts& parts;
  const accounts::Account& caller;
  const Question& question;
  const store::NewRequest& asked;
  const Outlook& outlook;
};

// What somebody else has paid, or pays, is not paid again.
Result<void> tell_saved(metadata::Transaction& tx, const Asking& asking, std::int64_t request_id) {
  const Cost saved = cost_of_plain_run(asking.parts.settings, asking.question.item, asking.asked.spec);
  TRY(const auto entry, saved_entry(tx, request_id, {asking.caller.id, asking.asked.item_id, saved},
                                    asking.parts.settings.prices.currency));
  TRY_VOID(asking.parts.ledger.append(tx, entry));
  tx.after_commit([&metrics = asking.parts.metrics, saved] { count_saved(metrics, saved); });
  return {};
}

// Nothing changed, nothing is told: asking again for what one already waits for.
Result<void> tell(metadata::Transaction& tx, const Asking& asking, const store::Joined& joined, store::Answer answer,
                  const store::NewRun& run) {
  const bool queued = answer == store::Answer::kRunQueued;
  if (!joined.created && !joined.new_waiter && !queued) return {};
  const std::string kind = joined.created      ? "request.created"
                           : joined.new_waiter ? "request.joined"
                                               : "request.repeated";
  ledger::Entry entry = request_entry(kind, joined.request_id);
  entry.actor = asking.caller.id;
  if (queued) entry.run = run.id;
  entry.detail = {{"catalogue_item", asking.asked.item_id},
                  {"answer", name_of(answer)},
                  {"estimated_bytes", asking.asked.estimated_bytes}};
  TRY_VOID(asking.parts.ledger.append(tx, entry));
  const bool is_shared = answer == store::Answer::kHeld || answer == store::Answer::kRunGoesOn;
  return is_shared ? tell_saved(tx, asking, joined.request_id) : Result<void>();
}

// For a request without a result or a run: a run, or, where it is beyond a budget, an administrator's yes is needed.
Result<store::Answer> begin(metadata::Transaction& tx, Budgets& budgets, const Asking& asking, store::NewRun& run) {
  const SliceServiceParts& parts = asking.parts;
  const catalogue::CatalogueItem& item = asking.question.item;
  run.expected = asking.outlook.fresh;
  TRY_VOID(check_expected(parts.settings.limits_of(item.executor_type), parts.settings.prices, run.expected));
  TRY(auto why, budgets.check(tx, asking.caller.id, run.expected));
  if (!why) {
    TRY_VOID(store::drop_approval(tx, run.request_id));
    return store::queue_run(tx, run);
  }
  TRY(const auto waiting, store::find_waiting(tx, run.request_id));
  if (waiting) return store::Answer::kWaits;
  TRY_VOID(wait_for_approval(tx, parts,
                             {.request_id = run.request_id,
                              .asked_by = asking.caller.id,
                              .engine = item.executor_type,
                              .expected = run.expected,
                              .reason = *std::move(why),
                              .asked_at = run.now}));
  return store::Answer::kWaits;
}

// What chunks are held of, brought to the version that is asked for now; returns that.
Result<std::string> carry_over(const SliceServiceParts& parts, const catalogue::CatalogueItem& item,
                               const std::string& engine_version) {
  TRY(const std::string version, parts.database.write([&](metadata::Transaction& tx) {
    return store::version_for_asking(tx, item, engine_version, parts.clock.now());
  }));
  TRY_VOID(ChunkService(parts).carry_over(item, version));
  return version;
}

// Which chunks are wanted, and what somebody saves who does not need a run of their own.
Result<void> note_demand(metadata::Transaction& tx, const Asking& asking, store::Answer answer) {
  const store::NewRequest& asked = asking.asked;
  TRY_VOID(store::touch_chunks(tx, asking.outlook.touched, asked.now));
  if (answer != store::Answer::kHeld && answer != store::Answer::kRunGoesOn) return {};
  return store::add_saving(tx, asked.item_id, asked.now, asking.outlook.plain_bytes);
}

}  // namespace

Result<Question> check_question(const SliceServiceParts& parts, const accounts::Account& caller, std::int64_t item_id,
                                const json::value& spec) {
  auto item = parts.catalogue.get(caller, item_id);
  if (!item && item.error().code == Code::kNotFound) return no_such_item(item_id);
  if (!item) return std::unexpected(item.error());
  TRY(auto checked, table::slice_spec_from_json(spec, item->spec));
  TRY_VOID(table::simplify(checked.filters, item->spec));  // what no row can pass is a mistake
  return Question{*std::move(item), table::normalised(std::move(checked))};
}

Result<Placed> place(const SliceServiceParts& parts, Budgets& budgets, const accounts::Account& caller,
                     const Question& question) {
  const Micros now = parts.clock.now();
  TRY(const std::string engine_version, version_now(parts, question.item));
  TRY(const std::string version, carry_over(parts, question.item, engine_version));
  TRY(const auto outlook, parts.database.read([&](metadata::Session& session) {
    return look_ahead(session, parts.settings, question.item, version, question.spec, now);
  }));
  store::NewRequest asked{
      {}, question.item.id, {}, question.spec, caller.id, estimate_bytes(question.item, question.spec), now};
  store::NewRun run{.id = uuid_v7(parts.clock, parts.random),
                    .idempotency_token = uuid_v4(parts.random),
                    .now = now,
                    .asked_by = caller.id,
                    .engine = question.item.executor_type};
  const Asking asking{parts, caller, question, asked, outlook};
  return parts.database.write([&](metadata::Transaction& tx) -> Result<Placed> {
    TRY_VOID(accounts::check_active(tx, caller.id));
    TRY(asked.source_version, store::version_for_asking(tx, question.item, engine_version, now));
    asked.normal_key = normal_key(question.item.id, asked.source_version, question.spec);
    TRY(const store::Joined joined, store::create_or_join(tx, asked));
    run.request_id = joined.request_id;
    TRY(const auto before, store::find_request(tx, joined.request_id));
    TRY(auto answer, store::find_answer(tx, asked.normal_key, run));
    if (!answer) {
      TRY(answer, begin(tx, budgets, asking, run));
    }
    const bool has_failed = before && before->request.state == RunState::kFailed;
    if (has_failed && answer == store::Answer::kHeld) TRY_VOID(Tidings(parts).ended(tx, joined.request_id, caller.id));
    TRY_VOID(tell(tx, asking, joined, *answer, run));
    if (joined.created || joined.new_waiter) TRY_VOID(note_demand(tx, asking, *answer));
    return Placed{joined.request_id, joined.created, *answer};
  });
}

Result<Forecast> forecast(const SliceServiceParts& parts, Samples& samples, const Question& question) {
  const auto& item = question.item;
  const double ratio = question.spec.ratio;
  Forecast out;
  out.estimated_bytes = estimate_bytes(item, question.spec);
  out.estimated_rows = estimate_rows(item, question.spec);
  out.currency = parts.settings.prices.currency;
  const auto engine_version = version_now(parts, item);
  if (!engine_version) {  // an engine that is away, or not configured: what the profile says is all there is
    out.plan = plan_slice(item, question.spec, {}, 0, parts.settings);
    return out;
  }
  if (const auto tried = samples.try_out(item, *engine_version, question.spec.filters); tried && *tried) {
    const double share = share_of_sample(item, question.spec.filters, (*tried)->rows, (*tried)->ratio) * ratio;
    out.estimated_rows = std::llround(share * static_cast<double>(item.rows.value_or(0)));
    out.estimated_bytes =
        bytes_of_share(item, question.spec, share) + bytes_around(question.spec.columns.size(), out.estimated_rows);
    out.is_sampled = true;
  }
  TRY(const std::string version, carry_over(parts, item, *engine_version));
  TRY(const auto held, parts.database.read([&](metadata::Session& session) -> Result<HeldThings> {
    TRY(out.answer, store::answer_now(session, normal_key(item.id, version, question.spec)));
    return held_things(session, item.id, version, parts.clock.now());
  }));
  out.plan = plan_slice(item, question.spec, held.for_plan({}), held.saved_today_bytes, parts.settings,
                        Expected{out.estimated_rows, out.estimated_bytes});
  return out;
}

}  // namespace lakelift::slices
