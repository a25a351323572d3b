// What changes of the tree are made of. All within one transaction (Change).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "domain/files/core.h"
#include "domain/files/place.h"
#include "domain/files/usage_store.h"

namespace lakelift::files {

// Writes the ledger: `kind` of the file or folder `id` at owner's `path`.
struct Happening {
  std::string kind;  // "file.uploaded"
  std::int64_t id = 0;
  FilePath path;
  std::optional<std::int64_t> bytes = std::nullopt;
  std::optional<std::string> object = std::nullopt;
  json::object detail = {};
};
[[nodiscard]] Result<void> record(const Change& change, const accounts::Account& owner, Happening happening);

// Errors: kPrecondition PRECONDITION_FAILED.
[[nodiscard]] Result<void> check_conditions(const std::optional<Node>& node, const Conditions& conditions);
// That a file may be, or is, there. Error: kConflict FILE_IS_A_FOLDER.
[[nodiscard]] Result<void> check_file_may_be(const Place& place);

// Makes the folders above that are missing; `place` knows them then.
[[nodiscard]] Result<Amount> make_folders(const Change& change, Place& place);
// Gives up the content of a file that gets `by` instead, or nothing: into the trash, or for ever. How the owner's
// amount changes: the file counts as gone.
[[nodiscard]] Result<Amount> give_up_content(const Change& change, const Node& node, const Content* by);
// Stores the content at the place, new or in place of the old, with folders, usage and ledger (`kind`). `besides`: how
// else the owner's amount changes.
[[nodiscard]] Result<Stored> put_content(const Change& change, Place place, const Content& content,
                                         const std::string& kind, const Amount& besides = {});
// Removes the file that is there, because `by` comes in its place: not as its new content, but as another file.
[[nodiscard]] Result<Amount> drop_for(const Change& change, Place& place, const Content& by);
// Removes all of the tree: files into the trash, with grants and publications. How the owner's amount changes.
[[nodiscard]] Result<Amount> drop_tree(const Change& change, const Tree& tree);
// Error: kTooLarge TOO_MANY_FILES.
[[nodiscard]] Result<Totals> checked_totals(metadata::Session& session, const Tree& tree);

// Those in the tree that are published: their readers may have changed.
[[nodiscard]] Result<void> tell_readers(const Change& change, const Tree& tree);
// They are published no more.
[[nodiscard]] Result<void> withdraw(const Core& core, metadata::Transaction& transaction, const Tree& tree,
                                    std::optional<std::int64_t> actor);
[[nodiscard]] Result<Readers> readers_of(metadata::Session& session, const Node& node);

}  // namespace lakelift::files
