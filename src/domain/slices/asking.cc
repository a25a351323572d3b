#include "domain/slices/asking.h"

#include <fmt/format.h>

#include "base/id.h"
#include "domain/accounts/account_store.h"
#include "domain/slices/entries.h"
#include "domain/slices/estimate.h"
#include "domain/slices/normal_key.h"
#include "domain/slices/request_store.h"
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
  }
  return "run";
}

// Nothing changed, nothing is told: asking again for what one already waits for.
Result<void> tell(metadata::Transaction& tx, const ledger::Ledger& ledger, const accounts::Account& caller,
                  const store::NewRequest& asked, const store::Joined& joined, store::Answer answer,
                  const store::NewRun& run) {
  const bool queued = answer == store::Answer::kRunQueued;
  if (!joined.created && !joined.new_waiter && !queued) return {};
  const std::string kind = joined.created      ? "request.created"
                           : joined.new_waiter ? "request.joined"
                                               : "request.repeated";
  ledger::Entry entry = request_entry(kind, joined.request_id);
  entry.actor = caller.id;
  if (queued) entry.run = run.id;
  entry.detail = {
      {"catalogue_item", asked.item_id}, {"answer", name_of(answer)}, {"estimated_bytes", asked.estimated_bytes}};
  TRY_VOID(ledger.append(tx, entry));
  return {};
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

Result<Placed> place(const SliceServiceParts& parts, const accounts::Account& caller, const Question& question) {
  TRY(const std::string version, version_now(parts, question.item));
  const Micros now = parts.clock.now();
  const store::NewRequest asked{normal_key(question.item.id, version, question.spec),
                                question.item.id,
                                version,
                                question.spec,
                                caller.id,
                                estimate_bytes(question.item, question.spec),
                                now};
  store::NewRun run{uuid_v7(parts.clock, parts.random), 0, uuid_v4(parts.random), now};
  return parts.database.write([&](metadata::Transaction& tx) -> Result<Placed> {
    TRY_VOID(accounts::check_active(tx, caller.id));
    TRY(const store::Joined joined, store::create_or_join(tx, asked));
    run.request_id = joined.request_id;
    TRY(const store::Answer answer, store::ensure_answer(tx, asked.normal_key, run));
    TRY_VOID(tell(tx, parts.ledger, caller, asked, joined, answer, run));
    return Placed{joined.request_id, joined.created, answer};
  });
}

}  // namespace lakelift::slices
