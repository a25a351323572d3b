// `lakelift notice …`: what one should hear of.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "edge/cli/commands.h"
#include "edge/cli/items.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

struct ListOptions {
  bool unread = false;
  bool follow = false;
  std::int64_t limit = 100;
};

std::string list_text(const json::object& detail, std::string_view key) {
  std::string out;
  const json::value* list = find(detail, key);
  if (list == nullptr || !list->is_array()) return out;
  for (const auto& one : list->get_array()) out += (out.empty() ? "" : ", ") + plain_text(one);
  return out;
}

std::string text_of_request(const std::string& kind, const json::object& detail) {
  const std::string name = find_string(detail, "name").value_or("");
  const std::string slice =
      fmt::format("your slice {}{} of {}", find_int(detail, "request_id").value_or(0),
                  name.empty() ? "" : fmt::format(" ({})", name), find_string(detail, "item").value_or(""));
  if (kind == "request.done") {
    const bool stale = find_bool(detail, "is_stale").value_or(false);
    return fmt::format("{} is ready: {} rows{}", slice, human_count(find_int(detail, "rows").value_or(0)),
                       stale ? "; the table has other data by now" : "");
  }
  if (kind == "request.failed") return slice + " failed: " + find_string(detail, "reason").value_or("");
  if (kind == "request.cancelled") return slice + " was cancelled: the table was taken away";
  if (kind == "request.stale") {
    return fmt::format("{} is stale: `lakelift slice repeat {}` brings it as it is now", slice,
                       find_int(detail, "request_id").value_or(0));
  }
  return kind + ": " + slice;
}

// What it says, for people.
std::string text_of(const json::object& notice) {
  const std::string kind = find_string(notice, "kind").value_or("");
  const json::value* value = find(notice, "detail");
  if (value == nullptr || !value->is_object()) return kind;
  const json::object& detail = value->get_object();
  const auto said = [&](const char* key) { return find_string(detail, key).value_or(""); };
  const auto with = [](std::string text, const std::string& more) { return more.empty() ? text : text + ": " + more; };
  if (kind == "access.asked") return with(said("by_email") + " asks to see " + said("item"), said("note"));
  if (kind == "access.granted") return with("you may see " + said("item"), said("answer"));
  if (kind == "access.refused") return with("you may not see " + said("item"), said("answer"));
  if (kind == "catalogue_item.changed") {
    return with(said("by_email") + " changed " + said("item"), list_text(detail, "fields"));
  }
  if (kind.starts_with("request.")) return text_of_request(kind, detail);
  return with(kind, said("item"));
}

const View& notices_view() {
  static const View view{{{"id"}, {"at"}, {"read"}, {"text"}}, [](const json::object& notice) {
                           json::object flat;
                           for (const char* key : {"id", "at"}) {
                             if (const json::value* found = find(notice, key)) flat[key] = *found;
                           }
                           const json::value* read = find(notice, "read_at");
                           flat["read"] = read != nullptr && !read->is_null() ? "yes" : "no";
                           flat["text"] = text_of(notice);
                           return flat;
                         }};
  return view;
}

// The newest `limit` of those after `after`, newest first.
Result<json::array> notices(Api& api, const ListOptions& options, std::int64_t after) {
  json::array all;
  std::optional<std::int64_t> before;
  while (static_cast<std::int64_t>(all.size()) < options.limit) {
    const auto wanted = std::min<std::int64_t>(options.limit - static_cast<std::int64_t>(all.size()), 1'000);
    std::string path = fmt::format("/notices/?limit={}", wanted);
    if (options.unread) path += "&unread=true";
    if (before) path += fmt::format("&before={}", *before);
    TRY(const json::object answer, api.get(path));
    TRY(const json::array page, array_of(answer, "notices"));
    for (const auto& notice : page) {
      if (!notice.is_object()) continue;
      TRY(const std::int64_t id, int_of(notice.get_object(), "id"));
      if (id <= after) return all;
      all.push_back(notice);
    }
    before = find_int(answer, "next");
    if (!before) break;
  }
  return all;
}

Result<void> print_line(Session& session, const json::object& notice) {
  if (session.output().format() != OutputFormat::kTable) return session.output().list({notice}, notices_view());
  return session.output().text(
      printable(fmt::format("{}  {}", find_string(notice, "at").value_or(""), text_of(notice))) + "\n");
}

// Waits for a notice after `last`; its id. Nothing else can be asked while the stream is open, so it ends with the
// news.
Result<std::int64_t> next_notice(Api& api, std::int64_t last) {
  std::int64_t id = last;
  TRY_VOID(api.watch("/notices/events", [&](const json::object& event) -> Result<bool> {
    const json::value* newest = find(event, "newest");
    if (newest == nullptr || !newest->is_object()) return false;
    TRY(id, int_of(newest->get_object(), "id"));
    return id > last;
  }));
  return id;
}

// One line each, as they come, until it is interrupted.
Result<void> follow(Session& session, Api& api, const ListOptions& options) {
  const auto format = session.output().format();
  if (format != OutputFormat::kTable && format != OutputFormat::kJsonl && format != OutputFormat::kId) {
    return fail(Code::kInvalid, "", "--follow prints table, jsonl or id");
  }
  for (std::int64_t last = 0;;) {
    TRY(const std::int64_t id, next_notice(api, last));
    TRY(const json::array fresh, notices(api, options, last));
    last = std::max(last, id);
    for (auto notice = fresh.rbegin(); notice != fresh.rend(); ++notice) {
      TRY_VOID(print_line(session, notice->get_object()));
      TRY(const std::int64_t printed, int_of(notice->get_object(), "id"));
      last = std::max(last, printed);  // more may have come after the event
    }
  }
}

Result<void> list(Session& session, const ListOptions& options) {
  TRY(Api * api, session.api());
  if (options.follow) return follow(session, *api, options);
  TRY(const json::array all, notices(*api, options, 0));
  if (all.empty() && session.output().format() == OutputFormat::kTable) session.note("there is nothing to hear of");
  return session.output().list(all, notices_view());
}

Result<void> mark_all(Session& session, Api& api) {
  TRY(const json::array newest, notices(api, {.limit = 1}, 0));
  std::int64_t marked = 0;
  if (!newest.empty()) {
    TRY(const std::int64_t up_to, int_of(newest.front().get_object(), "id"));
    TRY(const json::object answer,
        api.call({.method = "POST", .path = "/notices/read/", .body = json::object{{"up_to", up_to}}}));
    marked = find_int(answer, "marked").value_or(0);
  }
  session.note(fmt::format("marked {} as read", marked));
  return {};
}

Result<void> mark(Session& session, const std::vector<std::int64_t>& ids, bool all) {
  if (all == !ids.empty()) return fail(Code::kInvalid, "", "say which: IDs of `notice list`, or --all");
  TRY(Api * api, session.api());
  if (all) return mark_all(session, *api);
  json::array marked;
  for (const std::int64_t id : ids) {
    TRY(json::object answer, api->call({.method = "PUT", .path = fmt::format("/notices/{}/read", id), .body = {}}));
    marked.emplace_back(without_envelope(std::move(answer)));
  }
  return session.output().list(marked, notices_view());
}

}  // namespace

void add_notice_commands(CommandTree& tree) {
  CLI::App* group =
      tree.add_group("notice", "What you should hear of: slices that are ready or stale, access, tables that changed",
                     {"lakelift notice list --unread", "lakelift notice read --all"});
  const auto options = std::make_shared<ListOptions>();
  CLI::App* command = tree.add(
      *group, "list", "Your notices, the newest first",
      {"lakelift notice list", "lakelift notice list --unread --output jsonl", "lakelift notice list --follow"},
      [options](Session& session) { return list(session, *options); });
  command->add_flag("--unread", options->unread, "Only those that are not read");
  command->add_flag("--follow", options->follow, "One line each, the oldest first, then as they come; Ctrl-C ends it");
  command->add_option("--limit", options->limit, "How many at most")->capture_default_str()->check(CLI::PositiveNumber);
  const auto ids = std::make_shared<std::vector<std::int64_t>>();
  const auto all = std::make_shared<bool>(false);
  command =
      tree.add(*group, "read", "Mark notices as read", {"lakelift notice read 12 13", "lakelift notice read --all"},
               [ids, all](Session& session) { return mark(session, *ids, *all); });
  command->add_option("ID", *ids, "Of `notice list`")->check(CLI::NonNegativeNumber);
  command->add_flag("--all", *all, "All there are");
}

}  // namespace lakelift::cli
