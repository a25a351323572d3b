#include "domain/catalogue/access_request.h"

namespace lakelift::catalogue {
namespace {

json::value account_json(const std::optional<accounts::Account>& account) {
  return account ? json::value(accounts::to_json(*account)) : json::value(nullptr);
}

}  // namespace

std::string_view name_of(AccessState state) {
  switch (state) {
    case AccessState::kAsked:
      return "ASKED";
    case AccessState::kGranted:
      return "GRANTED";
    case AccessState::kRefused:
      return "REFUSED";
  }
  return "ASKED";
}

std::optional<AccessState> access_state_of(std::string_view name) {
  for (const auto state : {AccessState::kAsked, AccessState::kGranted, AccessState::kRefused}) {
    if (name_of(state) == name) return state;
  }
  return std::nullopt;
}

std::optional<AccessRole> access_role_of(std::string_view name) {
  if (name == "asker") return AccessRole::kAsker;
  if (name == "decider") return AccessRole::kDecider;
  return std::nullopt;
}

json::object to_json(const AccessRequest& request, AccessRole role) {
  const bool whole = role == AccessRole::kDecider || request.state == AccessState::kGranted;
  const auto time = [](const std::optional<Micros>& at) {
    return at ? json::value(iso8601(*at)) : json::value(nullptr);
  };
  return {{"@type", "access_request"},
          {"id", request.id},
          {"item", request.item_name},
          {"note", request.note},
          {"state", name_of(request.state)},
          {"asked_at", iso8601(request.asked_at)},
          {"asked_by", account_json(request.asker)},
          {"decided_at", time(request.decided_at)},
          {"answer", request.answer ? json::value(*request.answer) : json::value(nullptr)},
          {"catalogue_item_id", whole && request.item_id ? json::value(*request.item_id) : json::value(nullptr)},
          {"decided_by", whole ? account_json(request.decider) : json::value(nullptr)}};
}

}  // namespace lakelift::catalogue
