// `lakelift file du|quota`: how much is used, and how much may be.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>

#include "base/encoding.h"
#include "edge/cli/file_commands.h"
#include "edge/cli/file_places.h"
#include "edge/cli/items.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

struct Options {
  std::string owner;
  std::string bytes;
  std::string files;
};

const View& usage_view() {
  static const View view{{{"owner"},
                          {"bytes", FieldKind::kBytes},
                          {"files", FieldKind::kCount},
                          {"trash_bytes", FieldKind::kBytes},
                          {"trash_files", FieldKind::kCount},
                          {"quota_bytes", FieldKind::kBytes},
                          {"quota_files", FieldKind::kCount}},
                         [](const json::object& usage) {
                           json::object flat = usage;
                           for (const char* key : {"quota_bytes", "quota_files"}) {
                             if (find_int(usage, key) == 0) flat[key] = "none";
                           }
                           return flat;
                         },
                         "owner"};
  return view;
}

std::string usage_of(const std::string& owner) { return "/usage/" + percent_encode(owner); }

Result<std::string> owner_of(Api& api, std::string owner) {
  while (owner.ends_with(':')) owner.pop_back();  // as in file names
  if (!owner.empty()) return owner;
  return FilePlaces(api).own();
}

Result<void> usage(Session& session, const Options& options) {
  TRY(Api * api, session.api());
  TRY(const std::string owner, owner_of(*api, options.owner));
  TRY(json::object answer, api->get(usage_of(owner)));
  return session.output().one(without_envelope(std::move(answer)), usage_view());
}

// What a quota is set to: null is the server's default, 0 is none.
Result<json::value> quota_value(const std::string& text, bool is_bytes) {
  if (text == "default") return json::value(nullptr);
  if (text == "none") return json::value(0);
  if (is_bytes) {
    TRY(const std::int64_t bytes, parse_bytes(text));
    return json::value(bytes);
  }
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc() && end == text.data() + text.size() && count >= 0) return json::value(count);
  return fail(Code::kInvalid, "", fmt::format("\"{}\" is no count of files, nor none or default", printable(text)));
}

Result<void> quota(Session& session, const Options& options) {
  if (options.bytes.empty() && options.files.empty())
    return fail(Code::kInvalid, "", "say what it shall be: --bytes, --files or both");
  json::object body;
  if (!options.bytes.empty()) {
    TRY(body["quota_bytes"], quota_value(options.bytes, true));
  }
  if (!options.files.empty()) {
    TRY(body["quota_files"], quota_value(options.files, false));
  }
  TRY(Api * api, session.api());
  TRY(const std::string owner, owner_of(*api, options.owner));
  if (body.size() == 1) {  // the other one stays what it is
    TRY(const json::object now, api->get(usage_of(owner)));
    const char* other = body.contains("quota_bytes") ? "quota_files" : "quota_bytes";
    TRY(const std::int64_t value, int_of(now, other));
    body[other] = value;
  }
  TRY(json::object answer, api->call({.method = "PUT", .path = usage_of(owner), .body = std::move(body)}));
  return session.output().one(without_envelope(std::move(answer)), usage_view());
}

}  // namespace

Result<std::int64_t> parse_bytes(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 15> kUnits = {{{"", 1},
                                                                                  {"B", 1},
                                                                                  {"kB", 1e3},
                                                                                  {"KB", 1e3},
                                                                                  {"MB", 1e6},
                                                                                  {"GB", 1e9},
                                                                                  {"TB", 1e12},
                                                                                  {"K", 0x1p10},
                                                                                  {"KiB", 0x1p10},
                                                                                  {"M", 0x1p20},
                                                                                  {"MiB", 0x1p20},
                                                                                  {"G", 0x1p30},
                                                                                  {"GiB", 0x1p30},
                                                                                  {"T", 0x1p40},
                                                                                  {"TiB", 0x1p40}}};
  double number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const auto& [name, factor] : kUnits) {
    const double bytes = number * factor;
    if (error == std::errc() && unit == name && bytes >= 0 && bytes < 0x1p63) return static_cast<std::int64_t>(bytes);
  }
  return fail(
      Code::kInvalid, "",
      fmt::format("\"{}\" is no number of bytes (expected something like 10GiB, 500MB or 1024)", printable(text)));
}

void add_file_usage(CommandTree& tree, CLI::App& file) {
  const auto asked = std::make_shared<Options>();
  tree.add(file, "du", "How much is used, how much lies in the trash, and how much it may be",
           {"lakelift file du", "lakelift file du ada --output json"},
           [asked](Session& session) { return usage(session, *asked); })
      ->add_option("OWNER", asked->owner, "A username; you when not given");

  const auto set = std::make_shared<Options>();
  CLI::App* command = tree.add(file, "quota", "Set how much an account may keep (administrators)",
                               {"lakelift file quota ada --bytes 10GiB --files 100000",
                                "lakelift file quota ada --bytes none", "lakelift file quota ada --bytes default"},
                               [set](Session& session) { return quota(session, *set); });
  command->add_option("OWNER", set->owner, "A username")->required();
  command->add_option("--bytes", set->bytes, "10GiB, 500MB, none, or default: the server's");
  command->add_option("--files", set->files, "A number, none, or default: the server's");
}

}  // namespace lakelift::cli
