// `lakelift budget …`, and the answers to requests that are beyond one.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/amount.h"
#include "edge/cli/cost_commands.h"
#include "edge/cli/items.h"
#include "edge/cli/people.h"

namespace lakelift::cli {
namespace {

const json::object& object_at(const json::object& record, std::string_view key) {
  static const json::object kNone;
  const json::value* value = find(record, key);
  return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

json::value money_at(const json::object& record, std::string_view key, const std::string& currency) {
  const auto micros = find_int(record, key);
  return micros ? json::value(json::string(money_text(*micros, currency))) : json::value(nullptr);
}

json::value bytes_at(const json::object& record, std::string_view key) {
  const auto bytes = find_int(record, key);
  return bytes ? json::value(*bytes) : json::value(nullptr);
}

json::object flat_budget(const json::object& budget) {
  const std::string currency = find_string(budget, "currency").value_or("");
  const std::string name = find_string(budget, "holder_name").value_or("");
  const bool is_group = find_string(budget, "holder_kind") == "group";
  json::object flat;
  flat["of"] = is_group ? fmt::format("group {}", name) : name;
  flat["month"] = find_string(budget, "month").value_or("");
  flat["money"] = money_at(budget, "money_micros", currency);
  flat["bytes"] = bytes_at(budget, "bytes");
  flat["spent"] = money_at(object_at(budget, "spent"), "money_micros", currency);
  flat["spent_bytes"] = bytes_at(object_at(budget, "spent"), "bytes");
  flat["left"] = money_at(object_at(budget, "left"), "money_micros", currency);
  flat["left_bytes"] = bytes_at(object_at(budget, "left"), "bytes");
  return flat;
}

const View& budgets_view() {
  static const View view{{{"of"},
                          {"month"},
                          {"money"},
                          {"spent"},
                          {"left"},
                          {"bytes", FieldKind::kBytes},
                          {"spent_bytes", FieldKind::kBytes},
                          {"left_bytes", FieldKind::kBytes}},
                         flat_budget,
                         "holder_id"};
  return view;
}

const View& waiting_view() {
  static const View view{
      {{"request_id"}, {"item"}, {"asked_by"}, {"bytes", FieldKind::kBytes}, {"reason"}, {"asked_at"}},
      [](const json::object& waiting) {
        json::object flat;
        flat["request_id"] = find_int(waiting, "request_id").value_or(0);
        flat["item"] = find_string(waiting, "catalogue_item_name").value_or("");
        flat["asked_by"] = find_string(waiting, "asked_by_name").value_or("");
        flat["bytes"] = bytes_at(object_at(waiting, "expected"), "bytes");
        flat["reason"] = find_string(waiting, "reason").value_or("");
        flat["asked_at"] = find_string(waiting, "asked_at").value_or("");
        return flat;
      },
      "request_id"};
  return view;
}

const View& decision_view() {
  static const View view{
      {{"request_id"}, {"state"}, {"answer"}}, [](const json::object& decision) { return decision; }, "request_id"};
  return view;
}

struct Whose {
  std::string person;
  std::string group;
};

void add_whose(CLI::App& command, Whose& whose) {
  auto* person = command.add_option("WHO", whose.person, "A person: email, username or id");
  command.add_option("--group", whose.group, "A group: name or id")->excludes(person);
}

Result<std::string> path_of(Api& api, const Whose& whose) {
  if (whose.person.empty() && whose.group.empty()) {
    return fail(Code::kInvalid, "", "say whose budget: a person, or --group NAME");
  }
  TRY(const json::object holder, whose.group.empty() ? find_account(api, whose.person) : find_group(api, whose.group));
  TRY(const std::int64_t id, int_of(holder, "id"));
  return fmt::format("/budgets/{}/{}", whose.group.empty() ? "account" : "group", id);
}

void add_set(CommandTree& tree, CLI::App& budget) {
  struct Options {
    Whose whose;
    std::string money;
    std::string bytes;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = tree.add(
      budget, "set", "Set what a person or a group may spend in a calendar month (for admins)",
      {"lakelift budget set ada@example.com --money 20", "lakelift budget set --group oceanography --bytes 1TB",
       "lakelift budget set ada@example.com --money 20 --bytes 500GB --output json"},
      [options](Session& session) -> Result<void> {
        json::object body;
        if (!options->money.empty()) {
          TRY(body["money_micros"], parse_money(options->money));
        }
        if (!options->bytes.empty()) {
          TRY(body["bytes"], parse_bytes(options->bytes));
        }
        if (body.empty()) return fail(Code::kInvalid, "", "say how much: --money 20, --bytes 1TB, or both");
        TRY(Api * api, session.api());
        TRY(const std::string path, path_of(*api, options->whose));
        TRY(json::object answer, api->call({.method = "PUT", .path = path, .body = std::move(body)}));
        return session.output().one(without_envelope(std::move(answer)), budgets_view());
      });
  add_whose(*command, options->whose);
  command->add_option("--money", options->money, "In the currency of the server's prices: 20 or 20.50");
  command->add_option("--bytes", options->bytes, "Bytes that runs scan: 500GB, 1.5TB, 64MiB");
}

void add_remove(CommandTree& tree, CLI::App& budget) {
  const auto whose = std::make_shared<Whose>();
  CLI::App* command =
      tree.add(budget, "rm", "Remove a budget: there is no limit any more (for admins)",
               {"lakelift budget rm ada@example.com", "lakelift budget rm --group oceanography"},
               [whose](Session& session) -> Result<void> {
                 TRY(Api * api, session.api());
                 TRY(const std::string path, path_of(*api, *whose));
                 TRY_VOID(api->call({.method = "DELETE", .path = path, .body = {}, .repeatable = false}));
                 session.note("the budget is removed");
                 return {};
               });
  add_whose(*command, *whose);
}

Result<void> list_of(Session& session, const std::string& path, const char* key, const View& view,
                     std::string_view none) {
  TRY(Api * api, session.api());
  TRY(const json::object answer, api->get(path));
  TRY(const json::array records, array_of(answer, key));
  if (records.empty() && session.output().format() == OutputFormat::kTable) session.note(std::string(none));
  return session.output().list(records, view);
}

Result<void> decide(Session& session, std::int64_t id, std::string_view verb, const std::string& answer) {
  TRY(Api * api, session.api());
  json::object body;
  if (!answer.empty()) body["answer"] = answer;
  TRY(json::object decision, api->call({.method = "POST",
                                        .path = fmt::format("/downloader/requests/{}/{}", id, verb),
                                        .body = std::move(body),
                                        .repeatable = false}));
  return session.output().one(without_envelope(std::move(decision)), decision_view());
}

}  // namespace

void add_budget_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group(
      "budget", "What people and groups may spend in a month",
      {"lakelift budget show", "lakelift budget set ada@example.com --money 20", "lakelift budget list"});
  add_set(tree, *group);
  add_remove(tree, *group);
  tree.add(*group, "list", "All budgets, and how they stand this month (for admins)",
           {"lakelift budget list", "lakelift budget list --output csv"}, [](Session& session) {
             return list_of(session, "/budgets/", "budgets", budgets_view(), "there are no budgets");
           });
  tree.add(*group, "show", "The budgets that bind you, and what is left of them",
           {"lakelift budget show", "lakelift budget show --output json"}, [](Session& session) {
             return list_of(session, "/budgets/mine", "budgets", budgets_view(), "no budget binds you");
           });
  tree.add(*group, "waiting", "Requests beyond a budget that wait for a yes (for admins)",
           {"lakelift budget waiting", "lakelift budget waiting --output id | xargs -n1 lakelift slice approve"},
           [](Session& session) {
             return list_of(session, "/budgets/", "waiting", waiting_view(), "nothing waits for approval");
           });
}

void add_slice_decisions(CommandTree& tree, CLI::App& slice) {
  struct Options {
    std::int64_t id = 0;
    std::string answer;
  };
  const auto yes = std::make_shared<Options>();
  CLI::App* approve = tree.add(slice, "approve", "Let a slice run that is beyond a budget (for admins)",
                               {"lakelift slice approve 12", "lakelift slice approve 12 --reason 'for the paper'"},
                               [yes](Session& session) { return decide(session, yes->id, "approve", yes->answer); });
  const auto no = std::make_shared<Options>();
  CLI::App* deny = tree.add(slice, "deny", "Refuse a slice that is beyond a budget (for admins)",
                            {"lakelift slice deny 12", "lakelift slice deny 12 --reason 'ask for one year'"},
                            [no](Session& session) { return decide(session, no->id, "deny", no->answer); });
  for (const auto& [command, options] : {std::pair{approve, yes}, std::pair{deny, no}}) {
    command->add_option("ID", options->id, "Of `budget waiting`")->required()->check(CLI::NonNegativeNumber);
    command->add_option("--reason", options->answer, "What those who wait are told");
  }
}

}  // namespace lakelift::cli
