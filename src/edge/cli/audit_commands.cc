// `lakelift audit`
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/encoding.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/commands.h"
#include "edge/cli/items.h"
#include "edge/cli/moment.h"
#include "edge/cli/people.h"

namespace lakelift::cli {
namespace {

struct AuditOptions {
  std::string kind;
  std::string actor;
  std::string subject_kind;
  std::string subject_id;
  std::string since;
  std::string until;
  std::int64_t limit = 100;
};

const View& audit_view() {
  static const View view{{{"at"}, {"actor"}, {"kind"}, {"subject"}, {"on_behalf"}, {"detail"}},
                         [](const json::object& entry) {
                           const auto name = [&](const char* key) {
                             if (auto text = find_string(entry, std::string(key) + "_name")) return *std::move(text);
                             const auto id = find_int(entry, key);
                             return id ? fmt::format("account {}", *id) : std::string();
                           };
                           json::object flat;
                           flat["at"] = find_string(entry, "at").value_or("");
                           flat["actor"] = name("actor");
                           flat["kind"] = find_string(entry, "kind").value_or("");
                           flat["subject"] = fmt::format("{} {}", find_string(entry, "subject_kind").value_or(""),
                                                         find_string(entry, "subject_id").value_or(""));
                           flat["on_behalf"] = name("on_behalf");
                           const json::value* detail = find(entry, "detail");
                           flat["detail"] = detail == nullptr ? "" : to_text(*detail);
                           return flat;
                         },
                         "seq"};
  return view;
}

Result<std::string> query_of(Session& session, Api& api, const AuditOptions& options) {
  std::string query;
  const auto narrow = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) query += fmt::format("&{}={}", name, percent_encode(value));
  };
  narrow("kind", options.kind);
  narrow("subject_kind", options.subject_kind);
  narrow("subject_id", options.subject_id);
  TRY(const std::string from, moment_of(options.since, session.clock()));
  TRY(const std::string to, moment_of(options.until, session.clock()));
  narrow("from", from);
  narrow("to", to);
  if (options.actor.empty()) return query;
  TRY(const json::object account, find_account(api, options.actor));
  TRY(const std::int64_t id, int_of(account, "id"));
  narrow("actor", std::to_string(id));
  return query;
}

Result<void> show(Session& session, const AuditOptions& options) {
  TRY(Api * api, session.api());
  TRY(const std::string query, query_of(session, *api, options));
  json::array all;
  std::string before;
  while (static_cast<std::int64_t>(all.size()) < options.limit) {
    const auto left = std::min<std::int64_t>(options.limit - static_cast<std::int64_t>(all.size()), limits::kPage);
    TRY(const json::object answer, api->get(fmt::format("/audit?limit={}{}{}", left, query, before)));
    TRY(const json::array page, array_of(answer, "entries"));
    all.insert(all.end(), page.begin(), page.end());
    const auto next = find_int(answer, "next");
    if (!next || page.empty()) break;
    before = fmt::format("&before={}", *next);
  }
  return session.output().list(all, audit_view());
}

}  // namespace

void add_audit_command(CommandTree& tree) {
  const auto options = std::make_shared<AuditOptions>();
  CLI::App* command = tree.add(tree.root, "audit", "What happened, newest first (for admins)",
                               {"lakelift audit --since 7d", "lakelift audit --kind account. --output csv",
                                "lakelift audit --subject-kind account --subject-id 7 --limit 1000"},
                               [options](Session& session) { return show(session, *options); });
  command->add_option("--kind", options->kind, "Exactly this kind (account.created), or all that begin so (account.)");
  command->add_option("--actor", options->actor, "Who did it: email, username or id");
  command->add_option("--subject-kind", options->subject_kind, "What it is about: account, catalogue_item …");
  command->add_option("--subject-id", options->subject_id, "Which one");
  command->add_option("--since", options->since, "From this moment on (2026-11-22T17:35Z), or so long ago (7d)");
  command->add_option("--until", options->until, "Before this moment, or until so long ago");
  command->add_option("--limit", options->limit, "At most so many")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
}

}  // namespace lakelift::cli
