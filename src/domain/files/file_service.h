// A place for files for everyone: names, rights, quota, trash. Content lies in the storage under keys of ours.
//
//   TRY(auto upload, files.begin_upload(caller, {"alice", path}, {.announced_bytes = 5}));
//   TRY_VOID(upload->write(bytes));
//   TRY(const Stored stored, files.finish(caller, std::move(upload)));   // durable and visible when it returns
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "backends/metadata/migration.h"
#include "backends/storage/object_store.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/random_access.h"
#include "domain/accounts/account.h"
#include "domain/accounts/farewell.h"
#include "domain/files/file.h"
#include "domain/files/publications.h"
#include "domain/files/upload.h"
#include "domain/objects/object_keeper.h"
#include "domain/objects/object_owner.h"

namespace lakelift::files {

struct FileOptions {
  std::int64_t quota_bytes = limits::kQuotaBytes;  // 0: none
  std::int64_t quota_files = limits::kQuotaFiles;
  std::int64_t trash_days = limits::kTrashDays;  // 0: what is deleted is gone
};

struct FileServiceParts {
  metadata::Database& database;
  const ledger::Ledger& ledger;
  storage::ObjectStore& store;
  objects::ObjectKeeper& keeper;
  const Clock& clock;
};

enum class SortBy { kName, kSize, kChanged };
struct ListQuery {
  SortBy sort = SortBy::kName;
  bool descending = false;
  bool recursive = false;                           // all depths, by path; sort is kName then
  std::optional<std::string> after = std::nullopt;  // FilePage::next of the page before
  std::int64_t limit = 100;
};
struct FilePage {
  std::vector<FileInfo> files;
  std::optional<std::string> next;
};

struct OpenedFile {
  FileInfo file;
  std::shared_ptr<RandomAccess> bytes;
  // For those who count what is sent, not for the caller:
  std::string reader;                                  // the caller's username
  std::optional<std::int64_t> item_id = std::nullopt;  // where the file is published
};

// Exactly one of the two.
struct Grantee {
  std::optional<std::string> account = std::nullopt;  // username or email
  std::optional<std::string> group = std::nullopt;    // name
};

struct Access {
  std::optional<std::string> account;  // username
  std::optional<std::string> group;    // name
  Right right = Right::kRead;
  std::string why;                        // owner, administrator, grant
  std::optional<std::string> granted_on;  // "/files/alice/reports/"
  std::optional<std::string> granted_by;
  std::optional<Micros> granted_at;
};

struct SharedFile {
  FileInfo file;
  std::string granted_by;
  Micros granted_at = 0;
};
struct SharedPage {
  std::vector<SharedFile> files;  // by address
  std::optional<std::string> next;
};

struct TrashedFile {
  std::int64_t id = 0;
  std::string owner;
  FilePath path;
  std::uint64_t size_bytes = 0;
  std::string sha256;
  bool was_replaced = false;  // else deleted
  Micros trashed_at = 0;
  std::string trashed_by;
  Micros kept_until = 0;
};
struct TrashPage {
  std::vector<TrashedFile> files;  // newest first
  std::optional<std::string> next;
};

struct Usage {
  std::string owner;
  std::int64_t bytes = 0;  // the trash not among them
  std::int64_t files = 0;
  std::int64_t trash_bytes = 0;
  std::int64_t trash_files = 0;
  std::int64_t quota_bytes = 0;  // 0: none
  std::int64_t quota_files = 0;
};

struct MoveTerms {
  Address to;
  bool overwrite = false;
};

// A table that a file was published as (app/PublishedFiles).
struct Publication {
  std::int64_t file_id = 0;
  std::int64_t item_id = 0;
  std::vector<std::string> null_tokens;
  // The file's content as Parquet where it is not Parquet itself: made from the object `made_from`.
  std::optional<objects::Reference> table;
  std::string made_from;
};

// Threadsafe. Every call that names something: kNotFound COULD_NOT_FIND_FILE where the caller may not read it (or its
// owner is not there), kForbidden ACCESS_DENIED where they may read it but not do this. `caller` has the type that its
// token lets it have; administrators may all.
class FileService final : public accounts::FarewellListener,
                          public accounts::GroupFarewellListener,
                          public objects::ObjectOwner {
 public:
  FileService(FileServiceParts parts, FileOptions options);
  ~FileService() override;
  // Without it nothing can be published; set before the first call.
  void set_publications(Publications* publications);
  // Empties the trash of what has been in it long enough, and clears away after deleted accounts, in the background.
  void start();
  void stop();
  // One round of that; how many rows went. For tests.
  [[nodiscard]] Result<std::int64_t> clean();

  [[nodiscard]] Result<FileInfo> get(const accounts::Account& caller, const Address& at);
  // Error besides: kConflict FILE_IS_A_FOLDER; kCorrupt STORED_OBJECT_BROKEN.
  [[nodiscard]] Result<OpenedFile> open(const accounts::Account& caller, const Address& at);
  // Errors besides: kConflict FILE_IS_NO_FOLDER; kInvalid QUERY_DID_NOT_VALIDATE.
  [[nodiscard]] Result<FilePage> list(const accounts::Account& caller, const Address& folder, const ListQuery& query);
  // Usernames: the caller's own, then of whom something is shared with them.
  [[nodiscard]] Result<std::vector<std::string>> owners(const accounts::Account& caller);
  [[nodiscard]] Result<std::vector<Access>> access(const accounts::Account& caller, const Address& at);
  [[nodiscard]] Result<SharedPage> shared_with(const accounts::Account& caller, const std::optional<std::string>& after,
                                               std::int64_t limit);

  // Checks right, name, quota and space for what was announced before any byte comes. Errors: kConflict
  // FILE_IS_A_FOLDER, FILE_IS_NO_FOLDER (a part of the path); kTooLarge; kPrecondition PRECONDITION_FAILED.
  [[nodiscard]] Result<std::unique_ptr<Upload>> begin_upload(const accounts::Account& caller, const Address& at,
                                                             const UploadTerms& terms);
  // All of that again, in one transaction. Errors besides: kInvalid DIGEST_DID_NOT_MATCH.
  [[nodiscard]] Result<Stored> finish(const accounts::Account& caller, std::unique_ptr<Upload> upload);
  // True in `created` where it was not there.
  [[nodiscard]] Result<Stored> make_folder(const accounts::Account& caller, const Address& at);
  // As a file, an object that is stored already and that somebody refers to at this moment: no byte is copied.
  [[nodiscard]] Result<Stored> adopt(const accounts::Account& caller, const Address& at,
                                     const objects::Reference& object, bool overwrite);

  // Errors: kConflict FOLDER_IS_NOT_EMPTY; kTooLarge above limits::kFilesPerChange.
  [[nodiscard]] Result<FileInfo> remove(const accounts::Account& caller, const Address& at, bool recursive,
                                        const Conditions& conditions = {});
  // Errors: kConflict FILE_EXISTS_ALREADY, FILE_MOVED_INTO_ITSELF; the upload's of the target.
  [[nodiscard]] Result<FileInfo> move(const accounts::Account& caller, const Address& from, const MoveTerms& terms);
  [[nodiscard]] Result<FileInfo> copy(const accounts::Account& caller, const Address& from, const MoveTerms& terms);

  // Errors: kNotFound COULD_NOT_FIND_ACCOUNT, COULD_NOT_FIND_GROUP; kInvalid; kTooLarge. Fine where it is so already,
  // and to the owner.
  [[nodiscard]] Result<FileInfo> grant(const accounts::Account& caller, const Address& at, const Grantee& to,
                                       Right right);
  [[nodiscard]] Result<FileInfo> revoke(const accounts::Account& caller, const Address& at, const Grantee& from);

  // The trash and usage are the owner's and administrators' alone; to others: kNotFound COULD_NOT_FIND_ACCOUNT.
  [[nodiscard]] Result<TrashPage> trash(const accounts::Account& caller, const std::string& owner,
                                        const std::optional<std::string>& after, std::int64_t limit);
  // Errors: kNotFound COULD_NOT_FIND_TRASHED_FILE; kConflict FILE_IS_A_FOLDER, FILE_IS_NO_FOLDER.
  [[nodiscard]] Result<FileInfo> restore(const accounts::Account& caller, const std::string& owner, std::int64_t id);
  // Nothing: all of it. How many files.
  [[nodiscard]] Result<std::int64_t> empty_trash(const accounts::Account& caller, const std::string& owner,
                                                 std::optional<std::int64_t> id);
  [[nodiscard]] Result<Usage> usage(const accounts::Account& caller, const std::string& owner);
  // Administrators; nothing: the server's default; 0: none.
  [[nodiscard]] Result<Usage> set_quota(const accounts::Account& caller, const std::string& owner,
                                        std::optional<std::int64_t> bytes, std::optional<std::int64_t> files);

  // For app/PublishedFiles. The file, for who may publish it (Right::kOwner).
  [[nodiscard]] Result<FileInfo> own_file(metadata::Session& session, const accounts::Account& caller,
                                          const Address& at);
  // Without a caller: for the server's own work. Nothing where it is gone.
  [[nodiscard]] Result<std::optional<FileInfo>> find(metadata::Session& session, std::int64_t file_id);
  [[nodiscard]] Result<Readers> readers(metadata::Session& session, std::int64_t file_id);
  [[nodiscard]] Result<std::optional<Publication>> publication(metadata::Session& session, std::int64_t file_id);
  // Error: kConflict FILE_IS_PUBLISHED_ALREADY.
  [[nodiscard]] Result<void> insert_publication(metadata::Transaction& transaction, const Publication& publication);
  // The Parquet form of the content `made_from`; the one before is discarded.
  [[nodiscard]] Result<void> set_publication_table(metadata::Transaction& transaction, const Publication& publication);
  [[nodiscard]] Result<void> delete_publication(metadata::Transaction& transaction, std::int64_t file_id);
  // Of an item that goes by itself (an administrator deletes it): its publication goes too. Fine where there is none.
  [[nodiscard]] Result<void> item_deleted(metadata::Transaction& transaction, std::int64_t item_id);

  // All of the account is hidden in the transaction of its deletion; rows and bytes are cleared away later.
  [[nodiscard]] Result<void> farewell(metadata::Transaction& transaction, const accounts::Account& leaving,
                                      std::optional<std::int64_t> actor) override;
  [[nodiscard]] Result<void> group_farewell(metadata::Transaction& transaction, const accounts::Group& leaving,
                                            std::optional<std::int64_t> actor) override;
  [[nodiscard]] Result<std::vector<objects::Reference>> referenced(metadata::Session& session,
                                                                   const std::vector<std::string>& keys) override;
  [[nodiscard]] Result<std::vector<objects::Reference>> references(metadata::Session& session, const std::string& after,
                                                                   int limit) override;
  [[nodiscard]] Result<std::vector<std::string>> subjects(metadata::Session& session, const std::string& key) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

[[nodiscard]] json::object to_json(const Access& access);
[[nodiscard]] json::object to_json(const TrashedFile& file);
[[nodiscard]] json::object to_json(const Usage& usage);
[[nodiscard]] std::vector<metadata::Migration> migrations();  // of files

}  // namespace lakelift::files
