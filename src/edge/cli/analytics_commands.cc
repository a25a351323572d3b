// `lakelift analytics …`: downloads and bytes per window of time, and what was downloaded most.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "base/encoding.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/commands.h"
#include "edge/cli/file_places.h"
#include "edge/cli/items.h"
#include "edge/cli/live_table.h"
#include "edge/cli/moment.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

constexpr int kMostPages = 10'000;
constexpr std::size_t kShownLines = 15;  // of a table that is drawn again in its place
constexpr std::size_t kShownTransfers = 10;

struct WindowsOptions {
  std::string by;
  std::string since;
  std::string until;
  std::string source = "ledger";
  std::string per = "window";
  std::string file;
  std::string item;
  std::string person;
  bool follow = false;
  std::int64_t limit = 20;  // of the top
};

std::string name_of(const json::object& line, const std::string& by) {
  const std::string name = find_string(line, "name").value_or("");
  if (!name.empty()) return name;
  const std::string key = find_string(line, "key").value_or("");
  // A file's key says what it is.
  return by == "file" || key.empty() ? key : fmt::format("{} {}", by, key);
}

// "2026-11-27 05:30:00": UTC.
std::string time_cell(const json::object& line) {
  std::string start = find_string(line, "start").value_or("").substr(0, 19);
  std::ranges::replace(start, 'T', ' ');
  return start;
}

View windows_view(const std::string& by, bool with_start) {
  std::vector<Field> fields;
  if (with_start) fields.push_back({"window"});
  if (by != "total") fields.push_back({by});
  for (const auto& [key, kind] :
       std::initializer_list<std::pair<const char*, FieldKind>>{{"downloads", FieldKind::kCount},
                                                                {"size", FieldKind::kBytes},
                                                                {"uploads", FieldKind::kCount},
                                                                {"uploaded", FieldKind::kBytes},
                                                                {"answers", FieldKind::kCount},
                                                                {"sent", FieldKind::kBytes}}) {
    fields.push_back({key, kind});
  }
  return {std::move(fields),
          [by](const json::object& line) {
            const auto number = [&](const char* key) { return find_int(line, key).value_or(0); };
            json::object flat{
                {"window", time_cell(line)},    {"downloads", number("downloads")},     {"size", number("size_bytes")},
                {"uploads", number("uploads")}, {"uploaded", number("uploaded_bytes")}, {"answers", number("answers")},
                {"sent", number("sent_bytes")}};
            if (by != "total") flat[by] = name_of(line, by);
            return flat;
          },
          with_start ? "start" : "key"};
}

// "file:7", as a line is called whose name the caller may not know.
bool is_key(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) return false;
  const std::string_view kind = text.substr(0, colon);
  return (kind == "file" || kind == "download_request") &&
         text.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
}

Result<std::string> file_of(Api& api, const std::string& file) {
  if (is_key(file)) return file;
  TRY(const RemoteName name, FilePlaces(api).resolve(file));
  if (name.is_folder) {
    return fail(Code::kInvalid, "",
                fmt::format("--file: \"{}\" is a folder: name one file, as [OWNER:]PATH", printable(file)));
  }
  return fmt::format("{}/{}", name.owner, name.path);
}

// Of what alone: "&file=…&item=…&person=…".
Result<std::string> filter_of(Api& api, const WindowsOptions& options) {
  std::string filter;
  if (!options.file.empty()) {
    TRY(const std::string file, file_of(api, options.file));
    filter += "&file=" + percent_encode(file);
  }
  if (!options.item.empty()) {
    TRY(const auto item, find_item(api, options.item));
    filter += fmt::format("&item={}", item.id);
  }
  if (!options.person.empty()) filter += "&person=" + percent_encode(options.person);
  return filter;
}

Result<std::string> query_of(const Session& session, const WindowsOptions& options, const std::string& filter) {
  std::string query = fmt::format("by={}{}", options.by, filter);
  const auto narrow = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) query += fmt::format("&{}={}", name, percent_encode(value));
  };
  TRY(const std::string from, moment_of(options.since, session.clock()));
  TRY(const std::string to, moment_of(options.until, session.clock()));
  narrow("from", from);
  narrow("to", to);
  if (options.source != "ledger") narrow("source", options.source);
  if (options.per != "window") narrow("per", options.per);
  return query;
}

// All pages.
Result<json::array> windows(Api& api, const std::string& query, json::object* answer = nullptr) {
  json::array lines;
  std::string next;
  for (int page = 0; page < kMostPages; ++page) {
    TRY(json::object one, api.get(fmt::format("/analytics/windows?{}&limit={}{}", query, limits::kPage, next)));
    TRY(const json::array some, array_of(one, "lines"));
    lines.insert(lines.end(), some.begin(), some.end());
    const auto more = find_string(one, "next");
    if (answer != nullptr) *answer = std::move(one);
    if (!more || some.empty()) break;
    next = fmt::format("&next={}", percent_encode(*more));
  }
  return lines;
}

Result<json::array> top(Api& api, const std::string& query, std::int64_t limit) {
  TRY(const json::object answer, api.get(fmt::format("/analytics/top?{}&limit={}", query, limit)));
  return array_of(answer, "lines");
}

// The total of what is on all pages, as a last line.
void add_total(json::array& lines, const json::object& answer, const std::string& by) {
  const json::value* total = find(answer, "total");
  if (total == nullptr || !total->is_object() || lines.empty()) return;
  json::object last = total->get_object();
  last[by == "total" ? "start" : "name"] = "total";
  lines.push_back(std::move(last));
}

std::vector<std::string> transfer_lines(const json::object& event) {
  std::vector<std::string> out;
  const json::value* going_on = find(event, "transfers");
  if (going_on == nullptr || !going_on->is_array()) return out;
  const auto& transfers = going_on->get_array();
  const std::int64_t total = find_int(event, "transfers_total").value_or(0);
  out.push_back(total == 0 ? "nothing is being sent" : fmt::format("being sent: {}", human_count(total)));
  for (const auto& value : transfers) {
    if (out.size() > kShownTransfers) break;
    if (!value.is_object()) continue;
    const auto& one = value.get_object();
    out.push_back(fmt::format("  {} of {}  {}  to {}", human_bytes(find_int(one, "sent_bytes").value_or(0)),
                              human_bytes(find_int(one, "size_bytes").value_or(0)),
                              printable(find_string(one, "name").value_or("")),
                              printable(find_string(one, "person").value_or(""))));
  }
  return out;
}

// What is shown again each time that something happened.
struct Followed {
  View view;
  bool is_latest_last = false;  // of more lines than fit the last ones are shown
  std::function<Result<json::array>(Api&)> read;
};

std::vector<LiveRow> rows_of(const json::array& lines, const Followed& what, bool is_cut) {
  const std::size_t most = is_cut ? kShownLines : lines.size();
  const std::size_t first = what.is_latest_last && lines.size() > most ? lines.size() - most : 0;
  std::vector<LiveRow> rows;
  for (std::size_t i = first; i < lines.size() && rows.size() < most; ++i) {
    if (!lines[i].is_object()) continue;
    const auto& line = lines[i].get_object();
    rows.push_back({find_string(line, "start").value_or("") + " " + find_string(line, "key").value_or(""), line});
  }
  return rows;
}

// Until it is interrupted.
Result<void> follow(Session& session, Api& api, const Followed& what) {
  const Connection second = session.connect();  // the first one is busy with the events
  LiveTable table(session.output(), what.view);
  const bool is_cut = session.output().terminal().stdout_is_tty;
  return api.watch("/analytics/live", [&](const json::object& event) -> Result<bool> {
    TRY(const json::array lines, what.read(*second.api));
    TRY_VOID(table.show(rows_of(lines, what, is_cut), transfer_lines(event)));
    return false;
  });
}

Result<void> check_follow(Session& session, const WindowsOptions& options) {
  const auto format = session.output().format();
  if (format == OutputFormat::kJson || format == OutputFormat::kCsv || format == OutputFormat::kId) {
    return fail(Code::kInvalid, "", "--follow prints table or jsonl");
  }
  if (options.source != "ledger" || !options.until.empty()) {
    return fail(Code::kInvalid, "", "--follow goes without --source and --until");
  }
  return {};
}

Result<void> follow_windows(Session& session, Api& api, WindowsOptions options) {
  TRY_VOID(check_follow(session, options));
  if (options.since.empty()) options.since = "1h";
  TRY(const std::string filter, filter_of(api, options));
  return follow(session, api, {windows_view(options.by, true), true, [&](Api& second) -> Result<json::array> {
                                 TRY(const std::string query, query_of(session, options, filter));
                                 return windows(second, query);
                               }});
}

Result<void> follow_top(Session& session, Api& api, const WindowsOptions& options) {
  TRY_VOID(check_follow(session, options));
  TRY(const std::string filter, filter_of(api, options));
  return follow(session, api, {windows_view(options.by, false), false, [&](Api& second) -> Result<json::array> {
                                 TRY(const std::string query, query_of(session, options, filter));
                                 return top(second, query, options.limit);
                               }});
}

Result<void> show_windows(Session& session, WindowsOptions options) {
  TRY(Api * api, session.api());
  if (options.follow) return follow_windows(session, *api, std::move(options));
  if (options.since.empty()) options.since = "1d";
  TRY(const std::string filter, filter_of(*api, options));
  TRY(const std::string query, query_of(session, options, filter));
  json::object answer;
  TRY(json::array lines, windows(*api, query, &answer));
  if (session.output().format() == OutputFormat::kTable) {
    if (lines.empty()) session.note("nothing moved in that time: --since 30d looks further back");
    add_total(lines, answer, options.by);
  }
  return session.output().list(lines, windows_view(options.by, true));
}

Result<void> show_top(Session& session, const WindowsOptions& options) {
  TRY(Api * api, session.api());
  if (options.follow) return follow_top(session, *api, options);
  TRY(const std::string filter, filter_of(*api, options));
  TRY(const std::string query, query_of(session, options, filter));
  TRY(const json::array lines, top(*api, query, options.limit));
  if (lines.empty() && session.output().format() == OutputFormat::kTable) session.note("nothing moved in that time");
  return session.output().list(lines, windows_view(options.by, false));
}

Result<void> rebuild(Session& session) {
  TRY(Api * api, session.api());
  TRY(json::object answer, api->call({.method = "POST",
                                      .path = "/analytics/rebuild",
                                      .body = json::object(),
                                      .repeatable = false,
                                      .first_byte_ms = limits::kLongFirstByteMs}));
  const View view{{{"entries", FieldKind::kCount}}, [](const json::object& record) { return record; }, "entries"};
  return session.output().one(without_envelope(std::move(answer)), view);
}

void add_times(CLI::App& command, WindowsOptions& options, const std::string& otherwise) {
  command.add_option(
      "--since", options.since,
      "Windows that begin at this moment (2026-11-22T17:35Z) or later, or so long ago (7d); default: " + otherwise);
  command.add_option("--until", options.until, "Windows that begin before this moment, or before so long ago");
}

void add_filters(CLI::App& command, WindowsOptions& options) {
  command.add_option("--file", options.file, "Of this file alone: [OWNER:]PATH, or as a line without a name has it");
  command.add_option("--item", options.item, "Of this item alone: name or id");
  command.add_option("--person", options.person, "What this person took or sent: email, username or id");
}

}  // namespace

void add_analytics_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group("analytics", "Downloads and bytes: per window of time, of what most, as they happen",
                                   {"lakelift analytics windows --by file", "lakelift analytics top --by person"});
  const auto options = std::make_shared<WindowsOptions>();
  options->by = "total";
  CLI::App* command =
      tree.add(*group, "windows", "Downloads, uploads and bytes per window of time",
               {"lakelift analytics windows --per day --since 30d", "lakelift analytics windows --follow",
                "lakelift analytics windows --file trips/a.csv --by person"},
               [options](Session& session) { return show_windows(session, *options); });
  command->add_option("--by", options->by, "A line for each of these in each window")
      ->capture_default_str()
      ->check(CLI::IsMember({"total", "owner", "file", "item", "person"}));
  add_times(*command, *options, "a day ago");
  add_filters(*command, *options);
  command->add_option("--per", options->per, "A line for each window, or for each day (UTC), also the first one whole")
      ->capture_default_str()
      ->check(CLI::IsMember({"window", "day"}));
  command->add_option("--source", options->source, "ledger, or stream: what the streaming job counted (for admins)")
      ->capture_default_str()
      ->check(CLI::IsMember({"ledger", "stream"}));
  command->add_flag("--follow", options->follow,
                    "Show the last hour, and again when something happens: a table in its place on a terminal, else a "
                    "line for each change; Ctrl-C ends it");
  const auto most = std::make_shared<WindowsOptions>();
  most->by = "file";
  command = tree.add(*group, "top", "What was downloaded most",
                     {"lakelift analytics top --by file", "lakelift analytics top --by person --since 30d --limit 5",
                      "lakelift analytics top --follow"},
                     [most](Session& session) { return show_top(session, *most); });
  command->add_option("--by", most->by, "A line for each of these")
      ->capture_default_str()
      ->check(CLI::IsMember({"owner", "file", "item", "person"}));
  add_times(*command, *most, "the beginning");
  add_filters(*command, *most);
  command->add_option("--limit", most->limit, "How many at most")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000}));
  command->add_flag("--follow", most->follow,
                    "Show it again when something happens: a table in its place on a terminal, else a line for each "
                    "change; Ctrl-C ends it");
  tree.add(*group, "rebuild", "Make what is shown here and by `lakelift ledger` anew out of the ledger (for admins)",
           {"lakelift analytics rebuild", "lakelift analytics rebuild --output json"}, rebuild);
}

}  // namespace lakelift::cli
