// `lakelift slice list` and `lakelift slice cancel`; the others have files of their own.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/encoding.h"
#include "edge/cli/commands.h"
#include "edge/cli/cost_commands.h"
#include "edge/cli/items.h"
#include "edge/cli/slice_view.h"

namespace lakelift::cli {
namespace {

struct ListOptions {
  std::string name;
  bool stale = false;
};

Result<void> list(Session& session, const ListOptions& options) {
  TRY(Api * api, session.api());
  std::string query;
  if (!options.name.empty()) query += "&name=" + percent_encode(options.name);
  if (options.stale) query += "&stale=true";
  if (!query.empty()) query.front() = '?';
  TRY(const json::object answer, api->get("/downloader/requests/" + query));
  TRY(const json::array requests, array_of(answer, "requests"));
  if (requests.empty() && session.output().format() == OutputFormat::kTable)
    session.note(query.empty() ? "you wait for no slice" : "you wait for no such slice");
  return session.output().list(requests, requests_view());
}

Result<void> cancel(Session& session, std::int64_t id) {
  TRY(Api * api, session.api());
  TRY_VOID(api->call(
      {.method = "DELETE", .path = fmt::format("/downloader/requests/{}", id), .body = {}, .repeatable = false}));
  session.note(fmt::format("you no longer wait for {}; with nobody else waiting it is cancelled", id));
  return {};
}

}  // namespace

void add_slice_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group("slice", "Slices of tables: ask, wait, download",
                                   {"lakelift slice get nycflights13.airlines -o airlines.csv", "lakelift slice list"});
  add_slice_get(tree, *group);
  add_slice_keep(tree, *group);
  const auto options = std::make_shared<ListOptions>();
  CLI::App* listing =
      tree.add(*group, "list", "The slices that you wait for, newest first",
               {"lakelift slice list", "lakelift slice list --name thesis --output csv", "lakelift slice list --stale"},
               [options](Session& session) { return list(session, *options); });
  listing->add_option("--name", options->name, "Only those whose name has this in it");
  listing->add_flag("--stale", options->stale, "Only those whose table has other data by now");
  add_slice_waiting(tree, *group);
  add_slice_decisions(tree, *group);
  const auto id = std::make_shared<std::int64_t>(0);
  tree.add(*group, "cancel", "Stop waiting for a slice; the last one who waits ends its run",
           {"lakelift slice cancel 12", "lakelift slice list --output id | xargs -n1 lakelift slice cancel"},
           [id](Session& session) { return cancel(session, *id); })
      ->add_option("ID", *id, "Of `slice list`")
      ->required()
      ->check(CLI::NonNegativeNumber);
}

}  // namespace lakelift::cli
