#include "domain/files/file_service.h"

namespace lakelift::files {

// The root of an owner's place has no row; every other folder has one, and so every ancestor of a node. object_key and
// sha256 are NULL for a folder; grants: how many there are on the node itself; parent: path without the last part.
// files_usage is the sum of files_nodes and files_trash by owner, kept in the same transactions. files_departed: owners
// that are deleted; their nodes and trash are hidden, and cleared away later. null_tokens is JSON; owner_id,
// changed_by, granted_by, trashed_by are ids of accounts, which may be gone.
std::vector<metadata::Migration> migrations() {
  return {{"files", 1, R"(
CREATE TABLE files_nodes(
  id ${id},
  owner_id BIGINT NOT NULL,
  path TEXT NOT NULL,
  parent TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK(kind IN ('file', 'folder')),
  object_key TEXT,
  size_bytes BIGINT NOT NULL,
  sha256 TEXT,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  changed_by BIGINT,
  grants BIGINT NOT NULL,
  UNIQUE(owner_id, path))
;;
CREATE INDEX files_nodes_by_parent ON files_nodes(owner_id, parent, name)
;;
CREATE INDEX files_nodes_by_object ON files_nodes(object_key)
;;
CREATE TABLE files_grants(
  node_id BIGINT NOT NULL,
  kind TEXT NOT NULL CHECK(kind IN ('account', 'group')),
  grantee_id BIGINT NOT NULL,
  may TEXT NOT NULL CHECK(may IN ('read', 'write')),
  granted_by BIGINT,
  granted_at BIGINT NOT NULL,
  PRIMARY KEY(node_id, kind, grantee_id))
;;
CREATE INDEX files_grants_by_grantee ON files_grants(kind, grantee_id, node_id)
;;
CREATE TABLE files_trash(
  id ${id},
  file_id BIGINT NOT NULL,
  owner_id BIGINT NOT NULL,
  path TEXT NOT NULL,
  object_key TEXT NOT NULL,
  size_bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  was_replaced BIGINT NOT NULL,
  trashed_at BIGINT NOT NULL,
  trashed_by BIGINT,
  kept_until BIGINT NOT NULL)
;;
CREATE INDEX files_trash_by_owner ON files_trash(owner_id, id)
;;
CREATE INDEX files_trash_by_end ON files_trash(kept_until)
;;
CREATE INDEX files_trash_by_object ON files_trash(object_key)
;;
CREATE TABLE files_usage(
  owner_id BIGINT PRIMARY KEY,
  bytes BIGINT NOT NULL,
  files BIGINT NOT NULL,
  folders BIGINT NOT NULL,
  trash_bytes BIGINT NOT NULL,
  trash_files BIGINT NOT NULL)
;;
CREATE TABLE files_quotas(
  owner_id BIGINT PRIMARY KEY,
  bytes BIGINT,
  files BIGINT)
;;
CREATE TABLE files_publications(
  file_id BIGINT PRIMARY KEY,
  item_id BIGINT NOT NULL UNIQUE,
  null_tokens TEXT NOT NULL,
  table_key TEXT,
  table_size_bytes BIGINT,
  table_sha256 TEXT,
  made_from TEXT NOT NULL)
;;
CREATE INDEX files_publications_by_table ON files_publications(table_key)
;;
CREATE TABLE files_departed(
  owner_id BIGINT PRIMARY KEY,
  since BIGINT NOT NULL)
)"}};
}

}  // namespace lakelift::files
