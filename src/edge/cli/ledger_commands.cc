// `lakelift ledger`: what was spent and what was saved.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/amount.h"
#include "base/encoding.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/cost_commands.h"
#include "edge/cli/items.h"
#include "edge/cli/people.h"

namespace lakelift::cli {
namespace {

constexpr int kMostPages = 10'000;

struct LedgerOptions {
  std::string by = "month";
  std::string month;
  std::string since;
  std::string until;
  std::string item;
  std::string person;
  std::string group;
};

View spending_view(const std::string& by, const std::string& currency) {
  return {{{by},
           {"requests", FieldKind::kCount},
           {"runs", FieldKind::kCount},
           {"scanned", FieldKind::kBytes},
           {"paid"},
           {"saved", FieldKind::kBytes},
           {"money_saved"}},
          [by, currency](const json::object& line) {
            const auto number = [&](const char* key) { return find_int(line, key).value_or(0); };
            const std::string name = find_string(line, "name").value_or("");
            const std::string key = find_string(line, "key").value_or("");
            json::object flat;
            flat[by] = !name.empty() ? name : key == "0" ? "(not known)" : fmt::format("{} {} (gone)", by, key);
            flat["requests"] = number("requests");
            flat["runs"] = number("runs");
            flat["scanned"] = number("scanned_bytes");
            flat["paid"] = money_text(number("paid_micros"), currency);
            flat["saved"] = number("saved_bytes");
            flat["money_saved"] = money_text(number("saved_micros"), currency);
            return flat;
          },
          "key"};
}

Result<std::string> query_of(Api& api, const LedgerOptions& options) {
  std::string query = fmt::format("by={}&limit={}", options.by, limits::kPage);
  const auto narrow = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) query += fmt::format("&{}={}", name, percent_encode(value));
  };
  narrow("month", options.month);
  narrow("from", options.since);
  narrow("to", options.until);
  if (!options.item.empty()) {
    TRY(const auto item, find_item(api, options.item));
    narrow("item", std::to_string(item.id));
  }
  if (!options.person.empty()) {
    TRY(const auto account, find_account(api, options.person));
    TRY(const std::int64_t id, int_of(account, "id"));
    narrow("person", std::to_string(id));
  }
  if (!options.group.empty()) {
    TRY(const auto group, find_group(api, options.group));
    TRY(const std::int64_t id, int_of(group, "id"));
    narrow("group", std::to_string(id));
  }
  return query;
}

Result<void> show(Session& session, const LedgerOptions& options) {
  TRY(Api * api, session.api());
  TRY(const std::string query, query_of(*api, options));
  json::array lines;
  json::object answer;
  std::string next;
  for (int page = 0; page < kMostPages; ++page) {
    TRY(answer, api->get(fmt::format("/ledger/spending?{}{}", query, next)));
    TRY(const json::array some, array_of(answer, "lines"));
    lines.insert(lines.end(), some.begin(), some.end());
    const auto more = find_string(answer, "next");
    if (!more || some.empty()) break;
    next = fmt::format("&next={}", percent_encode(*more));
  }
  if (session.output().format() == OutputFormat::kTable) {
    if (lines.empty()) session.note("nothing was asked for in that time");
    const json::value* total = find(answer, "total");
    if (total != nullptr && total->is_object() && !lines.empty()) {
      json::object last = total->get_object();
      last["name"] = "total";
      lines.push_back(std::move(last));
    }
  }
  return session.output().list(lines, spending_view(options.by, find_string(answer, "currency").value_or("")));
}

}  // namespace

void add_ledger_command(CommandTree& tree) {
  const auto options = std::make_shared<LedgerOptions>();
  CLI::App* command = tree.add(tree.root, "ledger", "What was asked for, what it cost, and what was not paid again",
                               {"lakelift ledger --by person --month 2026-11", "lakelift ledger --by item --output csv",
                                "lakelift ledger --by month --person ada@example.com"},
                               [options](Session& session) { return show(session, *options); });
  command->add_option("--by", options->by, "A line for each of these")
      ->capture_default_str()
      ->check(CLI::IsMember({"month", "item", "person", "group"}));
  auto* month = command->add_option("--month", options->month, "In this month (2026-11), UTC");
  command->add_option("--since", options->since, "From this day on (2026-11-22), UTC")->excludes(month);
  command->add_option("--until", options->until, "Before this day")->excludes(month);
  command->add_option("--item", options->item, "Of this item: name or id");
  command->add_option("--person", options->person, "Of this person: email, username or id (for admins)");
  command->add_option("--group", options->group, "Of people while they were in this group: name or id (for admins)");
}

}  // namespace lakelift::cli
