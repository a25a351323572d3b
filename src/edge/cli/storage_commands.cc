// `lakelift scrub` and `lakelift sweep`: what lies in the storage, for administrators.
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

Result<json::object> wait_for_end(Session& session, Api& api, json::object scrub) {
  while (find_string(scrub, "state") == "running") {
    if (session.pause()(kPollMs)) return interrupted();
    TRY(scrub, api.get("/storage/scrub"));
  }
  return scrub;
}

Result<void> scrub(Session& session, bool wait) {
  // A server of this command alone would end with it, and the scrub too: only who waits gets one.
  TRY(Api * api, session.api(wait));
  TRY(json::object answer, api->call({.method = "POST", .path = "/storage/scrub", .body = {}}));
  if (wait) {
    TRY(answer, wait_for_end(session, *api, std::move(answer)));
  }
  TRY(const json::array findings, array_of(answer, "findings"));
  TRY_VOID(session.output().one(without_envelope(std::move(answer)), scrub_view()));
  if (!wait || findings.empty()) return {};
  for (const auto& finding : findings) session.complain(printable(line_of(finding)));
  return fail(Code::kCorrupt, "SCRUB_FOUND_DAMAGE",
              fmt::format("{} stored {} damaged: bring {} back from a copy, and scrub again", findings.size(),
                          findings.size() == 1 ? "object is" : "objects are", findings.size() == 1 ? "it" : "them"));
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
}

}  // namespace lakelift::cli
