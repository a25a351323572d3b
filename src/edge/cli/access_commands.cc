// `lakelift catalogue request-access` and `lakelift access …`: asking to see a table, and the answers.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/commands.h"
#include "edge/cli/items.h"
#include "edge/cli/text_argument.h"

namespace lakelift::cli {
namespace {

struct ListOptions {
  bool asked = false;
  std::string state;
};

const View& access_view() {
  static const View view{{{"id"}, {"item"}, {"state"}, {"asked_by"}, {"asked_at"}, {"note"}, {"answer"}},
                         [](const json::object& request) {
                           json::object flat;
                           for (const char* key : {"id", "item", "state", "asked_at", "note", "answer"}) {
                             if (const json::value* value = find(request, key)) flat[key] = *value;
                           }
                           const json::value* asker = find(request, "asked_by");
                           if (asker != nullptr && asker->is_object()) {
                             flat["asked_by"] = find_string(asker->get_object(), "email").value_or("");
                           }
                           return flat;
                         }};
  return view;
}

Result<void> ask(Session& session, const std::string& item, const std::string& note) {
  TRY(const std::string text, text_argument(note));
  TRY(Api * api, session.api());
  TRY(json::object answer, api->call({.method = "POST",
                                      .path = "/catalogue/access_requests/",
                                      .body = json::object{{"item", item}, {"note", text}}}));
  session.note("asked; if there is such a table, its maintainer decides. `lakelift access list` shows the answer");
  return session.output().one(without_envelope(std::move(answer)), access_view());
}

Result<void> list(Session& session, const ListOptions& options) {
  TRY(Api * api, session.api());
  std::string path = fmt::format("/catalogue/access_requests/?limit=1000&role={}", options.asked ? "asker" : "decider");
  if (!options.state.empty()) path += "&state=" + options.state;
  json::array all;
  std::string page = path;
  while (true) {
    TRY(const json::object answer, api->get(page));
    TRY(const json::array requests, array_of(answer, "access_requests"));
    all.insert(all.end(), requests.begin(), requests.end());
    const auto next = find_int(answer, "next");
    if (!next) break;
    page = fmt::format("{}&before={}", path, *next);
  }
  if (all.empty() && session.output().format() == OutputFormat::kTable) {
    session.note(options.asked ? "you have asked for nothing" : "nobody asks you for access");
  }
  return session.output().list(all, access_view());
}

Result<void> decide(Session& session, std::int64_t id, std::string_view decision, const std::string& text) {
  TRY(Api * api, session.api());
  json::object body{{"decision", decision}};
  if (!text.empty()) {
    TRY(std::string answer, text_argument(text));
    body["answer"] = std::move(answer);
  }
  TRY(json::object answer, api->call({.method = "PUT",
                                      .path = fmt::format("/catalogue/access_requests/{}", id),
                                      .body = std::move(body),
                                      .repeatable = false}));
  return session.output().one(without_envelope(std::move(answer)), access_view());
}

Result<void> withdraw(Session& session, std::int64_t id) {
  TRY(Api * api, session.api());
  TRY_VOID(api->call(
      {.method = "DELETE", .path = fmt::format("/catalogue/access_requests/{}", id), .body = {}, .repeatable = false}));
  session.note(fmt::format("withdrew {}", id));
  return {};
}

CLI::Option* add_id(CLI::App& command, std::int64_t& id) {
  return command.add_option("ID", id, "Of `access list`")->required()->check(CLI::NonNegativeNumber);
}

void add_decision(CommandTree& tree, CLI::App& group, const std::string& name, const std::string& description,
                  std::string_view decision) {
  const auto id = std::make_shared<std::int64_t>(0);
  const auto text = std::make_shared<std::string>();
  CLI::App* command =
      tree.add(group, name, description,
               {fmt::format("lakelift access {} 12", name),
                fmt::format("lakelift access {} 12 --answer 'Talk to me first'", name)},
               [id, text, decision](Session& session) { return decide(session, *id, decision, *text); });
  add_id(*command, *id);
  command->add_option("--answer", *text, "A text for who asked; @FILE reads it from a file, - from stdin");
}

}  // namespace

void add_request_access(CommandTree& tree, CLI::App& group) {
  const auto item = std::make_shared<std::string>();
  const auto note = std::make_shared<std::string>();
  CLI::App* command = tree.add(group, "request-access", "Ask to see a table that is not shown to you",
                               {"lakelift catalogue request-access sales.orders --note 'For the forecast'",
                                "lakelift catalogue request-access sales.orders"},
                               [item, note](Session& session) { return ask(session, *item, *note); });
  command->add_option("NAME", *item, "Its name")->required();
  command->add_option("--note", *note, "What for; @FILE reads it from a file, - from stdin");
}

void add_access_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group("access", "Who asks to see which table, and the answers",
                                   {"lakelift access list", "lakelift access grant 12"});
  const auto options = std::make_shared<ListOptions>();
  CLI::App* command = tree.add(
      *group, "list", "Access requests that wait for you, or with --asked your own",
      {"lakelift access list", "lakelift access list --asked", "lakelift access list --state ASKED --output jsonl"},
      [options](Session& session) { return list(session, *options); });
  command->add_flag("--asked", options->asked, "Those that you asked");
  command->add_option("--state", options->state, "ASKED, GRANTED or REFUSED")
      ->check(CLI::IsMember({"ASKED", "GRANTED", "REFUSED"}));
  add_decision(tree, *group, "grant", "Let who asked see the table", "GRANT");
  add_decision(tree, *group, "refuse", "Do not let who asked see the table", "REFUSE");
  const auto id = std::make_shared<std::int64_t>(0);
  add_id(*tree.add(*group, "withdraw", "Take back what you asked for",
                   {"lakelift access withdraw 12",
                    "lakelift access list --asked --output id | xargs -n1 lakelift access withdraw"},
                   [id](Session& session) { return withdraw(session, *id); }),
         *id);
}

}  // namespace lakelift::cli
