#include "domain/catalogue/rights.h"

#include <algorithm>

#include "domain/accounts/group_store.h"

namespace lakelift::catalogue {

std::string_view name_of(Visibility visibility) { return visibility == Visibility::kEveryone ? "everyone" : "named"; }

std::optional<Visibility> visibility_of(std::string_view name) {
  for (const auto visibility : {Visibility::kEveryone, Visibility::kNamed}) {
    if (name_of(visibility) == name) return visibility;
  }
  return std::nullopt;
}

bool may_decide(const Reader& reader, std::optional<std::int64_t> maintainer) {
  return reader.sees_all || maintainer == reader.account_id;
}

bool may_see(const Reader& reader, Visibility visibility, std::optional<std::int64_t> maintainer,
             const NamedReaders& named) {
  if (visibility == Visibility::kEveryone || may_decide(reader, maintainer)) return true;
  if (named.accounts.contains(reader.account_id)) return true;
  return std::ranges::any_of(reader.groups, [&](std::int64_t group) { return named.groups.contains(group); });
}

NamedReaders known_to(const Reader& reader, std::optional<std::int64_t> maintainer, const NamedReaders& named) {
  if (may_decide(reader, maintainer)) return named;
  NamedReaders known;
  if (named.accounts.contains(reader.account_id)) known.accounts.insert(reader.account_id);
  std::ranges::copy_if(reader.groups, std::inserter(known.groups, known.groups.end()),
                       [&](std::int64_t group) { return named.groups.contains(group); });
  return known;
}

Result<Reader> reader_of(metadata::Session& session, const accounts::Account& account) {
  TRY(auto groups, accounts::group_ids_of(session, account.id));
  return Reader{account.id, account.type == accounts::AccountType::kAdmin, std::move(groups)};
}

Condition visible_to(const Reader& reader) {
  if (reader.sees_all) return {};
  Condition out;
  out.sql =
      " AND (visibility = 'everyone' OR maintained_by = ? OR id IN (SELECT item_id FROM catalogue_readers "
      "WHERE kind = 'account' AND reader_id = ?)";
  out.params = {reader.account_id, reader.account_id};
  if (!reader.groups.empty()) {
    out.sql += " OR id IN (SELECT item_id FROM catalogue_readers WHERE kind = 'group' AND reader_id IN (?";
    for (std::size_t i = 1; i < reader.groups.size(); ++i) out.sql += ", ?";
    out.sql += "))";
    out.params.insert(out.params.end(), reader.groups.begin(), reader.groups.end());
  }
  out.sql += ")";
  return out;
}

}  // namespace lakelift::catalogue
