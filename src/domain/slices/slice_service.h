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
#include "domain/catalogue/catalogue_service.h"
#include "domain/objects/object_keeper.h"
#include "domain/objects/object_owner.h"
#include "domain/slices/download_request.h"
#include "domain/slices/link.h"
#include "domain/slices/planning/settings.h"

namespace lakelift::slices {

struct Asked {
  DownloadRequest request;
  bool created = false;  // 201, else 200
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
};

// Threadsafe. Runs go on in the background on threads of its own, leased from the database.
class SliceService final : public catalogue::LiveRequests,
                           public accounts::FarewellListener,
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
  // instance with id 58495 does not exist."; EXECUTOR_NOT_CONFIGURED.
  [[nodiscard]] Result<Asked> ask(const accounts::Account& caller, std::int64_t item_id, const json::value& spec);
  // Those the caller waits for, newest first. Here and below: a request of an item that the caller may not see (any
  // more) is not there for them.
  [[nodiscard]] Result<std::vector<DownloadRequest>> list(const accounts::Account& caller);
  // Error: kNotFound COULD_NOT_FIND_DOWNLOADREQUEST, also for one that the caller does not wait for.
  [[nodiscard]] Result<DownloadRequest> get(const accounts::Account& caller, std::int64_t id);
  // The caller stops waiting; the last one to leave cancels the request and its run.
  [[nodiscard]] Result<void> leave(const accounts::Account& caller, std::int64_t id);
  // Bytes of the Parquet result, from what the profile stored; no data are read.
  [[nodiscard]] Result<std::int64_t> estimate(const accounts::Account& caller, std::int64_t item_id,
                                              const json::value& spec);

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

  // Called after each change of a request's state or progress, from any thread; set before start().
  void on_change(std::function<void(std::int64_t request_id)> listener);

  [[nodiscard]] Result<std::int64_t> not_cancelled(metadata::Session& session, std::int64_t item_id) override;
  // The account stops waiting for all that it waits for, as by leave().
  [[nodiscard]] Result<void> farewell(metadata::Transaction& transaction, const accounts::Account& leaving,
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

// `@type` download_request with the contract's fields and, beside them, state, rows, sha256, progress, failure, uri.
// `base_url`: "http://127.0.0.1:3000"; the addresses handed out are absolute.
[[nodiscard]] json::object to_json(const DownloadRequest& request, const catalogue::CatalogueItem& item,
                                   const accounts::Account& caller, const accounts::KeyRing& keys, const Clock& clock,
                                   std::string_view base_url);

[[nodiscard]] std::vector<metadata::Migration> migrations();  // of slices

}  // namespace lakelift::slices
