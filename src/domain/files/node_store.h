// The rows of files and folders.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/files/file.h"

namespace lakelift::files {

// Stored bytes that a row refers to.
struct Content {
  std::string key;
  std::uint64_t size_bytes = 0;
  std::string sha256;
};

struct Node {
  std::int64_t id = 0;
  std::int64_t owner_id = 0;
  FilePath path;
  FileKind kind = FileKind::kFolder;
  Content content;  // of a file
  Micros created_at = 0;
  Micros changed_at = 0;
  std::optional<std::int64_t> changed_by;
  std::int64_t grants = 0;              // on itself
  std::optional<std::int64_t> item_id;  // where it is published
};

// A node and all that lies beneath it.
struct Tree {
  std::int64_t owner_id = 0;
  FilePath path;
};

// A part of a WHERE about `path` and `owner_id`.
struct Within {
  std::string sql;
  metadata::Params params;
};
// `prefix`: "n." where the table has a name.
[[nodiscard]] Within within(const Tree& tree, std::string_view prefix = "");
// Without the node itself.
[[nodiscard]] Within beneath(const Tree& tree, std::string_view prefix = "");

struct Totals {
  std::int64_t files = 0;
  std::int64_t folders = 0;
  std::int64_t bytes = 0;
};

// `rest`: what follows FROM: " WHERE n.owner_id = ? ORDER BY n.path".
[[nodiscard]] Result<std::vector<Node>> nodes_where(metadata::Session& session, std::string_view rest,
                                                    const metadata::Params& params);
[[nodiscard]] Result<std::optional<Node>> find_node(metadata::Session& session, std::int64_t id);
[[nodiscard]] Result<std::vector<Node>> nodes_at(metadata::Session& session, std::int64_t owner_id,
                                                 const std::vector<std::string>& paths);
// Those of a tree that are published.
[[nodiscard]] Result<std::vector<Node>> published_in(metadata::Session& session, const Tree& tree);
[[nodiscard]] Result<Totals> totals_of(metadata::Session& session, const Tree& tree);
[[nodiscard]] Result<std::vector<std::string>> keys_in(metadata::Session& session, const Tree& tree);

// Gives it its id.
[[nodiscard]] Result<void> insert_node(metadata::Transaction& transaction, Node& node);
[[nodiscard]] Result<void> update_content(metadata::Transaction& transaction, const Node& node);
// With the grants on them.
[[nodiscard]] Result<void> delete_tree(metadata::Transaction& transaction, const Tree& tree);
[[nodiscard]] Result<void> delete_grants_in(metadata::Transaction& transaction, const Tree& tree);
// `to` is free, and not within the tree. Error: kInvalid where a path would get too long.
[[nodiscard]] Result<void> move_tree(metadata::Transaction& transaction, const Tree& tree, const Tree& to);
// The same, with new rows that refer to the same objects; made by `by` at `now`.
[[nodiscard]] Result<void> copy_tree(metadata::Transaction& transaction, const Tree& tree, const Tree& to, Micros now,
                                     std::int64_t by);

}  // namespace lakelift::files
