// How each operation of the API is called about a thing that exists, one that is hidden, and one that is missing. What
// a call uses up is made anew for each.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "domain/slices/link.h"
#include "edge/http/routes/test_world.h"

namespace lakelift::http::testing {

enum class About { kExists, kHidden, kMissing };

// The people of the matrix, and what they hold.
class People {
 public:
  explicit People(World& world) : world_(world) {
    expired_ = account("expired@example.com");
    tokens_["expired"] = token(expired_);
    world.clock.advance(limits::kTokenSeconds * kMicrosPerSecond);
    researcher = account("researcher@example.com");
    other = account("other@example.com");
    member = account("member@example.com");
    maintainer = account("maintainer@example.com");
    admin = account("admin@example.com", accounts::AccountType::kAdmin);
    for (const auto* one : {&researcher, &other, &member, &maintainer, &admin}) {
      tokens_[one->email.substr(0, one->email.find('@'))] = token(*one);
    }
    const auto disabled = account("disabled@example.com");
    tokens_["disabled"] = token(disabled);
    value_of(world.accounts.update(disabled.id, {.is_disabled = true}, admin.id));
    tokens_["read-only"] =
        value_of(world.api_tokens.create(researcher.id, {.name = "reads", .scope = accounts::Scope::kRead}, researcher,
                                         accounts::Scope::kAdmin))
            .text;
    tokens_["anonymous"] = "";
    group = value_of(world.groups.create("readers", admin.id));
    must(world.groups.add_member(group.id, member.id, admin.id));
  }

  [[nodiscard]] const std::string& token_of(const std::string& caller) const { return tokens_.at(caller); }
  [[nodiscard]] accounts::Account account(const std::string& email,
                                          accounts::AccountType type = accounts::AccountType::kResearcher) {
    return value_of(world_.accounts.create(email, type, std::nullopt));
  }
  [[nodiscard]] std::string token(const accounts::Account& account) {
    return value_of(world_.accounts.issue_token(account, std::nullopt)).token;
  }

  accounts::Account researcher, other, member, maintainer, admin;
  accounts::Group group;

 private:
  World& world_;
  accounts::Account expired_;
  std::map<std::string, std::string> tokens_;
};

class Calls {
 public:
  Calls(World& world, People& people) : world_(world), people_(people) { describe_all(); }

  [[nodiscard]] bool knows(const std::string& operation) const { return makers_.contains(operation); }
  // The call that `operation` ("GET /catalogue/items/{id}") is for that caller, without the token.
  [[nodiscard]] Call make(const std::string& operation, About about, const std::string& caller) {
    caller_ = caller;
    Call call = makers_.at(operation)(about);
    call.method = *method_of(operation.substr(0, operation.find(' ')));
    return call;
  }

 private:
  static constexpr std::int64_t kNoSuchId = 999'999'999;
  using Maker = std::function<Call(About)>;

  void describe_all();
  void describe_accounts();
  void describe_signing_in();
  void describe_catalogue();
  void describe_access();
  void describe_slices();
  void describe_costs();
  void describe_webhooks();
  void describe_others();
  void describe_files();
  void describe_kept_files();
  void describe_liftbit();

  static Call path(std::string text, json::value body = nullptr) {
    return {.path = std::move(text), .body = body.is_null() ? std::string() : to_text(body), .token = {}};
  }
  static Call form(std::string text, std::string body) {
    return {.path = std::move(text),
            .body = std::move(body),
            .token = {},
            .content_type = "application/x-www-form-urlencoded"};
  }
  std::string fresh(const std::string& what) { return what + std::to_string(++number_); }

  std::int64_t account_id(About about) {
    return about == About::kMissing ? kNoSuchId : people_.account(fresh("somebody") + "@example.com").id;
  }
  std::int64_t group_id(About about) {
    return about == About::kMissing ? kNoSuchId : value_of(world_.groups.create(fresh("group"), std::nullopt)).id;
  }
  // exists: for everyone; hidden: for the group. The maintainer's.
  catalogue::CatalogueItem item(About about);
  std::int64_t item_id(About about) { return about == About::kMissing ? kNoSuchId : item(about).id; }
  std::string item_path(About about, const std::string& rest = "") {
    return "/catalogue/items/" + std::to_string(item_id(about)) + rest;
  }
  json::object question(std::int64_t item) {
    return {
        {"catalogue_item_id", item},
        {"spec", json::object{{"columns", {"a"}},
                              {"filters", {json::object{{"name", "a"}, {"operator", ">="}, {"value", ++number_}}}}}}};
  }
  // Waited for by the researcher and, where it is hidden, the member.
  std::int64_t request_id(About about);
  // The researcher's, beyond a budget.
  std::int64_t waiting_request_id(About about);
  std::int64_t access_request_id(About about);
  std::int64_t notice_id(About about);
  std::int64_t webhook_id(About about);
  void remove_webhooks();
  std::string auth_request(About about);
  // Of the researcher's, and where it is hidden, shared with the group; its path. missing: nothing is there.
  std::string file_path(About about);
  std::string file_address(About about) { return "/files/researcher/" + file_path(about); }
  std::string trashed_id(About about);

  World& world_;
  People& people_;
  std::map<std::string, Maker> makers_;
  std::string caller_;
  std::int64_t number_ = 0;
};

}  // namespace lakelift::http::testing
