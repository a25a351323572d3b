#include "domain/objects/object_keeper.h"

namespace lakelift::objects {
namespace {

// What was discarded waits here until the collector has looked who else refers to it. What is quarantined stays there
// until nobody refers to it any more.
constexpr std::string_view kTables = R"sql(
CREATE TABLE objects_discarded (
  key TEXT PRIMARY KEY,
  since BIGINT NOT NULL
)
;;
CREATE TABLE objects_quarantined (
  key TEXT PRIMARY KEY,
  since BIGINT NOT NULL,
  problem TEXT NOT NULL
)
)sql";

// Where content is. `state`: current (new content goes there; one row) or leaving. Who moves what leaves holds a lease.
constexpr std::string_view kPlaces = R"sql(
CREATE TABLE objects_places (
  name TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  since BIGINT NOT NULL,
  mover TEXT NOT NULL,
  mover_until BIGINT NOT NULL
)
)sql";

}  // namespace

std::vector<metadata::Migration> migrations() { return {{"objects", 1, kTables}, {"objects", 2, kPlaces}}; }

}  // namespace lakelift::objects
