// Use case of files, catalogue and columnar: a file that its owner publishes is a table that others slice.
//
// The item follows the file: who may read the file sees the item, a replaced file is a changed source, a deleted one
// takes the item with it, and an item that is deleted leaves its file unpublished (docs/files.md).
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/table_maker.h"
#include "app/turns.h"
#include "app/verified_keys.h"
#include "backends/executors/local/file_source.h"
#include "domain/catalogue/catalogue_service.h"
#include "domain/files/file_service.h"

namespace lakelift::app {

struct PublishedFilesParts {
  metadata::Database& database;
  files::FileService& files;
  catalogue::CatalogueService& catalogue;
  objects::ObjectKeeper& keeper;
  storage::ObjectStore& store;
  columnar::WorkerPool& workers;
};

struct PublishTerms {
  std::optional<std::string> name = std::nullopt;  // nothing: table_name_of()
  std::optional<std::string> description = std::nullopt;
  std::vector<std::string> null_tokens = {};  // CSV alone; empty: nothing between the commas
};

// Threadsafe.
class PublishedFiles final : public files::Publications, public executors::FileSource {
 public:
  explicit PublishedFiles(PublishedFilesParts parts);

  // Blocks while the file is read. Errors: FileService::own_file's; kConflict FILE_IS_A_FOLDER,
  // FILE_IS_PUBLISHED_ALREADY; kInvalid BODY_DID_NOT_VALIDATE: name, description, null_tokens, or file where its name
  // or its content is no table; kConflict CATALOGUEITEM_EXISTS_ALREADY.
  [[nodiscard]] Result<catalogue::CatalogueItem> publish(const accounts::Account& caller, const files::Address& at,
                                                         const PublishTerms& terms, std::stop_token stop);
  // Error besides: kConflict FILE_IS_NOT_PUBLISHED.
  [[nodiscard]] Result<void> unpublish(const accounts::Account& caller, const files::Address& at);

  [[nodiscard]] Result<void> readers_changed(metadata::Transaction& transaction, std::int64_t item_id,
                                             const files::Readers& readers, std::int64_t actor) override;
  [[nodiscard]] Result<void> withdrawn(metadata::Transaction& transaction, std::int64_t item_id,
                                       std::optional<std::int64_t> actor) override;

  // Each content is read through before its first use by this process (threats D5).
  [[nodiscard]] Result<executors::FileTable> open(std::int64_t file_id, std::stop_token stop) override;
  [[nodiscard]] Result<std::string> version(std::int64_t file_id) override;

 private:
  // A file that is being published: its publication is not stored yet, and neither is what was made for it.
  struct Publishing {
    std::vector<std::string> null_tokens;
    std::optional<MadeTable> made;
    std::string made_from;
  };
  struct Known {
    files::FileInfo file;
    std::optional<files::Publication> publication;  // nothing: it is being published
    std::vector<std::string> null_tokens;
  };
  class Entry;

  [[nodiscard]] Result<files::FileInfo> publishable(const accounts::Account& caller, const files::Address& at,
                                                    const PublishTerms& terms);
  [[nodiscard]] Result<void> complete(metadata::Transaction& transaction, const accounts::Account& caller,
                                      const files::Address& at, std::int64_t file_id, std::int64_t item_id);
  [[nodiscard]] Result<Known> known(std::int64_t file_id);
  [[nodiscard]] Result<executors::FileTable> open_now(const Known& found, std::stop_token stop);
  [[nodiscard]] Result<objects::Reference> table_of(const Known& known, const TableFormat& format,
                                                    std::stop_token stop);
  [[nodiscard]] Result<objects::Reference> keep_table(const Known& known, MadeTable made, const std::string& made_from);
  [[nodiscard]] Result<std::shared_ptr<RandomAccess>> open_whole(const objects::Reference& object,
                                                                 std::stop_token stop);

  const PublishedFilesParts parts_;
  Turns turns_;  // one conversion at a time for each file
  VerifiedKeys verified_;
  std::mutex mutex_;
  std::map<std::int64_t, Publishing> publishing_;  // by file
};

}  // namespace lakelift::app
