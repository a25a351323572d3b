// Who may see an item: the rule, pure and as SQL. Every path asks one of the two.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/accounts/account.h"

namespace lakelift::catalogue {

enum class Visibility {
  kEveryone,  // all accounts
  kNamed,     // admins, the maintainer, and those that are named: accounts and members of groups
};
[[nodiscard]] std::string_view name_of(Visibility visibility);  // everyone named
[[nodiscard]] std::optional<Visibility> visibility_of(std::string_view name);

// Who looks.
struct Reader {
  std::int64_t account_id = 0;
  bool sees_all = false;             // an admin
  std::vector<std::int64_t> groups;  // that the account is in, ascending
};

// Whom an item names.
struct NamedReaders {
  std::set<std::int64_t> accounts;
  std::set<std::int64_t> groups;
};

[[nodiscard]] bool may_see(const Reader& reader, Visibility visibility, std::optional<std::int64_t> maintainer,
                           const NamedReaders& named);
// Who names readers and answers those who ask for access: admins and the maintainer.
[[nodiscard]] bool may_decide(const Reader& reader, std::optional<std::int64_t> maintainer);
// Of those named, what the reader may know: all of them for who decides, else itself and its own groups.
[[nodiscard]] NamedReaders known_to(const Reader& reader, std::optional<std::int64_t> maintainer,
                                    const NamedReaders& named);

// The account's groups as they are in this session. What is an admin is the caller's to say (a token may be for less).
[[nodiscard]] Result<Reader> reader_of(metadata::Session& session, const accounts::Account& account);

struct Condition {
  std::string sql;  // " AND (…)", over rows of catalogue_items; empty for who sees all
  metadata::Params params;
};
[[nodiscard]] Condition visible_to(const Reader& reader);

}  // namespace lakelift::catalogue
