// `lakelift scrub`, `lakelift sweep` and `lakelift move-storage`: what lies in the storage, for administrators.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/commands.h"
#include "edge/cli/interrupt.h"
#include "edge/cli/items.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

constexpr std::int64_t kPollMs = 200;
constexpr std::string_view kScrub = "/storage/scrub";
constexpr std::string_view kMove = "/storage/move";

const View& scrub_view() {
  static const View view{{{"state"},
                          {"objects", FieldKind::kCount},
                          {"bytes", FieldKind::kBytes},
                          {"objects_total", FieldKind::kCount},
                          {"findings", FieldKind::kCount},
                          {"quarantined", FieldKind::kCount},
                          {"finished_at"}},
                         [](const json::object& scrub) {
                           json::object flat = scrub;
                           const json::value* findings = find(scrub, "findings");
                           const bool is_list = findings != nullptr && findings->is_array();
                           flat["findings"] = is_list ? findings->get_array().size() : 0;
                           return flat;
                         },
                         "state"};
  return view;
}

const View& move_view() {
  static const View view{{{"state"},
                          {"to"},
                          {"objects", FieldKind::kCount},
                          {"objects_total", FieldKind::kCount},
                          {"bytes", FieldKind::kBytes},
                          {"bytes_total", FieldKind::kBytes},
                          {"problems", FieldKind::kCount}},
                         [](const json::object& move) {
                           json::object flat = move;
                           const json::value* problems = find(move, "problems");
                           const bool is_list = problems != nullptr && problems->is_array();
                           flat["problems"] = is_list ? problems->get_array().size() : 0;
                           return flat;
                         },
                         "state"};
  return view;
}

const View& sweep_view() {
  static const View view{{{"orphans", FieldKind::kCount}, {"bytes", FieldKind::kBytes}, {"staged", FieldKind::kCount}},
                         [](const json::object& sweep) { return sweep; },
                         "orphans"};
  return view;
}

// "f00d…: missing (slice 12, file alice/may.csv)"
std::string line_of(const json::value& finding) {
  if (!finding.is_object()) return "";
  const json::object& object = finding.get_object();
  std::string subjects;
  if (const json::value* list = find(object, "subjects"); list != nullptr && list->is_array()) {
    for (const auto& subject : list->get_array()) subjects += (subjects.empty() ? "" : ", ") + plain_text(subject);
  }
  return fmt::format("{}: {}{}", find_string(object, "object").value_or(""),
                     find_string(object, "problem").value_or(""), subjects.empty() ? "" : " (" + subjects + ")");
}

Result<json::object> wait_for_end(Session& session, Api& api, const std::string& path, json::object report) {
  while (find_string(report, "state") == "running") {
    if (session.pause()(kPollMs)) return interrupted();
    TRY(report, api.get(path));
    session.progress().update({path == kMove ? "MOVING" : "SCRUBBING", ProgressUnit::kBytes,
                               find_int(report, "bytes").value_or(0), find_int(report, "bytes_total").value_or(0)});
  }
  session.progress().clear();
  return report;
}

Result<void> scrub(Session& session, bool wait) {
  // A server of this command alone would end with it, and the scrub too: only who waits gets one.
  TRY(Api * api, session.api(wait));
  TRY(json::object answer, api->call({.method = "POST", .path = std::string(kScrub), .body = {}}));
  if (wait) {
    TRY(answer, wait_for_end(session, *api, std::string(kScrub), std::move(answer)));
  }
  TRY(const json::array findings, array_of(answer, "findings"));
  TRY_VOID(session.output().one(without_envelope(std::move(answer)), scrub_view()));
  if (!wait || findings.empty()) return {};
  for (const auto& finding : findings) session.complain(printable(line_of(finding)));
  return fail(Code::kCorrupt, "SCRUB_FOUND_DAMAGE",
              fmt::format("{} stored {} damaged: bring {} back from a copy, and scrub again", findings.size(),
                          findings.size() == 1 ? "object is" : "objects are", findings.size() == 1 ? "it" : "them"));
}

Result<void> move(Session& session, const std::string& to, bool wait) {
  // As with the scrub: a server of this command alone would end with it. It goes on with the next one.
  TRY(Api * api, session.api(wait));
  TRY(json::object answer, api->call({.method = "POST", .path = std::string(kMove), .body = json::object{{"to", to}}}));
  if (wait) {
    TRY(answer, wait_for_end(session, *api, std::string(kMove), std::move(answer)));
  }
  TRY(const json::array problems, array_of(answer, "problems"));
  TRY_VOID(session.output().one(without_envelope(std::move(answer)), move_view()));
  for (const auto& problem : problems) session.complain(printable(line_of(problem)));
  return {};
}

Result<void> sweep(Session& session) {
  TRY(Api * api, session.api());
  TRY(json::object answer, api->call({.method = "POST", .path = "/storage/sweep", .body = {}}));
  return session.output().one(without_envelope(std::move(answer)), sweep_view());
}

}  // namespace

void add_storage_commands(CommandTree& tree) {
  const auto wait = std::make_shared<bool>(false);
  tree.add(tree.root, "scrub", "Read all stored content through and compare it with what was stored (for admins)",
           {"lakelift scrub", "lakelift scrub --wait && echo sound", "lakelift scrub --wait --output json"},
           [wait](Session& session) { return scrub(session, *wait); })
      ->add_flag("--wait", *wait, "Until it has ended; exit 1 when something is damaged");
  tree.add(tree.root, "sweep", "Remove stored content that nobody refers to (for admins)",
           {"lakelift sweep", "lakelift sweep --output json"}, sweep);
  const auto to = std::make_shared<std::string>();
  const auto wait_for_move = std::make_shared<bool>(false);
  CLI::App* move_command = tree.add(
      tree.root, "move-storage",
      "Move all stored content to another of the server's storages, while it serves (for admins)",
      {"lakelift move-storage --to s3://lakelift-content", "lakelift move-storage --to azure://content/lakelift --wait",
       "lakelift move-storage --to disk --wait --output json"},
      [to, wait_for_move](Session& session) { return move(session, *to, *wait_for_move); });
  move_command->add_option("--to", *to, "disk, s3://BUCKET[/PREFIX] or azure://CONTAINER[/PREFIX], as --storage has it")
      ->required();
  move_command->add_flag("--wait", *wait_for_move, "Until all has moved");
}

}  // namespace lakelift::cli
