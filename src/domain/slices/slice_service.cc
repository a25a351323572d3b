#include "domain/slices/slice_service.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <map>
#include <set>

#include "base/log.h"
#include "domain/accounts/account_store.h"
#include "domain/slices/approvals.h"
#include "domain/slices/asking.h"
#include "domain/slices/entries.h"
#include "domain/slices/estimate.h"
#include "domain/slices/job_sweeper.h"
#include "domain/slices/renditions.h"
#include "domain/slices/request_store.h"
#include "domain/slices/result_objects.h"
#include "domain/slices/runner.h"
#include "domain/slices/samples.h"
#include "domain/slices/staleness.h"
#include "domain/slices/tidings.h"
#include "domain/slices/waiting.h"

namespace lakelift::slices {
namespace {

std::unexpected<Error> no_such_request(std::int64_t id) {
  return fail(Code::kNotFound, "COULD_NOT_FIND_DOWNLOADREQUEST",
              fmt::format("you wait for no download request {}", id));
}

std::unexpected<Error> cancelled() {
  return fail(Code::kGone, "DOWNLOADREQUEST_CANCELLED", "the download request was cancelled; ask for the slice again");
}

// An open file of its own (position, read-only) for each worker that asks; a plain dup would share the position.
Result<UniqueFd> reopen(int fd) {
  UniqueFd again(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), O_RDONLY | O_CLOEXEC));
  if (!again) return fail_errno("opening a stored result", errno);
  return again;
}

Convert convert_by(columnar::WorkerPool& workers) {
  return [&workers](int input, std::uint64_t input_bytes, columnar::Format format, int output,
                    std::stop_token stop) -> Result<std::int64_t> {
    columnar::ConvertJob convert;
    convert.from = columnar::Format::kParquet;
    convert.to = format;
    columnar::Job job;
    job.work = convert;
    job.inputs = {{"result.parquet", input_bytes}};
    TRY(const auto report, workers.run(job, [input](std::size_t) { return reopen(input); }, output, stop));
    const auto* written = std::get_if<columnar::WriteReport>(&report);
    if (written == nullptr) return fail(Code::kInternal, "the worker answered with another kind of report");
    return written->rows;
  };
}

// Why the data of a request can't be had (yet).
Result<void> check_done(const DownloadRequest& request) {
  switch (request.state) {
    case RunState::kDone:
      return {};
    case RunState::kCancelled:
      return cancelled();
    case RunState::kFailed:
      return fail(Code::kConflict, "DOWNLOADREQUEST_FAILED",
                  fmt::format("the run failed: {}", request.failure ? request.failure->message : "no reason is known"));
    default:
      return fail(Code::kUnavailable, "DOWNLOADREQUEST_NOT_DONE", "the data are not there yet; try again later");
  }
}

ResultObject result_of(const store::StoredRequest& stored) {
  const DownloadRequest& request = stored.request;
  return {request.id,
          stored.result_id.value_or(0),
          request.result_key.value_or(""),
          static_cast<std::uint64_t>(request.real_size.value_or(0)),
          request.result_sha256.value_or(""),
          request.rows.value_or(0)};
}

}  // namespace

class SliceService::Impl {
 public:
  explicit Impl(const SliceServiceParts& given)
      : parts(given),
        spending(parts.database, parts.ledger),
        budgets({parts.database, parts.ledger, parts.clock, spending, parts.settings.prices.currency}),
        sweeper(parts),
        runner(parts, [this](std::int64_t id) { tell(id); }),
        chunks(parts),
        renditions(parts.database, parts.ledger, parts.store, parts.keeper, parts.clock, convert_by(parts.workers)) {}

  void tell(std::int64_t request_id) const {
    if (listener) listener(request_id);
  }

  // Completes what the database has: who made it, and how far its run is right now.
  Result<std::vector<DownloadRequest>> complete(std::vector<store::StoredRequest> stored) {
    std::map<std::int64_t, std::optional<accounts::Account>> makers;
    std::vector<DownloadRequest> out;
    out.reserve(stored.size());
    for (auto& [request, created_by, key, version, result_id] : stored) {
      auto maker = makers.find(created_by);
      if (maker == makers.end()) {
        auto account = parts.accounts.get(created_by);
        if (!account && account.error().code != Code::kNotFound) return std::unexpected(account.error());
        maker = makers.emplace(created_by, account ? std::optional(*std::move(account)) : std::nullopt).first;
      }
      request.created_by = maker->second;
      add_progress(request);
      out.push_back(std::move(request));
    }
    return out;
  }

  Result<DownloadRequest> complete_one(store::StoredRequest stored) {
    std::vector<store::StoredRequest> one;
    one.push_back(std::move(stored));
    TRY(auto completed, complete(std::move(one)));
    return std::move(completed.front());
  }

  // With what the caller calls them.
  Result<std::vector<DownloadRequest>> complete_for(const accounts::Account& caller,
                                                    std::vector<store::StoredRequest> stored) {
    TRY(auto requests, complete(std::move(stored)));
    TRY_VOID(add_labels(parts, caller, requests));
    return requests;
  }

  Result<DownloadRequest> complete_for(const accounts::Account& caller, store::StoredRequest stored) {
    std::vector<store::StoredRequest> one;
    one.push_back(std::move(stored));
    TRY(auto completed, complete_for(caller, std::move(one)));
    return std::move(completed.front());
  }

  Result<bool> sees(const accounts::Account& caller, std::int64_t item_id) {
    TRY(const auto visible, parts.catalogue.visible(caller, {item_id}));
    return !visible.empty();
  }

  // False where the account did not wait. What follows from it happens after the commit.
  Result<bool> leave(metadata::Transaction& tx, store::Waiter waiter, std::optional<std::int64_t> actor) {
    TRY(auto left, store::leave(tx, waiter.request_id, waiter.account_id, parts.clock.now()));
    if (!left.was_waiter) return false;
    ledger::Entry entry = request_entry(left.cancelled ? "request.cancelled" : "request.left", waiter.request_id);
    entry.actor = actor;
    if (actor != waiter.account_id) entry.on_behalf = waiter.account_id;
    entry.run = left.cancelled_run;
    TRY_VOID(parts.ledger.append(tx, entry));
    if (actor != waiter.account_id) TRY_VOID(Tidings(parts).cancelled(tx, waiter));
    tx.after_commit([this, left, id = waiter.request_id] {
      if (left.cancelled_run) runner.interrupt(*left.cancelled_run);
      if (left.cancelled) tell(id);
    });
    return true;
  }

  void add_progress(DownloadRequest& request) const {
    if (request.state != RunState::kRunning) return;
    const auto progress = runner.progress_of(request.id);
    if (!progress) return;
    request.rows_read = progress->rows_read;
    request.rows_total = progress->rows_total;
  }

  Result<std::optional<store::StoredRequest>> find(std::int64_t id) {
    return parts.database.read([&](metadata::Session& session) { return store::find_request(session, id); });
  }

  const SliceServiceParts parts;
  std::function<void(std::int64_t)> listener;
  analytics::SpendingView spending;
  Budgets budgets;
  JobSweeper sweeper;
  Runner runner;
  ChunkService chunks;
  Samples samples{parts};
  Renditions renditions;
  Staleness staleness{parts};
};

SliceService::SliceService(SliceServiceParts parts) : impl_(std::make_unique<Impl>(parts)) {}
SliceService::~SliceService() { stop(); }

void SliceService::on_change(std::function<void(std::int64_t)> listener) { impl_->listener = std::move(listener); }

void SliceService::start() {
  impl_->runner.start();
  impl_->sweeper.start();
  impl_->staleness.start();
  impl_->samples.start();
}

void SliceService::stop() {
  impl_->samples.stop();
  impl_->staleness.stop();
  impl_->sweeper.stop();
  impl_->renditions.stop();
  impl_->runner.stop();
}

Result<Asked> SliceService::ask(const accounts::Account& caller, std::int64_t item_id, const json::value& spec) {
  TRY(const Question question, check_question(impl_->parts, caller, item_id, spec));
  TRY(const Placed placed, place(impl_->parts, impl_->budgets, caller, question));
  const bool has_run = placed.answer == store::Answer::kRunQueued || placed.answer == store::Answer::kRunGoesOn;
  if (has_run) impl_->runner.wake();
  if (placed.created || placed.answer == store::Answer::kRunQueued) impl_->tell(placed.request_id);
  TRY(auto stored, impl_->find(placed.request_id));
  if (!stored) return fail(Code::kInternal, "a request that was just made is not there");
  TRY(auto request, impl_->complete_for(caller, *std::move(stored)));
  return Asked{std::move(request), placed.created};
}

Result<std::vector<DownloadRequest>> SliceService::list(const accounts::Account& caller, const RequestQuery& query) {
  TRY(auto stored,
      impl_->parts.database.read([&](metadata::Session& session) { return store::list_awaited(session, caller.id); }));
  std::set<std::int64_t> items;
  for (const auto& one : stored) items.insert(one.request.catalogue_item_id);
  TRY(const auto visible, impl_->parts.catalogue.visible(caller, {items.begin(), items.end()}));
  std::erase_if(stored, [&](const auto& one) { return !visible.contains(one.request.catalogue_item_id); });
  TRY(auto requests, impl_->complete_for(caller, std::move(stored)));
  TRY_VOID(keep_matching(impl_->parts, query, requests));
  return requests;
}

Result<DownloadRequest> SliceService::get(const accounts::Account& caller, std::int64_t id) {
  TRY(auto stored, impl_->parts.database.read(
                       [&](metadata::Session& session) { return store::find_awaited(session, id, caller.id); }));
  if (!stored) return no_such_request(id);
  TRY(const bool seen, impl_->sees(caller, stored->request.catalogue_item_id));
  if (!seen) return no_such_request(id);
  return impl_->complete_for(caller, *std::move(stored));
}

Result<DownloadRequest> SliceService::label(const accounts::Account& caller, std::int64_t id,
                                            const store::LabelChange& change) {
  TRY_VOID(check_label(change));
  TRY_VOID(get(caller, id));
  TRY(const bool waits, impl_->parts.database.write(
                            [&](metadata::Transaction& tx) { return store::set_label(tx, {id, caller.id}, change); }));
  if (!waits) return no_such_request(id);
  return get(caller, id);
}

Result<Asked> SliceService::repeat(const accounts::Account& caller, std::int64_t id) {
  TRY(const DownloadRequest before, get(caller, id));
  TRY(Asked asked, ask(caller, before.catalogue_item_id, table::to_json(before.spec)));
  const bool is_named = before.name || before.note;
  if (asked.request.id == id || !is_named || asked.request.name || asked.request.note) return asked;
  TRY(asked.request, label(caller, asked.request.id, {before.name, before.note}));
  return asked;
}

Result<ReceiptFacts> SliceService::receipt_facts(const accounts::Account& caller, std::int64_t id) {
  ReceiptFacts facts;
  TRY(facts.request, get(caller, id));
  if (facts.request.state == RunState::kQueued || facts.request.state == RunState::kRunning) {
    return fail(Code::kConflict, "DOWNLOADREQUEST_NOT_DONE",
                "a receipt is of data that are there: wait for them first");
  }
  TRY_VOID(check_done(facts.request));
  TRY(const auto stored, impl_->find(id));
  if (!stored || !stored->result_id) return no_such_request(id);
  TRY(auto origin, impl_->parts.database.read(
                       [&](metadata::Session& session) { return store::find_origin(session, *stored->result_id); }));
  if (!origin) return fail(Code::kInternal, "a request that is done has no result");
  facts.origin = *std::move(origin);
  TRY(const auto item, impl_->parts.catalogue.get(caller, facts.request.catalogue_item_id));
  facts.item_name = item.name;
  return facts;
}

Result<std::optional<json::object>> SliceService::told(const accounts::Account& account, std::int64_t id,
                                                       const accounts::KeyRing& keys, std::string_view base_url) {
  return told_now(impl_->parts, account, id, keys, base_url);
}

Result<std::int64_t> SliceService::mark_too_old() { return impl_->staleness.tick(); }

Result<void> SliceService::source_changed(metadata::Transaction& transaction, const catalogue::CatalogueItem& item,
                                          const std::string&, const std::string& new_version) {
  return impl_->staleness.source_changed(transaction, item, new_version);
}

Result<void> SliceService::leave(const accounts::Account& caller, std::int64_t id) {
  TRY_VOID(get(caller, id));
  return impl_->parts.database.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY(const bool was_waiter, impl_->leave(tx, {id, caller.id}, caller.id));
    if (!was_waiter) return no_such_request(id);
    return {};
  });
}

Result<void> SliceService::farewell(metadata::Transaction& transaction, const accounts::Account& leaving,
                                    std::optional<std::int64_t> actor) {
  TRY(const auto ids, store::awaited_ids(transaction, leaving.id));
  for (const std::int64_t id : ids) TRY_VOID(impl_->leave(transaction, {id, leaving.id}, actor));
  return impl_->budgets.forget(transaction, {HolderKind::kAccount, leaving.id});
}

Result<void> SliceService::group_farewell(metadata::Transaction& transaction, const accounts::Group& leaving,
                                          std::optional<std::int64_t>) {
  return impl_->budgets.forget(transaction, {HolderKind::kGroup, leaving.id});
}

Result<DownloadRequest> SliceService::decide(const accounts::Account& admin, std::int64_t id, bool is_yes,
                                             const std::optional<std::string>& answer) {
  if (answer && answer->size() > kAnswerBytes) {
    const std::string text = fmt::format("At most {} bytes.", kAnswerBytes);
    return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", "the answer is too long", {{"answer", {text}}});
  }
  TRY_VOID(impl_->parts.database.write([&](metadata::Transaction& tx) {
    return slices::decide(tx, impl_->parts, id, {is_yes, answer, admin.id, impl_->parts.clock.now()});
  }));
  impl_->runner.wake();
  impl_->tell(id);
  TRY(auto stored, impl_->find(id));
  if (!stored) return no_such_request(id);
  return impl_->complete_one(*std::move(stored));
}

Result<std::vector<WaitingRequest>> SliceService::waiting_for_approval() {
  return impl_->parts.database.read([&](metadata::Session& session) -> Result<std::vector<WaitingRequest>> {
    TRY(const auto waiting, store::list_waiting(session, kListedApprovals));
    std::vector<WaitingRequest> out;
    out.reserve(waiting.size());
    for (const auto& approval : waiting) {
      TRY(const auto account, accounts::find_account(session, approval.asked_by));
      TRY(const auto item_id, store::item_of(session, approval.request_id));
      const std::string name = !account ? "" : account->email.empty() ? account->username : account->email;
      out.push_back({approval.request_id, item_id, approval.asked_by, name, approval.expected, approval.reason,
                     approval.asked_at});
    }
    return out;
  });
}

Budgets& SliceService::budgets() { return impl_->budgets; }
analytics::SpendingView& SliceService::spending() { return impl_->spending; }
const SliceSettings& SliceService::settings() const { return impl_->parts.settings; }

Result<void> SliceService::leave_where_hidden(metadata::Transaction& transaction, std::int64_t item_id,
                                              std::optional<std::int64_t> actor, const Sees& sees) {
  TRY(const auto waiters, store::waiters_of_item(transaction, item_id));
  std::map<std::int64_t, bool> seen;
  for (const auto& waiter : waiters) {
    if (!seen.contains(waiter.account_id)) {
      TRY(seen[waiter.account_id], sees(waiter.account_id));
    }
    if (!seen[waiter.account_id]) TRY_VOID(impl_->leave(transaction, waiter, actor));
  }
  return {};
}

ChunkService& SliceService::chunks() { return impl_->chunks; }

Result<Forecast> SliceService::forecast(const accounts::Account& caller, std::int64_t item_id,
                                        const json::value& spec) {
  TRY(const Question question, check_question(impl_->parts, caller, item_id, spec));
  return lakelift::slices::forecast(impl_->parts, impl_->samples, question);
}

Result<DownloadRequest> SliceService::get_for_link(const Link& link) {
  TRY(auto stored,
      impl_->parts.database.read([&](metadata::Session& session) -> Result<std::optional<store::StoredRequest>> {
        TRY(auto found, store::find_request(session, link.request_id));
        if (!found || found->request.is_cancelled) return found;
        TRY(const bool waits, store::is_waiter(session, link.request_id, link.account_id));
        if (!waits) return std::nullopt;
        return found;
      }));
  if (!stored) return fail(Code::kForbidden, "LINK_NOT_VALID", "whom this address was made for no longer waits");
  // Asked each time: the right to the item may be gone since the address was made (threats U4).
  TRY(const bool seen, impl_->parts.catalogue.sees(link.account_id, stored->request.catalogue_item_id));
  if (!seen) return fail(Code::kForbidden, "LINK_NOT_VALID", "whom this address was made for may not see the item");
  if (stored->request.is_cancelled) return cancelled();
  return impl_->complete_one(*std::move(stored));
}

Result<std::vector<DownloadRequest>> SliceService::states(const std::vector<std::int64_t>& ids) {
  TRY(auto stored,
      impl_->parts.database.read([&](metadata::Session& session) { return store::find_requests(session, ids); }));
  return impl_->complete(std::move(stored));
}

Result<Rendition> SliceService::rendition(std::int64_t request_id, columnar::Format format, std::stop_token stop) {
  TRY(const auto stored, impl_->find(request_id));
  if (!stored) return no_such_request(request_id);
  TRY_VOID(check_done(stored->request));
  TRY(auto out, impl_->renditions.get(result_of(*stored), format, stop));
  TRY(const auto item, impl_->parts.catalogue.get(stored->request.catalogue_item_id));
  out.file_name = file_name_of(item.name, request_id, format);
  return out;
}

Result<std::shared_ptr<RandomAccess>> SliceService::open(const Rendition& rendition) {
  return impl_->parts.keeper.open({rendition.object_key, rendition.size_bytes, rendition.sha256});
}

Result<std::vector<objects::Reference>> SliceService::referenced(metadata::Session& session,
                                                                 const std::vector<std::string>& keys) {
  return store::referenced_objects(session, keys);
}

Result<std::vector<objects::Reference>> SliceService::references(metadata::Session& session, const std::string& after,
                                                                 int limit) {
  return store::object_references(session, after, limit);
}

Result<std::vector<std::string>> SliceService::subjects(metadata::Session& session, const std::string& key) {
  return store::object_subjects(session, key);
}

Result<std::int64_t> SliceService::not_cancelled(metadata::Session& session, std::int64_t item_id) {
  return store::count_not_cancelled(session, item_id);
}

}  // namespace lakelift::slices
