#include "domain/files/file_rights.h"

#include <gtest/gtest.h>

namespace lakelift::files {
namespace {

constexpr std::int64_t kOwner = 1;
constexpr std::int64_t kBob = 2;
constexpr std::int64_t kTeam = 10;

Grant to_account(std::int64_t id, Right right) { return {5, {}, GranteeKind::kAccount, id, right, kOwner, 0}; }
Grant to_group(std::int64_t id, Right right) { return {6, {}, GranteeKind::kGroup, id, right, kOwner, 0}; }

struct Row {
  std::string what;
  Viewer viewer;
  std::vector<Grant> grants;
  std::optional<Right> of_active;    // what they may
  std::optional<Right> of_disabled;  // where the owner is disabled
};

const Viewer kOwnerLooks{kOwner, false, {}};
const Viewer kAdminLooks{9, true, {}};
const Viewer kBobLooks{kBob, false, {}};
const Viewer kBobOfTheTeam{kBob, false, {3, kTeam}};
constexpr std::nullopt_t kNone = std::nullopt;

TEST(FileRightsTest, IsThisTable) {
  const std::vector<Row> table{
      {"the owner", kOwnerLooks, {}, Right::kOwner, kNone},
      {"the owner, whatever was granted", kOwnerLooks, {to_account(kOwner, Right::kRead)}, Right::kOwner, kNone},
      {"an administrator", kAdminLooks, {}, Right::kOwner, Right::kOwner},
      {"an administrator who was granted less",
       kAdminLooks,
       {to_account(9, Right::kRead)},
       Right::kOwner,
       Right::kOwner},
      {"an administrator with a token for less", {9, false, {}}, {}, kNone, kNone},
      {"anybody", kBobLooks, {}, kNone, kNone},
      {"granted to another", kBobLooks, {to_account(3, Right::kWrite)}, kNone, kNone},
      {"granted to read", kBobLooks, {to_account(kBob, Right::kRead)}, Right::kRead, kNone},
      {"granted to write", kBobLooks, {to_account(kBob, Right::kWrite)}, Right::kWrite, kNone},
      {"of two the greater",
       kBobLooks,
       {to_account(kBob, Right::kWrite), to_account(kBob, Right::kRead)},
       Right::kWrite,
       kNone},
      {"of two the greater, the other way",
       kBobLooks,
       {to_account(kBob, Right::kRead), to_account(kBob, Right::kWrite)},
       Right::kWrite,
       kNone},
      {"granted to a group of theirs", kBobOfTheTeam, {to_group(kTeam, Right::kRead)}, Right::kRead, kNone},
      {"granted to a group of others", kBobLooks, {to_group(kTeam, Right::kWrite)}, kNone, kNone},
      {"a group with an account's number", kBobLooks, {to_group(kBob, Right::kWrite)}, kNone, kNone},
      {"an account with a group's number", kBobOfTheTeam, {to_account(kTeam, Right::kWrite)}, kNone, kNone},
      {"read by name, write by group",
       kBobOfTheTeam,
       {to_account(kBob, Right::kRead), to_group(kTeam, Right::kWrite)},
       Right::kWrite,
       kNone},
      {"an owner in a group", {kOwner, false, {kTeam}}, {to_group(kTeam, Right::kRead)}, Right::kOwner, kNone},
  };
  accounts::Account owner;
  owner.id = kOwner;
  for (const Row& row : table) {
    owner.disabled_at.reset();
    EXPECT_EQ(right_of(row.viewer, owner, row.grants), row.of_active) << row.what;
    owner.disabled_at = 7;
    EXPECT_EQ(right_of(row.viewer, owner, row.grants), row.of_disabled) << row.what << ", owner disabled";
  }
}

TEST(FileRightsTest, EachIncludesTheOneBefore) {
  EXPECT_FALSE(may(std::nullopt, Right::kRead));
  EXPECT_TRUE(may(Right::kRead, Right::kRead));
  EXPECT_FALSE(may(Right::kRead, Right::kWrite));
  EXPECT_TRUE(may(Right::kWrite, Right::kRead));
  EXPECT_FALSE(may(Right::kWrite, Right::kOwner));
  EXPECT_TRUE(may(Right::kOwner, Right::kWrite));
}

}  // namespace
}  // namespace lakelift::files
