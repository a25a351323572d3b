// What several files of this folder say in the same words.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace lakelift::accounts {

inline constexpr std::string_view kLocalAdminEmail = "admin@localhost";
inline constexpr std::string_view kLocalAdminUsername = "admin";
inline constexpr std::string_view kUsernameRule =
    "A username has 1 to 32 letters, digits, spaces, dots, underscores and hyphens, and no space at an end.";
inline constexpr std::string_view kEmailRule = "Enter a valid email address.";

[[nodiscard]] inline std::unexpected<Error> no_such_account() {
  return fail(Code::kNotFound, "COULD_NOT_FIND_ACCOUNT", "there is no such account");
}
[[nodiscard]] inline std::unexpected<Error> email_exists() {
  return fail(Code::kConflict, "ACCOUNT_EXISTS_ALREADY", "an account with this email exists already");
}
[[nodiscard]] inline std::unexpected<Error> username_exists() {
  return fail(Code::kConflict, "USERNAME_EXISTS_ALREADY", "an account with this username exists already");
}
[[nodiscard]] inline std::unexpected<Error> no_such_group() {
  return fail(Code::kNotFound, "COULD_NOT_FIND_GROUP", "there is no such group");
}
[[nodiscard]] inline std::unexpected<Error> account_is_disabled() {
  return fail(Code::kConflict, "ACCOUNT_IS_DISABLED", "the account is disabled: an administrator may enable it");
}
// It can't be disabled or demoted: what opens it must not lie in other hands.
[[nodiscard]] inline std::unexpected<Error> only_the_local_admin() {
  return fail(Code::kForbidden, "ACCESS_DENIED", "only the machine's owner makes tokens for the local administrator");
}
[[nodiscard]] inline std::unexpected<Error> missing_account() {
  return fail(Code::kUnauthenticated, "AUTH_TOKEN_MISSING_ACCOUNT",
              "there is no account (any more) like the one in the token: sign in again");
}
[[nodiscard]] inline std::unexpected<Error> not_valid(std::string_view field, std::string_view text) {
  return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", std::string(field) + ": " + std::string(text),
              {{std::string(field), {std::string(text)}}});
}

}  // namespace lakelift::accounts
