#include "app/published_files.h"

#include <fmt/format.h>

#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/log.h"

namespace lakelift::app {
namespace {

constexpr std::size_t kVerifiedKeys = 10'000;
constexpr int kOpenAttempts = 3;
constexpr std::string_view kReadable =
    "Parquet (.parquet), CSV (.csv) and JSON lines (.jsonl, .ndjson), the last two also with .gz or .zst behind";

std::unexpected<Error> body_fault(std::string_view field, const std::string& text) {
  return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", fmt::format("{}: {}", field, text),
              {{std::string(field), {text}}});
}

std::unexpected<Error> published_already(std::string_view name, std::string_view how) {
  return fail(Code::kConflict, "FILE_IS_PUBLISHED_ALREADY", fmt::format("'{}' {}", name, how));
}

std::unexpected<Error> not_published(std::string_view name) {
  return fail(Code::kConflict, "FILE_IS_NOT_PUBLISHED", fmt::format("'{}' is not published as a table", name));
}

// What was uploaded is not what its name says: its owner's to mend, and no fault of ours.
std::unexpected<Error> as_fault_of_file(const Error& error) {
  const bool of_content =
      error.code == Code::kInvalid || error.code == Code::kCorrupt || error.code == Code::kUnsupported;
  if (!of_content || !error.event.empty()) return std::unexpected(error);
  return body_fault("file", error.message);
}

Result<TableFormat> format_of(const files::FileInfo& file) {
  if (const auto format = table_format_of(file.path.name())) return *format;
  // To those who ask for slices the data are not where the catalogue says.
  return fail(Code::kNotFound, fmt::format("'{}' is no table by its name: {} are", file.path.name(), kReadable));
}

// All on which the rows depend. Hexadecimal: the seed of the sample is taken from it.
std::string version_text(const files::FileInfo& file, const TableFormat& format,
                         const std::vector<std::string>& null_tokens) {
  const json::array made_of{json::string(file.sha256), columnar::name_of(format.format),
                            columnar::name_of(format.compression), json::array(null_tokens.begin(), null_tokens.end())};
  return sha256_hex(to_text(made_of));
}

}  // namespace

// The entry of a file that is being published, as long as that goes on.
class PublishedFiles::Entry {
 public:
  static Result<std::unique_ptr<Entry>> make(PublishedFiles& all, const files::FileInfo& file,
                                             const std::vector<std::string>& null_tokens) {
    const std::lock_guard lock(all.mutex_);
    const bool is_new = all.publishing_.try_emplace(file.id, Publishing{null_tokens, std::nullopt, {}}).second;
    if (!is_new) return published_already(file.path.name(), "is being published right now");
    return std::make_unique<Entry>(all, file.id);
  }
  Entry(PublishedFiles& all, std::int64_t file_id) : all_(all), file_id_(file_id) {}
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry() {
    std::unique_lock lock(all_.mutex_);
    auto entry = all_.publishing_.extract(file_id_);
    lock.unlock();
    // Nothing is removed that a row refers to.
    if (!entry.empty() && entry.mapped().made) all_.parts_.keeper.abandon(*entry.mapped().made->pending);
  }

 private:
  PublishedFiles& all_;
  const std::int64_t file_id_;
};

PublishedFiles::PublishedFiles(PublishedFilesParts parts) : parts_(parts), verified_(kVerifiedKeys) {}

Result<files::FileInfo> PublishedFiles::publishable(const accounts::Account& caller, const files::Address& at,
                                                    const PublishTerms& terms) {
  TRY(auto file, parts_.database.read([&](metadata::Session& session) -> Result<files::FileInfo> {
    TRY(auto found, parts_.files.own_file(session, caller, at));
    TRY(const auto publication, parts_.files.publication(session, found.id));
    if (publication) return published_already(found.path.name(), "is published as a table already");
    return found;
  }));
  if (file.kind == files::FileKind::kFolder) {
    return fail(Code::kConflict, "FILE_IS_A_FOLDER", "a folder is no table: publish a file in it");
  }
  const auto format = table_format_of(file.path.name());
  if (!format) return body_fault("file", fmt::format("Its name does not end like a table's: {} are read.", kReadable));
  if (!terms.null_tokens.empty() && format->format != columnar::Format::kCsv) {
    return body_fault("null_tokens", "Only CSV needs to be told what is null.");
  }
  if (terms.null_tokens.size() > limits::kNullTokens) {
    return body_fault("null_tokens", fmt::format("Expected at most {}.", limits::kNullTokens));
  }
  return file;
}

Result<catalogue::CatalogueItem> PublishedFiles::publish(const accounts::Account& caller, const files::Address& at,
                                                         const PublishTerms& terms, std::stop_token stop) {
  TRY(const files::FileInfo file, publishable(caller, at, terms));
  TRY(const auto entry, Entry::make(*this, file, terms.null_tokens));
  const catalogue::NewPublishedItem item{.name = terms.name.value_or(table_name_of(file.owner, file.path.name())),
                                         .description = terms.description,
                                         .file_id = file.id,
                                         .owner_id = file.owner_id};
  const auto within = [&](metadata::Transaction& transaction, std::int64_t item_id) -> Result<catalogue::NamedReaders> {
    TRY_VOID(complete(transaction, caller, at, file.id, item_id));
    TRY(auto readers, parts_.files.readers(transaction, file.id));
    return catalogue::NamedReaders{std::move(readers.accounts), std::move(readers.groups)};
  };
  auto added = parts_.catalogue.add_published(caller, item, within, stop);
  if (!added) return as_fault_of_file(added.error());
  return added;
}

Result<void> PublishedFiles::complete(metadata::Transaction& transaction, const accounts::Account& caller,
                                      const files::Address& at, std::int64_t file_id, std::int64_t item_id) {
  // Looking may have taken minutes.
  TRY(const auto file, parts_.files.own_file(transaction, caller, at));
  if (file.id != file_id) return fail(Code::kUnavailable, "another file has taken its place meanwhile; try again");
  files::Publication publication{
      .file_id = file_id, .item_id = item_id, .null_tokens = {}, .table = {}, .made_from = {}};
  {
    const std::lock_guard lock(mutex_);
    const Publishing& mine = publishing_.at(file_id);
    publication.null_tokens = mine.null_tokens;
    publication.made_from = mine.made_from;
    if (mine.made) publication.table = mine.made->table;
  }
  return parts_.files.insert_publication(transaction, publication);
}

Result<void> PublishedFiles::unpublish(const accounts::Account& caller, const files::Address& at) {
  return parts_.database.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const auto file, parts_.files.own_file(transaction, caller, at));
    TRY(const auto publication, parts_.files.publication(transaction, file.id));
    if (!publication) return not_published(file.path.name());
    TRY_VOID(parts_.files.delete_publication(transaction, file.id));
    return parts_.catalogue.retire(transaction, publication->item_id, caller.id);
  });
}

Result<void> PublishedFiles::readers_changed(metadata::Transaction& transaction, std::int64_t item_id,
                                             const files::Readers& readers, std::int64_t actor) {
  // 0: nobody; a group that the server itself dissolves.
  const std::optional<std::int64_t> who = actor == 0 ? std::nullopt : std::optional(actor);
  return parts_.catalogue.set_published_readers(transaction, item_id, {readers.accounts, readers.groups}, who);
}

Result<void> PublishedFiles::withdrawn(metadata::Transaction& transaction, std::int64_t item_id,
                                       std::optional<std::int64_t> actor) {
  return parts_.catalogue.retire(transaction, item_id, actor);
}

Result<PublishedFiles::Known> PublishedFiles::known(std::int64_t file_id) {
  Known out;
  TRY_VOID(parts_.database.read([&](metadata::Session& session) -> Result<void> {
    TRY(auto file, parts_.files.find(session, file_id));
    if (!file) return fail(Code::kNotFound, "the published file is gone");
    out.file = *std::move(file);
    TRY(out.publication, parts_.files.publication(session, file_id));
    return {};
  }));
  if (out.publication) {
    out.null_tokens = out.publication->null_tokens;
    return out;
  }
  const std::lock_guard lock(mutex_);
  const auto mine = publishing_.find(file_id);
  // An id alone opens nothing: only what its owner publishes is read.
  if (mine == publishing_.end()) return fail(Code::kNotFound, "the file is not published any more");
  out.null_tokens = mine->second.null_tokens;
  return out;
}

Result<std::string> PublishedFiles::version(std::int64_t file_id) {
  TRY(const Known found, known(file_id));
  TRY(const TableFormat format, format_of(found.file));
  return version_text(found.file, format, found.null_tokens);
}

Result<executors::FileTable> PublishedFiles::open(std::int64_t file_id, std::stop_token stop) {
  TRY(const auto turn, turns_.take(file_id, stop));
  for (int attempt = 1;; ++attempt) {
    TRY(const Known found, known(file_id));
    auto table = open_now(found, stop);
    // Replaced since its row was read, and what it was collected: another look finds what it is now.
    if (table || table.error().code != Code::kGone || attempt == kOpenAttempts) return table;
  }
}

Result<executors::FileTable> PublishedFiles::open_now(const Known& found, std::stop_token stop) {
  TRY(const TableFormat format, format_of(found.file));
  TRY(const objects::Reference object, table_of(found, format, stop));
  TRY(auto bytes, open_whole(object, stop));
  return executors::FileTable{std::string(found.file.path.name()), std::move(bytes),
                              version_text(found.file, format, found.null_tokens)};
}

Result<std::shared_ptr<RandomAccess>> PublishedFiles::open_whole(const objects::Reference& object,
                                                                 std::stop_token stop) {
  if (verified_.contains(object.key)) return parts_.keeper.open(object);
  TRY(auto bytes, parts_.keeper.open_verified(object, stop));
  verified_.insert(object.key);
  return bytes;
}

// The object that holds the file's rows as Parquet: its content, or what was made of it, now or earlier.
Result<objects::Reference> PublishedFiles::table_of(const Known& known, const TableFormat& format,
                                                    std::stop_token stop) {
  const files::FileInfo& file = known.file;
  const objects::Reference content{file.object_key, file.size_bytes, file.sha256};
  if (format.format == columnar::Format::kParquet) return content;
  const std::string made_from = version_text(file, format, known.null_tokens);
  if (known.publication && known.publication->table && known.publication->made_from == made_from) {
    // One that has gone bad is made again.
    const auto whole = open_whole(*known.publication->table, stop);
    if (whole) return *known.publication->table;
    if (whole.error().code != Code::kCorrupt) return std::unexpected(whole.error());
    log_warning("the table of a published file is broken, and is made again", {{"file", file.id}});
  }
  TRY(MadeTable made, make_table({parts_.keeper, parts_.store, parts_.workers},
                                 {std::string(file.path.name()), content, format, known.null_tokens}, stop));
  verified_.insert(made.table.key);
  return keep_table(known, std::move(made), made_from);
}

Result<objects::Reference> PublishedFiles::keep_table(const Known& known, MadeTable made,
                                                      const std::string& made_from) {
  const objects::Reference table = made.table;
  if (!known.publication) {
    const std::lock_guard lock(mutex_);
    const auto mine = publishing_.find(known.file.id);
    if (mine != publishing_.end()) {
      if (mine->second.made) parts_.keeper.abandon(*mine->second.made->pending);
      mine->second.made = std::move(made);
      mine->second.made_from = made_from;
      return table;
    }
  }
  const auto stored = parts_.database.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(auto publication, parts_.files.publication(transaction, known.file.id));
    if (!publication) return fail(Code::kNotFound, "the file is not published any more");
    publication->table = table;
    publication->made_from = made_from;
    return parts_.files.set_publication_table(transaction, *publication);
  });
  if (stored) return table;
  parts_.keeper.abandon(*made.pending);
  return std::unexpected(stored.error());
}

}  // namespace lakelift::app
