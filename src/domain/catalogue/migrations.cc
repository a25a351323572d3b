#include "domain/catalogue/catalogue_service.h"

namespace lakelift::catalogue {

// source, spec, sample, refused, null_shares are JSON; created_by, updated_by, maintained_by are ids of accounts.
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
)"}};
}

}  // namespace lakelift::catalogue
