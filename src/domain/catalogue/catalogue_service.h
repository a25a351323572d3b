// What there is to ask for.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "backends/metadata/migration.h"
#include "domain/accounts/account.h"
#include "domain/accounts/account_service.h"
#include "domain/catalogue/catalogue_index.h"
#include "domain/catalogue/catalogue_item.h"
#include "domain/catalogue/item_history.h"
#include "domain/catalogue/item_journal.h"

namespace lakelift::catalogue {

// Turned-round edge (design): deleting an item asks who still waits for it. slices implements it, app connects it.
class LiveRequests {
 public:
  virtual ~LiveRequests() = default;
  [[nodiscard]] virtual Result<std::int64_t> not_cancelled(metadata::Session& session, std::int64_t item_id) = 0;
  // Before an item goes: those who wait for it but may not see it any more can't leave by themselves; they leave now.
  // `actor`: an account; nothing: the server itself.
  using Sees = std::function<Result<bool>(std::int64_t account_id)>;
  [[nodiscard]] virtual Result<void> leave_where_hidden(metadata::Transaction&, std::int64_t /*item_id*/,
                                                        std::optional<std::int64_t> /*actor*/, const Sees&) {
    return {};
  }
};

// Turned-round edge: what is held of an item's data is held by the folders above. slices implements it, app connects
// it.
class SourceListener {
 public:
  virtual ~SourceListener() = default;
  // The data are others than those of `old_version`. In the transaction that stores `new_version` ("" where it is not
  // known any more), and before that, as soon as a look has found it: so it may be told more than once, and only the
  // first time is news. `item` as it is then. An error keeps the old state.
  [[nodiscard]] virtual Result<void> source_changed(metadata::Transaction& transaction, const CatalogueItem& item,
                                                    const std::string& old_version, const std::string& new_version) = 0;
};

// An item whose data count for so long as what they were when they were read.
struct AgedItem {
  std::int64_t id = 0;
  std::int64_t max_age_seconds = 0;
};

// Turned-round edge: that an item which is a published file goes by itself, said in its transaction. app connects it
// with files.
using PublishedItemDeleted = std::function<Result<void>(metadata::Transaction& transaction, std::int64_t item_id)>;

// What is asked for together must hold together; empty: all items.
struct ItemQuery {
  std::string query = {};                          // the contract's search language over names
  std::optional<std::string> name = std::nullopt;  // exactly this one
  std::optional<bool> has_samples = std::nullopt;
  std::string text = {};  // full text; ranked
  std::optional<executors::ExecutorType> executor_type = std::nullopt;
  std::optional<std::int64_t> maintainer = std::nullopt;
  std::optional<table::ColumnType> column_type = std::nullopt;  // at least one column of it
  std::optional<std::string> size = std::nullopt;               // one of size_classes()
  std::vector<std::string> tags = {};                           // all of them
  std::optional<std::string> after = std::nullopt;              // ItemPage::next of the page before
  std::optional<std::size_t> limit = std::nullopt;
  bool facets = false;
  bool is_summary = false;  // items without samples and distributions
};

struct ItemPage {
  std::vector<CatalogueItem> items;  // by name; with `text` the best first
  std::int64_t total = 0;            // over all pages
  std::optional<std::string> next;
  std::map<std::string, std::vector<FacetValue>> facets;  // as SearchPage has them
  std::vector<std::string> facets_timed_out;
};

// Whether a change is stored, or only tried: all of its checks, those of the database too, and then nothing of it.
enum class Effect { kStored, kTried };

// Adds a table by looking at it: what `lakelift catalogue add` sends.
struct NewItem {
  std::string name;
  std::optional<std::string> description;
  executors::ExecutorType executor_type = executors::ExecutorType::kLocal;
  executors::Source source;
  bool profile = true;  // also sample and distributions
  Visibility visibility = Visibility::kEveryone;
};

// A file that its owner publishes as a table.
struct NewPublishedItem {
  std::string name;
  std::optional<std::string> description;
  std::int64_t file_id = 0;
  std::int64_t owner_id = 0;  // maintains it
};

// Threadsafe.
class CatalogueService {
 public:
  CatalogueService(metadata::Database& database, const ledger::Ledger& ledger, accounts::AccountService& accounts,
                   const executors::Executors& executors, const Clock& clock);
  void set_live_requests(LiveRequests* live) { live_ = live; }
  // Without it nobody hears that data have changed; set before the first change.
  void set_source_listener(SourceListener* listener) { source_listener_ = listener; }
  // Without it followers are not told; set before the first change.
  void set_notices(notices::NoticeService* notices) {
    notices_ = notices;
    journal_.set_notices(notices);
  }

  // Without it nobody is told; set before the first call.
  void set_published_item_deleted(PublishedItemDeleted told) { published_item_deleted_ = std::move(told); }

  // Reads the catalogue into the search index in the background, so that the first search need not wait for it.
  void warm_up() { index_.warm_up(); }
  // What the caller may see of what is asked for. Error: kInvalid QUERY_DID_NOT_VALIDATE.
  [[nodiscard]] Result<ItemPage> list(const accounts::Account& caller, const ItemQuery& query);
  // Where the data of all LOCAL items are. For the server's own work.
  [[nodiscard]] Result<std::vector<executors::Source>> local_sources();
  // Error: kNotFound COULD_NOT_FIND_CATALOGUEITEM, also for one that the caller may not see.
  [[nodiscard]] Result<CatalogueItem> get(const accounts::Account& caller, std::int64_t id);
  // Of these items those that the caller may see.
  [[nodiscard]] Result<std::set<std::int64_t>> visible(const accounts::Account& caller,
                                                       const std::vector<std::int64_t>& ids);
  // Ids, ascending.
  [[nodiscard]] Result<std::vector<std::int64_t>> maintained_by(std::int64_t account_id);
  // Whether the account (as it is now; not when it is gone or disabled) may see the item: for who comes with something
  // that we signed earlier.
  [[nodiscard]] Result<bool> sees(std::int64_t account_id, std::int64_t id);
  // Inside a transaction of the caller's own: the item's name, where the account (as it is then) may see it.
  [[nodiscard]] Result<std::optional<std::string>> name_for(metadata::Session& session, std::int64_t account_id,
                                                            std::int64_t id) const;
  // Those that set an age.
  [[nodiscard]] Result<std::vector<AgedItem>> aged_items();
  // Without a caller: for the server's own work.
  [[nodiscard]] Result<CatalogueItem> get(std::int64_t id);
  // Inspects (and profiles) through the executor, then stores. A source that names a file by its id is refused here and
  // in set_source: whose file it is, only app knows. Errors: kInvalid BODY_DID_NOT_VALIDATE (name, source);
  // kConflict CATALOGUEITEM_EXISTS_ALREADY; kConflict EXECUTOR_NOT_CONFIGURED; the executor's.
  [[nodiscard]] Result<CatalogueItem> add(const accounts::Account& caller, const NewItem& item, std::stop_token stop);
  // The contract's POST: body {name, spec, sample, maintained_by_id, executor_type} as it came, checked here.
  [[nodiscard]] Result<CatalogueItem> create(const accounts::Account& caller, const json::value& body,
                                             Effect effect = Effect::kStored);
  // Fields that are present are set. Error: kConflict CATALOGUEITEM_FOLLOWS_ITS_FILE where a published item would be
  // seen by others, be maintained by another, or have another engine.
  [[nodiscard]] Result<CatalogueItem> update(const accounts::Account& caller, std::int64_t id, const json::value& body,
                                             Effect effect = Effect::kStored);
  // Error: kInvalid NOT_CANCELLED_DOWNLOAD_REQEUSTS_DETECTED (spelled so), fields item_id and not_cancelled_count.
  [[nodiscard]] Result<void> remove(const accounts::Account& caller, std::int64_t id);
  // Recomputes sample, sizes, null shares, distributions through the executor. Names, types and descriptions of the
  // spec stay, and columns that it leaves out stay out. Errors: kConflict SOURCE_MISSING for an item without a source;
  // kConflict SOURCE_CHANGED where the table has lost a column of the spec or holds another type in it;
  // EXECUTOR_NOT_CONFIGURED; the executor's.
  [[nodiscard]] Result<CatalogueItem> profile(const accounts::Account& caller, std::int64_t id, std::stop_token stop);
  // The server's own work: looks whether the data are others than those of the last profile, and profiles again where
  // they are. True where it did. An item that was never profiled is left alone. What goes wrong is written into the
  // item (profile.error; profile.is_stale where the data are known to have changed), which keeps its figures, and comes
  // back as the error: as of profile(), or kCancelled, which is written nowhere.
  [[nodiscard]] Result<bool> refresh(std::int64_t id, std::stop_token stop);
  // Says where the data of an item are (it was created by its spec alone, or they have moved), after a look that they
  // fit the spec: as profile(), but sample and distributions stay. Whether the caller may name paths is the edge's to
  // decide.
  [[nodiscard]] Result<CatalogueItem> set_source(const accounts::Account& caller, std::int64_t id,
                                                 const executors::Source& source, std::stop_token stop);
  // For app/PublishedFiles: items that are files (published_item.h). Nobody else makes or changes who sees them.
  // As add(), profiled through the executor before anything is stored. `within` completes the transaction of the insert
  // and says who may read the file then: they are the item's readers.
  using WithinPublishing = std::function<Result<NamedReaders>(metadata::Transaction&, std::int64_t item_id)>;
  [[nodiscard]] Result<CatalogueItem> add_published(const accounts::Account& caller, const NewPublishedItem& item,
                                                    const WithinPublishing& within, std::stop_token stop);
  // Exactly these see it from now on, besides its maintainer and admins. Fine where it is gone.
  [[nodiscard]] Result<void> set_published_readers(metadata::Transaction& transaction, std::int64_t id,
                                                   const NamedReaders& readers, std::optional<std::int64_t> actor);
  // The item goes, and whoever waits for slices of it waits no more. Fine where it is gone. Nobody is told of it as
  // PublishedItemDeleted: the caller knows.
  [[nodiscard]] Result<void> retire(metadata::Transaction& transaction, std::int64_t id,
                                    std::optional<std::int64_t> actor);

  // From now on the caller hears of changes, or no longer. Fine when it is so already. Errors:
  // COULD_NOT_FIND_CATALOGUEITEM; kConflict TOO_MANY_ITEMS_FOLLOWED.
  [[nodiscard]] Result<CatalogueItem> follow(const accounts::Account& caller, std::int64_t id, bool follows);
  // What was changed, when, by whom, newest first: entries of the ledger with seq < before. Who was named and who no
  // longer is told only to admins and the maintainer. Error: COULD_NOT_FIND_CATALOGUEITEM.
  [[nodiscard]] Result<HistoryPage> history(const accounts::Account& caller, std::int64_t id,
                                            std::optional<std::int64_t> before, int limit);

 private:
  [[nodiscard]] Result<std::vector<CatalogueItem>> with_accounts(std::vector<ItemRow> rows);
  [[nodiscard]] Result<CatalogueItem> with_accounts(ItemRow row);
  // As the caller may see it. Error: COULD_NOT_FIND_CATALOGUEITEM.
  [[nodiscard]] Result<ItemRow> shown(metadata::Session& session, const accounts::Account& caller,
                                      std::int64_t id) const;
  [[nodiscard]] Result<ItemPage> named(const accounts::Account& caller, const std::string& name);
  // Accounts that a body names must be there.
  [[nodiscard]] Result<void> check_maintainer(const std::optional<std::int64_t>& id);
  // In one transaction: the row as it is now, changed by `changer`, stored, and written to the ledger as `kind`.
  // `caller`: who does it; null: the server itself, which is nobody's `updated_by`.
  using Changer = std::function<Result<void>(metadata::Transaction&, ItemRow&)>;
  [[nodiscard]] Result<ItemRow> change(const accounts::Account* caller, std::int64_t id, std::string_view kind,
                                       const Changer& changer, Effect effect = Effect::kStored);
  [[nodiscard]] Result<ItemRow> store_profile(const accounts::Account* caller, const CatalogueItem& before,
                                              const executors::TableProfile& seen);
  [[nodiscard]] Result<executors::TableProfile> look_again(const CatalogueItem& item, std::stop_token stop);
  [[nodiscard]] Result<void> tell_source_changed(std::int64_t id, const std::string& new_version);
  [[nodiscard]] Result<void> note_look(std::int64_t id, const std::optional<std::string>& error, bool is_stale);
  // `within`: the rest of the transaction; may be empty.
  using Within = std::function<Result<void>(metadata::Transaction&, const ItemRow&)>;
  [[nodiscard]] Result<void> insert(const accounts::Account& caller, ItemRow& row, Effect effect = Effect::kStored,
                                    const Within& within = {});
  // A row to be inserted: looked at through the executor.
  [[nodiscard]] Result<ItemRow> looked_at(const NewItem& item, std::stop_token stop);
  [[nodiscard]] Result<void> name_readers(metadata::Transaction& transaction, const ItemRow& row,
                                          const NamedReaders& readers, Actor actor);

  metadata::Database& database_;
  const ledger::Ledger& ledger_;
  accounts::AccountService& accounts_;
  const executors::Executors& executors_;
  const Clock& clock_;
  ItemJournal journal_;
  CatalogueIndex index_{database_, clock_};
  LiveRequests* live_ = nullptr;
  SourceListener* source_listener_ = nullptr;
  notices::NoticeService* notices_ = nullptr;
  PublishedItemDeleted published_item_deleted_;
};

[[nodiscard]] std::vector<metadata::Migration> migrations();  // of catalogue

}  // namespace lakelift::catalogue
