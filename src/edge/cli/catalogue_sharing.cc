// `lakelift catalogue share|unshare|readers`: who may see a table.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/commands.h"
#include "edge/cli/items.h"

namespace lakelift::cli {
namespace {

struct ShareOptions {
  std::string item;
  std::vector<std::string> who;  // emails, and @names of groups
  bool everyone = false;
  bool only = false;
};

const View& readers_view() {
  static const View view{{{"kind"}, {"id"}, {"name"}}, [](const json::object& reader) { return reader; }};
  return view;
}

bool is_group(const std::string& who) { return who.starts_with('@'); }

// {"kind": "account" | "group", "id", "name"} of each reader; an account's name is its email.
Result<json::array> readers_of(const json::object& answer) {
  json::array out;
  const auto take = [&](std::string_view list, std::string_view kind, std::string_view name) -> Result<void> {
    TRY(const json::array readers, array_of(answer, list));
    for (const auto& reader : readers) {
      if (!reader.is_object()) continue;
      TRY(const std::int64_t id, int_of(reader.get_object(), "id"));
      out.push_back({{"kind", kind}, {"id", id}, {"name", find_string(reader.get_object(), name).value_or("")}});
    }
    return {};
  };
  TRY_VOID(take("accounts", "account", "email"));
  TRY_VOID(take("groups", "group", "name"));
  return out;
}

Result<void> print_readers(Session& session, const FoundItem& item, const json::object& answer) {
  TRY(const json::array readers, readers_of(answer));
  if (find_string(answer, "visibility") == "everyone") {
    session.note(fmt::format("everyone may see {}", item.name));
  } else {
    session.note(fmt::format("{} is for its maintainer, admins and those named", item.name));
  }
  return session.output().list(readers, readers_view());
}

std::string readers_path(const FoundItem& item) { return fmt::format("/catalogue/items/{}/readers/", item.id); }

Result<json::object> set_readers(Api& api, const FoundItem& item, const ShareOptions& options) {
  json::array accounts;
  json::array groups;
  for (const auto& who : options.who) {
    is_group(who) ? groups.emplace_back(who.substr(1)) : accounts.emplace_back(who);
  }
  return api.call({.method = "PUT",
                   .path = readers_path(item),
                   .body = json::object{{"visibility", options.everyone ? "everyone" : "named"},
                                        {"accounts", std::move(accounts)},
                                        {"groups", std::move(groups)}}});
}

Result<json::object> add_readers(Api& api, const FoundItem& item, const ShareOptions& options) {
  json::object answer;
  for (const auto& who : options.who) {
    json::object body;
    body[is_group(who) ? "group" : "account"] = is_group(who) ? who.substr(1) : who;
    TRY(answer, api.call({.method = "POST", .path = readers_path(item), .body = std::move(body)}));
  }
  return answer;
}

Result<void> share(Session& session, const ShareOptions& options) {
  if (options.everyone && (options.only || !options.who.empty())) {
    return fail(Code::kInvalid, "", "with --everyone nobody is named");
  }
  if (!options.everyone && !options.only && options.who.empty()) {
    return fail(Code::kInvalid, "", "say with whom: emails, @groups, or --everyone");
  }
  TRY(Api * api, session.api());
  TRY(const FoundItem item, find_item(*api, options.item));
  const bool set = options.everyone || options.only;
  TRY(const json::object answer, set ? set_readers(*api, item, options) : add_readers(*api, item, options));
  return print_readers(session, item, answer);
}

Result<void> unshare(Session& session, const ShareOptions& options) {
  TRY(Api * api, session.api());
  TRY(const FoundItem item, find_item(*api, options.item));
  TRY(json::object answer, api->get(readers_path(item)));
  for (const auto& who : options.who) {
    const std::string_view kind = is_group(who) ? "group" : "account";
    const std::string name = is_group(who) ? who.substr(1) : who;
    TRY(const json::array readers, readers_of(answer));
    const auto found = std::find_if(readers.begin(), readers.end(), [&](const json::value& reader) {
      return find_string(reader.get_object(), "kind") == kind && find_string(reader.get_object(), "name") == name;
    });
    if (found == readers.end()) {
      return fail(Code::kNotFound, "COULD_NOT_FIND_READER", fmt::format("{} does not name {}", item.name, who));
    }
    TRY(const std::int64_t id, int_of(found->get_object(), "id"));
    TRY(answer, api->call({.method = "DELETE",
                           .path = fmt::format("{}{}/{}", readers_path(item), kind, id),
                           .body = {},
                           .repeatable = false}));
  }
  return print_readers(session, item, answer);
}

Result<void> readers(Session& session, const std::string& name) {
  TRY(Api * api, session.api());
  TRY(const FoundItem item, find_item(*api, name));
  TRY(const json::object answer, api->get(readers_path(item)));
  return print_readers(session, item, answer);
}

}  // namespace

void add_catalogue_sharing(CommandTree& tree, CLI::App& group) {
  const auto options = std::make_shared<ShareOptions>();
  CLI::App* command = tree.add(
      group, "share", "Let accounts and groups see a table",
      {"lakelift catalogue share sales.orders ada@example.com @analysts",
       "lakelift catalogue share sales.orders --only @analysts", "lakelift catalogue share sales.orders --everyone"},
      [options](Session& session) { return share(session, *options); });
  command->add_option("ITEM", options->item, "Name or id")->required();
  command->add_option("WHO", options->who, "Emails, and groups as @NAME");
  command->add_flag("--only", options->only, "These and nobody else from now on (none: its maintainer and admins)");
  command->add_flag("--everyone", options->everyone, "All who have an account");

  const auto taken = std::make_shared<ShareOptions>();
  command = tree.add(
      group, "unshare", "No longer let accounts and groups see a table",
      {"lakelift catalogue unshare sales.orders ada@example.com", "lakelift catalogue unshare sales.orders @analysts"},
      [taken](Session& session) { return unshare(session, *taken); });
  command->add_option("ITEM", taken->item, "Name or id")->required();
  command->add_option("WHO", taken->who, "Emails, and groups as @NAME")->required();

  const auto item = std::make_shared<std::string>();
  tree.add(group, "readers", "Who may see a table",
           {"lakelift catalogue readers sales.orders", "lakelift catalogue readers sales.orders --output csv"},
           [item](Session& session) { return readers(session, *item); })
      ->add_option("ITEM", *item, "Name or id")
      ->required();
}

}  // namespace lakelift::cli
