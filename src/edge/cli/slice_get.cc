// `lakelift slice get`: the main job. Ask, watch, download, verify.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "edge/cli/commands.h"
#include "edge/cli/download.h"
#include "edge/cli/items.h"
#include "edge/cli/slice_request.h"
#include "edge/cli/target.h"
#include "edge/cli/text.h"
#include "table/column.h"

namespace lakelift::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string item;
  SliceWords words;
  std::string format;
  std::string to;
  bool dry_run = false;
};

bool is_binary(const std::string& format) { return format == "parquet" || format == "arrow"; }

std::string choose_format(const Options& options) {
  if (!options.format.empty()) return options.format;
  const std::string by_name = format_of_path(options.to);
  return by_name.empty() ? "parquet" : by_name;
}

Result<Target> target_of(const std::string& to, const std::string& item_name, const std::string& format) {
  if (to == "-") {
    if (is_binary(format) && isatty(STDOUT_FILENO) == 1) {
      return fail(Code::kInvalid, "",
                  fmt::format("{} is not for a terminal: name a file with -o, or use --format csv", format));
    }
    return Target{};
  }
  fs::path path = to.empty() ? fs::path(default_file_name(item_name, format)) : fs::path(to);
  std::error_code error;
  if (fs::is_directory(path, error)) path /= default_file_name(item_name, format);
  return target_at(std::move(path));
}

bool is_final(const std::string& state) { return state == "DONE" || state == "FAILED" || state == "CANCELLED"; }

std::string state_of(const json::object& request) { return find_string(request, "state").value_or(""); }

std::string failure_of(const json::object& request) {
  const json::value* failure = find(request, "failure");
  if (failure != nullptr && failure->is_string()) return std::string(failure->get_string());
  if (failure != nullptr && failure->is_object())
    return find_string(failure->get_object(), "message").value_or("no reason is known");
  return "no reason is known";
}

Result<void> check_done(std::int64_t id, const json::object& request) {
  const std::string state = state_of(request);
  if (state == "FAILED")
    return fail(Code::kInternal, "DOWNLOADREQUEST_FAILED",
                fmt::format("request {} failed: {}", id, failure_of(request)));
  if (state == "CANCELLED") {
    return fail(Code::kGone, "DOWNLOADREQUEST_CANCELLED",
                fmt::format("request {} was cancelled; the same command asks again", id));
  }
  return {};
}

class SliceGet {
 public:
  SliceGet(Session& session, Api& api, const Options& options) : session_(session), api_(api), options_(options) {}

  Result<void> run() {
    TRY(const FoundItem item, find_item(api_, options_.item));
    TRY(const json::array spec_json, array_of(item.item, "spec"));
    TRY(const table::Columns columns, table::columns_from_json(spec_json));
    TRY(json::object spec, slice_spec(options_.words, columns, item.name));
    const json::object body{{"spec", std::move(spec)}, {"catalogue_item_id", item.id}};
    if (options_.dry_run) return estimate(body, item.name);

    format_ = choose_format(options_);
    TRY(const Target target, target_of(options_.to, item.name, format_));
    auto done = fetch(body, target);
    session_.progress().clear();
    if (!done && done.error().event == "INTERRUPTED" && id_ > 0) {
      return fail(Code::kCancelled, "INTERRUPTED",
                  fmt::format("interrupted; the same command goes on where this one stopped, `lakelift slice cancel "
                              "{}` ends the request",
                              id_));
    }
    TRY(const Downloaded downloaded, std::move(done));
    return tell(target, downloaded);
  }

 private:
  // "taken from chunks that are held; the engine scans 1.2 MB of 8 MB". Older servers tell no more than the size.
  static std::string forecast_text(const json::object& answer) {
    const auto from = find_string(answer, "answered_from");
    if (!from) return "";
    const auto part = [&](const char* key, const char* figure) {
      const json::value* object = find(answer, key);
      return object != nullptr && object->is_object() ? find_int(object->get_object(), figure).value_or(0) : 0;
    };
    std::string how = "has to be run";
    if (*from == "held") how = "is held: done at once";
    if (*from == "joined") how = "is being run for somebody already";
    if (*from == "derived") how = "is taken from a slice that is held";
    if (*from == "assembled") how = "is put together from chunks";
    std::string text =
        fmt::format("it {}; {} of about {} rows are held; the engine scans {}", how, part("held", "rows"),
                    find_int(answer, "estimated_rows").value_or(0), human_bytes(part("new", "scanned_bytes")));
    const auto money = [&](const char* key) { return static_cast<double>(part(key, "money_micros")) / 1e6; };
    const std::string currency = find_string(answer, "currency").value_or("");
    if (money("new") > 0 || money("saved") > 0) {
      text += fmt::format(", which costs {:.4f} {} and saves {:.4f}", money("new"), currency, money("saved"));
    } else if (part("saved", "scanned_bytes") > 0) {
      text += fmt::format(", {} less than without", human_bytes(part("saved", "scanned_bytes")));
    }
    return text + "\n";
  }

  Result<void> estimate(const json::object& body, const std::string& name) {
    TRY(json::object answer, api_.call({.method = "POST", .path = "/downloader/requests/estimate/", .body = body}));
    TRY(const std::int64_t bytes, int_of(answer, "estimated_size"));
    if (session_.output().format() == OutputFormat::kTable) {
      return session_.output().text(fmt::format("about {} of {}; nothing was asked for\n{}", human_bytes(bytes),
                                                printable(name), forecast_text(answer)));
    }
    static const View view{
        {{"estimated_size", FieldKind::kBytes}}, [](const json::object& record) { return record; }, "estimated_size"};
    return session_.output().one(without_envelope(std::move(answer)), view);
  }

  Result<Downloaded> fetch(const json::object& body, const Target& target) {
    TRY(const json::object asked, api_.call({.method = "POST", .path = "/downloader/requests/", .body = body}));
    TRY(id_, int_of(asked, "id"));
    if (const auto why = find_string(asked, "waits_for")) {
      session_.note(fmt::format("request {} waits for an administrator's yes: {}", id_, printable(*why)));
    }
    if (!is_final(state_of(asked))) TRY_VOID(watch());
    const auto destination = target.open();
    return download(
        {api_.http(), session_.random(), session_.pause(), session_.progress()}, [this] { return address(); },
        *destination);
  }

  [[nodiscard]] std::string path() const { return fmt::format("/downloader/requests/{}", id_); }

  Result<void> watch() {
    return api_.watch(path() + "/events", [this](const json::object& event) -> Result<bool> {
      const std::string state = state_of(event);
      if (is_final(state)) return true;
      session_.progress().update({state, ProgressUnit::kRows, find_int(event, "rows_read").value_or(0),
                                  find_int(event, "rows_total").value_or(0)});
      return false;
    });
  }

  // A fresh signed address; says why there is none.
  Result<std::string> address() {
    TRY(const json::object request, api_.get(path()));
    TRY_VOID(check_done(id_, request));
    rows_ = find_int(request, "rows");
    const auto uri = find_string(request, "download_uri");
    if (!uri || uri->empty())
      return fail(Code::kUnavailable, "DOWNLOADREQUEST_NOT_DONE", fmt::format("request {} is not done yet", id_));
    return *uri + (uri->find('?') == std::string::npos ? "?" : "&") + "format=" + format_;
  }

  Result<void> tell(const Target& target, const Downloaded& downloaded) {
    const std::string where = target.path.empty() ? options_.to : target.path;
    const std::string rows = rows_ ? human_count(*rows_) + (*rows_ == 1 ? " row, " : " rows, ") : "";
    if (target.path.empty() && !target.device) {  // stdout has the data, and nothing but them
      session_.note(fmt::format("{}{}", rows, human_bytes(static_cast<std::int64_t>(downloaded.bytes))));
      return {};
    }
    if (session_.output().format() == OutputFormat::kTable) {
      if (session_.settings().is_quiet()) return {};
      return session_.output().text(
          fmt::format("{} ({}{})\n", printable(where), rows, human_bytes(static_cast<std::int64_t>(downloaded.bytes))));
    }
    static const View view{
        {{"file"}, {"format"}, {"rows", FieldKind::kCount}, {"bytes", FieldKind::kBytes}, {"sha256"}, {"id"}},
        [](const json::object& record) { return record; }};
    json::object record{
        {"id", id_}, {"file", where}, {"format", format_}, {"bytes", downloaded.bytes}, {"sha256", downloaded.sha256}};
    record["rows"] = rows_ ? json::value(*rows_) : json::value(nullptr);
    return session_.output().one(record, view);
  }

  Session& session_;
  Api& api_;
  const Options& options_;
  std::string format_;
  std::int64_t id_ = 0;
  std::optional<std::int64_t> rows_;
};

}  // namespace

void add_slice_get(CommandTree& tree, CLI::App& slice) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = tree.add(slice, "get", "Bring a slice of a table to this machine",
                               {"lakelift slice get nycflights13.flights --columns carrier,dep_delay --where "
                                "'dep_delay >= 15' --where 'origin = JFK' -o late.parquet",
                                "lakelift slice get nycflights13.flights --ratio 0.01 --format csv -o - | head",
                                "lakelift slice get nycflights13.flights --where 'month = 1' --dry-run"},
                               [options](Session& session) -> Result<void> {
                                 TRY(Api * api, session.api());
                                 return SliceGet(session, *api, *options).run();
                               });
  command->add_option("ITEM", options->item, "Name or id of a catalogue item")->required();
  command->add_option("--columns", options->words.columns, "Comma-separated; all when not given")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      ->add_option("--where", options->words.where,
                   "A comparison (> >= < <= = !=) that rows must pass; repeatable, all must hold")
      ->allow_extra_args(false);
  command->add_option("--ratio", options->words.ratio, "The share of rows to keep, at random, from 0 to 1");
  command
      ->add_option("--format", options->format,
                   "parquet, csv, arrow or jsonl; when not given by the file's extension, else parquet")
      ->check(CLI::IsMember({"parquet", "csv", "arrow", "jsonl"}));
  command->add_option("-o,--to", options->to,
                      "The file, or a folder for it; '-' is stdout; ITEM.FORMAT here when not given");
  command->add_flag("--dry-run", options->dry_run, "Say about how many bytes it would be and ask for nothing");
}

}  // namespace lakelift::cli
