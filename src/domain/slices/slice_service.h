// Ask → run once → keep → hand over.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backends/executors/executor.h"
#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "backends/metadata/migration.h"
#include "backends/storage/object_store.h"
#include "base/random_access.h"
#include "columnar/worker_pool.h"
#include "domain/accounts/account_service.h"
#include "domain/accounts/farewell.h"
#include "domain/accounts/key_ring.h"
#include "domain/analytics/spending.h"
#include "domain/catalogue/catalogue_service.h"
#include "domain/notices/notice_service.h"
#include "domain/objects/object_keeper.h"
#include "domain/objects/object_owner.h"
#include "domain/slices/budgets.h"
#include "domain/slices/chunk_service.h"
#include "domain/slices/download_request.h"
#include "domain/slices/link.h"
#include "domain/slices/planning/settings.h"
#include "domain/slices/receipt.h"
#include "domain/slices/waiter_store.h"
#include "domain/webhooks/webhook_service.h"

namespace lakelift::slices {

struct Asked {
  DownloadRequest request;
  bool created = false;  // 201, else 200
};

// What asking would come to.
struct Forecast {
  store::Answer answer = store::Answer::kRunQueued;  // kHeld: done at once; kRunGoesOn: somebody waits for it already
  Plan plan;                                         // where a run is needed
  std::int64_t estimated_bytes = 0;                  // of the Parquet result
  std::int64_t estimated_rows = 0;
  bool is_sampled = false;  // filters were tried on rows of the table, not on its columns' statistics
  std::string currency;
};

struct SliceServiceParts {
  metadata::Database& database;
  const ledger::Ledger& ledger;
  accounts::AccountService& accounts;
  catalogue::CatalogueService& catalogue;
  const executors::Executors& executors;
  storage::ObjectStore& store;
  objects::ObjectKeeper& keeper;  // results and renditions; this service is one of its owners
  columnar::WorkerPool& workers;
  const Clock& clock;
  Random& random;
  Metrics& metrics;
  // Whether no other process uses this database, so that what a crash left behind is taken up at once, not after its
  // lease. Nothing: as the database says (SQLite has one process).
  std::optional<bool> sole_owner = std::nullopt;
  std::size_t running_runs = limits::kRunningRuns;  // at once, in this process
  SliceSettings settings = {};
  // Who waits is told by these; nothing: not so.
  notices::NoticeService* notices = nullptr;
  webhooks::WebhookService* webhooks = nullptr;
};

// What is asked for together must hold together.
struct RequestQuery {
  std::string name;  // in what the caller calls it, whatever its case; empty: all
  std::optional<bool> stale = std::nullopt;
};

// A request that is beyond a budget.
struct WaitingRequest {
  std::int64_t request_id = 0;
  std::int64_t catalogue_item_id = 0;
  std::int64_t asked_by = 0;
  std::string asked_by_name;  // email or username; empty: gone
  Cost expected;
  std::string reason;
  Micros asked_at = 0;
};

// Threadsafe. Runs go on in the background on threads of its own, leased from the database.
class SliceService final : public catalogue::LiveRequests,
                           public catalogue::SourceListener,
                           public accounts::FarewellListener,
                           public accounts::GroupFarewellListener,
                           public objects::ObjectOwner {
 public:
  explicit SliceService(SliceServiceParts parts);
  ~SliceService() override;  // stop()

  // Starts the runners: takes up what a crash left behind.
  void start();
  // Refuses new runs, interrupts running ones (their leases end, another server or the next start takes them up),
  // joins.
  void stop();

  // `spec` as it came in the body. The caller becomes a waiter; an equal live request is joined; one that FAILED runs
  // again. Errors: BODY_DID_NOT_VALIDATE; kInvalid BODY_JSON_DID_NOT_PARSE, field catalogue_item, "catalogue item
  // instance with id 58495 does not exist."; EXECUTOR_NOT_CONFIGURED; kForbidden RUN_CUT_OFF: no run may scan or cost
  // as much. What is beyond a budget of the caller's is WAITING_FOR_APPROVAL.
  [[nodiscard]] Result<Asked> ask(const accounts::Account& caller, std::int64_t item_id, const json::value& spec);
  // Those the caller waits for, newest first. Here and below: a request of an item that the caller may not see (any
  // more) is not there for them.
  [[nodiscard]] Result<std::vector<DownloadRequest>> list(const accounts::Account& caller,
                                                          const RequestQuery& query = {});
  // Error: kNotFound COULD_NOT_FIND_DOWNLOADREQUEST, also for one that the caller does not wait for.
  [[nodiscard]] Result<DownloadRequest> get(const accounts::Account& caller, std::int64_t id);
  // The caller stops waiting; the last one to leave cancels the request and its run.
  [[nodiscard]] Result<void> leave(const accounts::Account& caller, std::int64_t id);
  // What the caller calls a request and notes of it; nobody else sees it. Errors: as get(); kInvalid
  // BODY_DID_NOT_VALIDATE (name, note).
  [[nodiscard]] Result<DownloadRequest> label(const accounts::Account& caller, std::int64_t id,
                                              const store::LabelChange& change);
  // The same slice of the data as they are now: a new request (which takes over name and note), or the same one where
  // nothing has changed. Errors: as get() and ask().
  [[nodiscard]] Result<Asked> repeat(const accounts::Account& caller, std::int64_t id);
  // Errors: as get(); kConflict DOWNLOADREQUEST_NOT_DONE, DOWNLOADREQUEST_FAILED.
  [[nodiscard]] Result<ReceiptFacts> receipt_facts(const accounts::Account& caller, std::int64_t id);
  // What a webhook is told of a request beside the event itself (tidings.h).
  [[nodiscard]] Result<std::optional<json::object>> told(const accounts::Account& account, std::int64_t id,
                                                         const accounts::KeyRing& keys, std::string_view base_url);
  // How the slice would be answered now, and what that would weigh, cost and take; nothing is read, nothing runs.
  [[nodiscard]] Result<Forecast> forecast(const accounts::Account& caller, std::int64_t item_id,
                                          const json::value& spec);
  // What items are cut into, and what of them is held.
  [[nodiscard]] ChunkService& chunks();

  // For holders of a verified link: the request as long as that account still waits for it, is not disabled and may see
  // the item (else
  // kForbidden; kGone when cancelled).
  [[nodiscard]] Result<DownloadRequest> get_for_link(const Link& link);
  // The request's state without a caller; for the edge's Feed. Those not found are left out.
  [[nodiscard]] Result<std::vector<DownloadRequest>> states(const std::vector<std::int64_t>& ids);
  // The DONE request's data in a format: made once by a worker, kept, then opened. Blocks while it is being made.
  // Errors: kConflict with the run's reason when FAILED; kGone when cancelled; kUnavailable while not DONE.
  [[nodiscard]] Result<Rendition> rendition(std::int64_t request_id, columnar::Format format, std::stop_token stop);
  // Errors: ObjectKeeper::open's.
  [[nodiscard]] Result<std::shared_ptr<RandomAccess>> open(const Rendition& rendition);

  // For administrators. A request that waits for approval is run, or has FAILED with `answer`. Errors: kNotFound
  // COULD_NOT_FIND_DOWNLOADREQUEST; kConflict DOWNLOADREQUEST_NOT_WAITING; kInvalid BODY_DID_NOT_VALIDATE (answer).
  [[nodiscard]] Result<DownloadRequest> decide(const accounts::Account& admin, std::int64_t id, bool is_yes,
                                               const std::optional<std::string>& answer);
  // The oldest first, at most kListedApprovals.
  [[nodiscard]] Result<std::vector<WaitingRequest>> waiting_for_approval();
  [[nodiscard]] Budgets& budgets();
  [[nodiscard]] analytics::SpendingView& spending();
  [[nodiscard]] const SliceSettings& settings() const;

  // Called after each change of a request's state or progress, from any thread; set before start().
  void on_change(std::function<void(std::int64_t request_id)> listener);

  // Marks what has grown too old by the age that its item sets, and tells its holders; how many. Called by a thread of
  // the service; by tests without it.
  [[nodiscard]] Result<std::int64_t> mark_too_old();
  // What is held of other versions is stale from now on, and its holders hear of it, once.
  [[nodiscard]] Result<void> source_changed(metadata::Transaction& transaction, const catalogue::CatalogueItem& item,
                                            const std::string& old_version, const std::string& new_version) override;
  [[nodiscard]] Result<std::int64_t> not_cancelled(metadata::Session& session, std::int64_t item_id) override;
  // The account stops waiting for all that it waits for, as by leave(); its budget goes.
  [[nodiscard]] Result<void> farewell(metadata::Transaction& transaction, const accounts::Account& leaving,
                                      std::optional<std::int64_t> actor) override;
  [[nodiscard]] Result<void> group_farewell(metadata::Transaction& transaction, const accounts::Group& leaving,
                                            std::optional<std::int64_t> actor) override;
  [[nodiscard]] Result<void> leave_where_hidden(metadata::Transaction& transaction, std::int64_t item_id,
                                                std::optional<std::int64_t> actor, const Sees& sees) override;
  // What results and renditions refer to.
  [[nodiscard]] Result<std::vector<objects::Reference>> referenced(metadata::Session& session,
                                                                   const std::vector<std::string>& keys) override;
  [[nodiscard]] Result<std::vector<objects::Reference>> references(metadata::Session& session, const std::string& after,
                                                                   int limit) override;
  [[nodiscard]] Result<std::vector<std::string>> subjects(metadata::Session& session, const std::string& key) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// `@type` download_request with the contract's fields and, beside them, state, rows, sha256, progress, failure, uri,
// name, note, is_stale, stale_since. The addresses are signed anew each time.
// `base_url`: "http://127.0.0.1:3000"; the addresses handed out are absolute.
[[nodiscard]] json::object to_json(const DownloadRequest& request, const catalogue::CatalogueItem& item,
                                   const accounts::Account& caller, const accounts::KeyRing& keys, const Clock& clock,
                                   std::string_view base_url);

[[nodiscard]] json::object to_json(const Forecast& forecast);

[[nodiscard]] std::vector<metadata::Migration> migrations();  // of slices

}  // namespace lakelift::slices
