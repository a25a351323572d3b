#include "edge/http/routes/liftbit_users.h"

#include <utility>

#include "edge/http/origin.h"
#include "edge/http/routes/lakey.h"

namespace lakelift::http::liftbit {
namespace {

constexpr std::string_view kMachineOwner = "admin";  // whose name is never believed

std::unexpected<Error> denied() {
  return fail(Code::kForbidden, "ACCESS_DENIED", "the token is not that account's: say your own username");
}

// A page of another site can have a browser send a form here, and it carries no token either: a name is not believed
// from there (threats A9). Scripts say nothing of where they come from.
bool is_from_another_site(const RequestContext& context) {
  const bool is_browser = context.header("origin") || context.header("sec-fetch-site");
  return is_browser && !is_same_origin(context);
}

// Without an administrator's powers, which a name alone does not give.
Result<accounts::Account> believed(const Services& services, const std::string& name) {
  if (name == kMachineOwner) return denied();
  TRY(auto account, services.accounts.find_by_username(name));
  if (account.is_disabled()) return denied();
  account.type = accounts::AccountType::kResearcher;
  return account;
}

}  // namespace

std::string parameter(const RequestContext& context, std::string_view name) {
  return std::string(context.query_value(name).value_or(""));
}

Result<std::string> username(const RequestContext& context, std::string_view name) {
  std::string value = parameter(context, name);
  if (accounts::is_username(value)) return value;
  return fail(Code::kInvalid, "QUERY_DID_NOT_VALIDATE",
              std::string(name) + ": 1 to 32 letters, digits, spaces and . _ -, without a space at an end",
              {{std::string(name), {"Not a valid username."}}});
}

Result<files::FilePath> file_path(const RequestContext& context, std::string_view name) {
  const std::string value = parameter(context, name);
  if (!value.empty() && !value.ends_with('/')) return files::FilePath::parse_liftbit(value);
  return fail(Code::kInvalid, "FILE_NAME_DID_NOT_VALIDATE", std::string(name) + ": say the name of a file",
              {{std::string(name), {"Not a file's name."}}});
}

Result<Speaker> speaker_of(const Services& services, const RequestContext& context) {
  TRY(const std::string name, username(context, "username"));
  if (!context.principal) {
    if (!services.liftbit_open || is_from_another_site(context)) return denied();
    TRY(const auto account, believed(services, name));
    return Speaker{account, account};
  }
  const accounts::Account caller = lakey::caller(context);
  auto account = services.accounts.find_by_username(name);
  const bool is_admin = caller.type == accounts::AccountType::kAdmin;
  if (is_admin && !account) return std::unexpected(std::move(account).error());
  if (!is_admin && (!account || account->id != caller.id)) return denied();  // whether it is there is not told
  account->type = account->id == caller.id ? caller.type : accounts::AccountType::kResearcher;
  return Speaker{*account, caller};
}

Result<void> create_user(const Services& services, const RequestContext& context) {
  TRY(const std::string name, username(context, "username"));
  const bool is_believed = services.liftbit_open && name != kMachineOwner && !is_from_another_site(context);
  const bool may_make = context.principal ? context.principal->is_admin : is_believed;
  if (!may_make) {
    TRY_VOID(speaker_of(services, context));
    return {};
  }
  const auto actor = context.principal ? std::optional(context.principal->account_id) : std::nullopt;
  auto made = services.accounts.create({.username = name}, actor);
  if (!made && made.error().event != "USERNAME_EXISTS_ALREADY") return std::unexpected(std::move(made).error());
  return {};
}

Result<void> delete_user(const Services& services, const RequestContext& context) {
  TRY(const Speaker speaker, speaker_of(services, context));
  if (!context.principal) {
    TRY(const auto account, services.accounts.get(speaker.user.id));
    if (account.type == accounts::AccountType::kAdmin) return denied();  // a name alone does not end an administrator
  }
  return services.accounts.remove(speaker.user.id, speaker.actor.id);
}

}  // namespace lakelift::http::liftbit
