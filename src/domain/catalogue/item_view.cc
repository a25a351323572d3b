#include "domain/catalogue/item_view.h"

#include <map>
#include <set>

#include "domain/accounts/lookup.h"
#include "domain/catalogue/follower_store.h"
#include "domain/catalogue/reader_store.h"

namespace lakelift::catalogue {
namespace {

Result<std::set<std::int64_t>> followed(metadata::Session& session, const Reader& reader,
                                        const std::vector<ItemRow>& rows) {
  if (rows.size() != 1) return followed_by(session, reader.account_id);
  const std::int64_t id = rows.front().item.id;
  TRY(const bool follows, is_following(session, id, reader.account_id));
  return follows ? std::set{id} : std::set<std::int64_t>();
}

Result<std::map<std::int64_t, NamedReaders>> readers_by_item(metadata::Session& session,
                                                             const std::vector<ItemRow>& rows) {
  std::vector<std::int64_t> named;
  for (const auto& row : rows) {
    if (row.item.visibility == Visibility::kNamed) named.push_back(row.item.id);
  }
  return named_readers_of(session, named);
}

}  // namespace

Result<void> show_to(metadata::Session& session, const Reader& reader, std::vector<ItemRow>& rows) {
  TRY(const auto following, followed(session, reader, rows));
  TRY(const auto readers, readers_by_item(session, rows));
  std::set<std::int64_t> group_ids;
  for (auto& row : rows) {
    row.item.is_followed = following.contains(row.item.id);
    const auto found = readers.find(row.item.id);
    if (found == readers.end()) continue;
    row.known_readers = known_to(reader, row.maintained_by, found->second);
    group_ids.insert(row.known_readers.groups.begin(), row.known_readers.groups.end());
  }
  TRY(const auto names, accounts::group_names(session, {group_ids.begin(), group_ids.end()}));
  for (auto& row : rows) {
    for (const std::int64_t id : row.known_readers.groups) {
      if (const auto name = names.find(id); name != names.end()) row.item.reader_groups.push_back({id, name->second});
    }
  }
  return {};
}

}  // namespace lakelift::catalogue
