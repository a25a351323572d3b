#include "edge/cli/people.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iostream>

#include "base/encoding.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/items.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

bool is_id(const std::string& text) {
  return !text.empty() && text.size() <= 18 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// By name first: a name may be all digits.
Result<json::object> find_named(Api& api, const std::string& path, const std::string& key, const std::string& wanted,
                                std::string_view event, std::string_view what) {
  TRY(const json::object answer, api.get(fmt::format("{}?name={}", path, percent_encode(wanted))));
  TRY(const json::array found, array_of(answer, key));
  if (!wanted.empty() && !found.empty() && found.front().is_object()) return found.front().get_object();
  if (is_id(wanted)) {
    auto by_id = api.get(path + wanted);
    if (by_id) return without_envelope(*std::move(by_id));
    if (by_id.error().code != Code::kNotFound) return std::unexpected(std::move(by_id).error());
  }
  return fail(Code::kNotFound, std::string(event), fmt::format("no {} \"{}\"", what, printable(wanted)));
}

}  // namespace

Result<json::object> find_account(Api& api, const std::string& who) {
  return find_named(api, "/accounts/", "accounts", who, "COULD_NOT_FIND_ACCOUNT", "account");
}

Result<json::object> find_group(Api& api, const std::string& name_or_id) {
  return find_named(api, "/accounts/groups/", "groups", name_or_id, "COULD_NOT_FIND_GROUP", "group");
}

const View& accounts_view() {
  static const View view{
      {{"id"}, {"email"}, {"username"}, {"type"}, {"disabled"}, {"groups"}}, [](const json::object& account) {
        json::object flat = account;
        std::string names;
        if (const json::value* groups = find(account, "groups"); groups != nullptr && groups->is_array()) {
          for (const json::value& group : groups->get_array()) {
            if (!group.is_object()) continue;
            names += (names.empty() ? "" : ", ") + find_string(group.get_object(), "name").value_or("");
          }
        }
        flat["groups"] = names;
        return flat;
      }};
  return view;
}

Result<json::array> every_page(Api& api, const std::string& path, const std::string& key) {
  json::array all;
  std::int64_t after = 0;
  const char joint = path.contains('?') ? '&' : '?';
  while (true) {
    TRY(const json::object answer, api.get(fmt::format("{}{}limit={}&after={}", path, joint, limits::kPage, after)));
    TRY(const json::array page, array_of(answer, key));
    all.insert(all.end(), page.begin(), page.end());
    const auto next = find_int(answer, "next");
    if (!next || *next <= after) return all;
    after = *next;
  }
}

Result<void> confirm(const std::string& question, bool yes) {
  if (yes) return {};
  if (isatty(STDIN_FILENO) != 1) {
    return fail(Code::kInvalid, "", "there is no terminal to ask on: pass --yes to do it without being asked");
  }
  std::fprintf(stderr, "%s [y/N] ", printable(question).c_str());
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return {};
  return fail(Code::kCancelled, "", "nothing was changed");
}

Result<std::int64_t> parse_span_seconds(std::string_view text) {
  static constexpr std::int64_t kMost = 100LL * 366 * 86'400;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::int64_t factor = unit == "s"   ? 1
                              : unit == "m" ? 60
                              : unit == "h" ? 3'600
                              : unit == "d" ? 86'400
                              : unit == "w" ? 7 * 86'400
                                            : 0;
  if (error != std::errc() || factor == 0 || number <= 0 || number > kMost / factor) {
    return fail(Code::kInvalid, "",
                fmt::format("\"{}\" is no span of time (expected something like 12h, 90d or 2w)", printable(text)));
  }
  return number * factor;
}

}  // namespace lakelift::cli
