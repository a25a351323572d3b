// What there is at an address, and what the caller may do with it, in one session.
#pragma once

#include <optional>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/accounts/account.h"
#include "domain/files/file.h"
#include "domain/files/file_rights.h"
#include "domain/files/node_store.h"
#include "domain/files/people.h"

namespace lakelift::files {

struct Place {
  accounts::Account owner;  // id 0: nobody
  FilePath path;
  std::optional<Node> node;          // what is there; nothing at the root
  std::vector<Node> above;           // what there is of the folders above
  std::optional<Right> right;        // of the caller: on it, or on what would be there
  std::optional<Right> above_right;  // the same on the folder that it lies in

  [[nodiscard]] bool is_there() const { return path.is_root() ? owner.id != 0 : node.has_value(); }
  [[nodiscard]] bool is_folder() const { return path.is_root() || (node && node->kind == FileKind::kFolder); }
  [[nodiscard]] Tree tree() const { return {owner.id, path}; }
};

// Whatever is there and whatever they may: the same queries.
[[nodiscard]] Result<Place> look(metadata::Session& session, const accounts::Account& caller, const Address& at);
// Something that is there and that the caller may read. Error: kNotFound COULD_NOT_FIND_FILE.
[[nodiscard]] Result<Place> look_readable(metadata::Session& session, const accounts::Account& caller,
                                          const Address& at);
// And on which they have Right::kOwner. Error besides: kForbidden ACCESS_DENIED.
[[nodiscard]] Result<Place> look_owned(metadata::Session& session, const accounts::Account& caller, const Address& at);
// Where the caller may write, whether or not something is there: all above it are folders. Errors besides: kConflict
// FILE_IS_NO_FOLDER.
[[nodiscard]] Result<Place> look_writable(metadata::Session& session, const accounts::Account& caller,
                                          const Address& at);

// For the one who has `right` to it.
[[nodiscard]] Result<FileInfo> describe(People& people, const accounts::Account& owner, const Node& node, Right right);
[[nodiscard]] FileInfo describe_root(const accounts::Account& owner, Right right);
// Of a place that is there and readable.
[[nodiscard]] Result<FileInfo> describe(metadata::Session& session, const Place& place);

}  // namespace lakelift::files
