#include "domain/catalogue/catalogue_service.h"

namespace lakelift::catalogue {

// visibility: 'everyone', or 'named' (those in catalogue_readers). catalogue_access_requests.item_id is NULL where no
// item has that name: who asks must not learn it. catalogue_documents: what search knows of an item, kept with a NULL
// document when the item is gone, so that every server's index hears of it; revision grows with each change.
// profile_due_at: when some server looks whether the data have changed, or until when one that does so holds the item;
// NULL where nobody looks, since it was never profiled. profile_failures: in a row.
// max_age_seconds: for how long what was read counts; NULL: as long as the version stays.
// source, spec, sample, refused, null_shares, statistics are JSON; created_by, updated_by, maintained_by are ids of
// accounts.
std::vector<metadata::Migration> migrations() {
  return {{"catalogue", 1, R"(
CREATE TABLE catalogue_items(
  id ${id},
  name TEXT NOT NULL UNIQUE,
  description TEXT,
  executor_type TEXT NOT NULL,
  source TEXT NOT NULL,
  spec TEXT NOT NULL,
  sample TEXT NOT NULL,
  null_shares TEXT NOT NULL,
  refused TEXT NOT NULL,
  row_count BIGINT,
  byte_count BIGINT,
  source_version TEXT NOT NULL,
  created_by BIGINT,
  updated_by BIGINT,
  maintained_by BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL)
)"},
          {"catalogue", 2, R"(
ALTER TABLE catalogue_items ADD COLUMN visibility TEXT NOT NULL DEFAULT 'everyone'
;;
ALTER TABLE catalogue_items ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'
;;
ALTER TABLE catalogue_items ADD COLUMN statistics TEXT NOT NULL DEFAULT '{}'
;;
ALTER TABLE catalogue_items ADD COLUMN profile_due_at BIGINT
;;
ALTER TABLE catalogue_items ADD COLUMN profile_failures BIGINT NOT NULL DEFAULT 0
;;
UPDATE catalogue_items SET profile_due_at = 0 WHERE null_shares <> '[]'
;;
CREATE INDEX catalogue_items_due ON catalogue_items(profile_due_at)
;;
CREATE TABLE catalogue_readers(
  kind TEXT NOT NULL CHECK(kind IN ('account', 'group')),
  reader_id BIGINT NOT NULL,
  item_id BIGINT NOT NULL,
  granted_by BIGINT,
  granted_at BIGINT NOT NULL,
  PRIMARY KEY(kind, reader_id, item_id))
;;
CREATE INDEX catalogue_readers_by_item ON catalogue_readers(item_id)
;;
CREATE TABLE catalogue_access_requests(
  id ${id},
  account_id BIGINT NOT NULL,
  item_name TEXT NOT NULL,
  item_id BIGINT,
  note TEXT NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('ASKED', 'GRANTED', 'REFUSED')),
  asked_at BIGINT NOT NULL,
  decided_by BIGINT,
  decided_at BIGINT,
  answer TEXT)
;;
CREATE UNIQUE INDEX catalogue_access_requests_open ON catalogue_access_requests(account_id, item_name) WHERE state = 'ASKED'
;;
CREATE INDEX catalogue_access_requests_by_item ON catalogue_access_requests(item_id, id)
;;
CREATE TABLE catalogue_followers(
  item_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY(item_id, account_id))
;;
CREATE INDEX catalogue_followers_by_account ON catalogue_followers(account_id)
;;
CREATE TABLE catalogue_documents(
  item_id BIGINT PRIMARY KEY,
  revision BIGINT NOT NULL UNIQUE,
  document TEXT)
)"},
          {"catalogue", 3, R"(
ALTER TABLE catalogue_items ADD COLUMN max_age_seconds BIGINT
)"}};
}

}  // namespace lakelift::catalogue
