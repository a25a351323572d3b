// Whom a call of LiftBit's speaks for, and about which file.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http::liftbit {

// A parameter of the query; empty where it is not there: ask fastapi::require first.
[[nodiscard]] std::string parameter(const RequestContext& context, std::string_view name);
// One that names an account. Error: kInvalid QUERY_DID_NOT_VALIDATE.
[[nodiscard]] Result<std::string> username(const RequestContext& context, std::string_view name);
// One that names a file. Error: kInvalid FILE_NAME_DID_NOT_VALIDATE.
[[nodiscard]] Result<files::FilePath> file_path(const RequestContext& context, std::string_view name);

struct Speaker {
  accounts::Account user;   // that `username` names; an administrator only by their own token
  accounts::Account actor;  // who really calls: the same, or an administrator with a token
};

// By the parameter `username`. With a token: the token's own account, or an administrator. Without one, where the
// server believes names (Services::liftbit_open): the account of that name. Errors: username()'s; kForbidden
// ACCESS_DENIED; kNotFound COULD_NOT_FIND_ACCOUNT.
[[nodiscard]] Result<Speaker> speaker_of(const Services& services, const RequestContext& context);
// Makes the account that `username` names; fine where it is there already and the caller may speak for it.
[[nodiscard]] Result<void> create_user(const Services& services, const RequestContext& context);
// With all its files. Errors besides: those of AccountService::remove.
[[nodiscard]] Result<void> delete_user(const Services& services, const RequestContext& context);

}  // namespace lakelift::http::liftbit
