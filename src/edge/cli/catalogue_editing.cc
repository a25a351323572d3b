// `lakelift catalogue edit|tag|follow|unfollow|history`.
#include <fmt/format.h>
#include <utf8proc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <set>
#include <utility>

#include "edge/cli/commands.h"
#include "edge/cli/items.h"
#include "edge/cli/text_argument.h"

namespace lakelift::cli {
namespace {

struct EditOptions {
  std::string item;
  std::string name;
  std::optional<std::string> description;
  std::string maintainer;  // an email, or "none"
  std::vector<std::string> tags;
  bool no_tags = false;
  std::string max_age;  // "1d", or "none"
};

// What the dash of -TAG becomes before flags are looked for.
constexpr char kTaken = '~';

struct TagOptions {
  std::string item;
  std::vector<std::string> words;
  std::vector<std::string> add;
  std::vector<std::string> remove;
};

const View& item_view() {
  static const View view{{{"id"}, {"name"}, {"tags"}, {"maintainer"}, {"description"}}, [](const json::object& item) {
                           json::object flat;
                           for (const char* key : {"id", "name"}) {
                             if (const json::value* value = find(item, key)) flat[key] = *value;
                           }
                           std::string tags;
                           const json::value* list = find(item, "tags");
                           if (list != nullptr && list->is_array()) {
                             for (const auto& tag : list->get_array())
                               tags += (tags.empty() ? "" : ", ") + plain_text(tag);
                           }
                           flat["tags"] = tags;
                           const json::value* maintainer = find(item, "maintained_by");
                           if (maintainer != nullptr && maintainer->is_object()) {
                             flat["maintainer"] = find_string(maintainer->get_object(), "email").value_or("");
                           }
                           const std::string description = find_string(item, "description").value_or("");
                           flat["description"] = description.substr(0, description.find('\n'));
                           return flat;
                         }};
  return view;
}

Result<void> put(Session& session, Api& api, const FoundItem& item, json::object body) {
  TRY(json::object answer,
      api.call({.method = "PUT", .path = fmt::format("/catalogue/items/{}", item.id), .body = std::move(body)}));
  return session.output().one(without_envelope(std::move(answer)), item_view());
}

// The account with this email, page after page.
Result<std::int64_t> account_id(Api& api, const std::string& email) {
  std::int64_t after = 0;
  while (true) {
    TRY(const json::object answer, api.get(fmt::format("/accounts/?limit=1000&after={}", after)));
    TRY(const json::array page, array_of(answer, "accounts"));
    for (const auto& account : page) {
      if (account.is_object() && find_string(account.get_object(), "email") == email) {
        return int_of(account.get_object(), "id");
      }
    }
    const auto next = find_int(answer, "next");
    if (!next || *next <= after) break;
    after = *next;
  }
  return fail(Code::kNotFound, "COULD_NOT_FIND_ACCOUNT", fmt::format("no account {}", email));
}

// "90s", "15m", "12h", "1d"
Result<std::int64_t> seconds_of(const std::string& text) {
  static constexpr std::pair<char, std::int64_t> kUnits[] = {{'s', 1}, {'m', 60}, {'h', 3'600}, {'d', 86'400}};
  constexpr std::int64_t kMost = 1'000'000'000;
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const auto* const unit = std::ranges::find_if(
      kUnits, [&](const auto& one) { return end + 1 == text.data() + text.size() && *end == one.first; });
  if (error != std::errc{} || unit == std::end(kUnits) || count < 1 || count > kMost / unit->second) {
    return fail(Code::kInvalid, "", "--max-age is a time such as 90s, 15m, 12h or 1d, or none");
  }
  return count * unit->second;
}

Result<void> edit(Session& session, const EditOptions& options) {
  json::object body;
  if (!options.name.empty()) body["name"] = options.name;
  if (options.description) {
    TRY(const std::string text, text_argument(*options.description));
    body["description"] = text.empty() ? json::value(nullptr) : json::value(text);
  }
  if (!options.tags.empty() || options.no_tags) body["tags"] = json::array(options.tags.begin(), options.tags.end());
  if (options.max_age == "none") {
    body["max_age_seconds"] = nullptr;
  } else if (!options.max_age.empty()) {
    TRY(const std::int64_t seconds, seconds_of(options.max_age));
    body["max_age_seconds"] = seconds;
  }
  if (body.empty() && options.maintainer.empty()) {
    return fail(Code::kInvalid, "",
                "say what to change: --name, --description, --tag, --no-tags, --maintainer, --max-age");
  }
  TRY(Api * api, session.api());
  TRY(const FoundItem item, find_item(*api, options.item));
  if (options.maintainer == "none") {
    body["maintained_by_id"] = nullptr;
  } else if (!options.maintainer.empty()) {
    TRY(const std::int64_t id, account_id(*api, options.maintainer));
    body["maintained_by_id"] = id;
  }
  return put(session, *api, item, std::move(body));
}

// "+a" adds, "~a" (which "-a" has become) takes away.
Result<void> sort_tags(TagOptions& options) {
  for (const auto& word : options.words) {
    const bool adds = word.starts_with('+');
    if (word.size() < 2 || (!adds && !word.starts_with(kTaken))) {
      return fail(Code::kInvalid, "", fmt::format("{} is neither +TAG nor -TAG", word));
    }
    (adds ? options.add : options.remove).push_back(word.substr(1));
  }
  return {};
}

// Equal for texts that differ only in case and composition.
std::string folded(const std::string& text) {
  utf8proc_uint8_t* raw = nullptr;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
  const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &raw, options);
  if (length < 0) return text;
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(raw, &std::free);
  return {reinterpret_cast<const char*>(raw), static_cast<std::size_t>(length)};
}

Result<void> tag(Session& session, TagOptions options) {
  TRY_VOID(sort_tags(options));
  TRY(Api * api, session.api());
  TRY(const FoundItem item, find_item(*api, options.item));
  TRY(const json::array present, array_of(item.item, "tags"));
  std::set<std::string> removed;
  for (const auto& word : options.remove) removed.insert(folded(word));
  json::array tags;
  for (const auto& word : present) {
    if (!removed.contains(folded(plain_text(word)))) tags.push_back(word);
  }
  for (const auto& word : options.add) tags.emplace_back(word);
  return put(session, *api, item, {{"tags", std::move(tags)}});
}

Result<void> follow(Session& session, const std::string& name, bool follows) {
  TRY(Api * api, session.api());
  TRY(const FoundItem item, find_item(*api, name));
  TRY_VOID(api->call(
      {.method = follows ? "PUT" : "DELETE", .path = fmt::format("/catalogue/items/{}/follow", item.id), .body = {}}));
  session.note(follows ? fmt::format("you follow {}: `lakelift notice list` tells its changes", item.name)
                       : fmt::format("you no longer follow {}", item.name));
  return {};
}

// "description: a → b, spec"
std::string changes_text(const json::object& entry) {
  std::string out;
  const json::value* changes = find(entry, "changes");
  if (changes == nullptr || !changes->is_object()) return out;
  const auto side = [](const json::value& value) {
    if (value.is_object()) return find_string(value.get_object(), "email").value_or("");
    return value.is_null() ? std::string("none") : plain_text(value);
  };
  for (const auto& [field, change] : changes->get_object()) {
    out += out.empty() ? "" : ", ";
    out += std::string_view(field);
    if (!change.is_object()) continue;
    const json::value* from = find(change.get_object(), "from");
    const json::value* to = find(change.get_object(), "to");
    if (from != nullptr && to != nullptr) out += fmt::format(": {} → {}", side(*from), side(*to));
  }
  return out;
}

const View& history_view() {
  static const View view{{{"at"}, {"actor"}, {"kind"}, {"changes"}},
                         [](const json::object& entry) {
                           json::object flat{{"at", find_string(entry, "at").value_or("")},
                                             {"kind", find_string(entry, "kind").value_or("")},
                                             {"changes", changes_text(entry)}};
                           const json::value* actor = find(entry, "actor");
                           if (actor != nullptr && actor->is_object()) {
                             flat["actor"] = find_string(actor->get_object(), "email").value_or("");
                           }
                           return flat;
                         },
                         "seq"};
  return view;
}

Result<void> history(Session& session, const std::string& name, std::int64_t limit) {
  TRY(Api * api, session.api());
  TRY(const FoundItem item, find_item(*api, name));
  json::array entries;
  std::optional<std::int64_t> before;
  while (static_cast<std::int64_t>(entries.size()) < limit) {
    const std::int64_t wanted = std::min<std::int64_t>(limit - static_cast<std::int64_t>(entries.size()), 1'000);
    std::string path = fmt::format("/catalogue/items/{}/history?limit={}", item.id, wanted);
    if (before) path += fmt::format("&before={}", *before);
    TRY(const json::object answer, api->get(path));
    TRY(const json::array page, array_of(answer, "entries"));
    entries.insert(entries.end(), page.begin(), page.end());
    before = find_int(answer, "next");
    if (!before) break;
  }
  return session.output().list(entries, history_view());
}

void add_edit(CommandTree& tree, CLI::App& group) {
  const auto options = std::make_shared<EditOptions>();
  CLI::App* command =
      tree.add(group, "edit", "Change what a table is called, what is said of it, who maintains it",
               {"lakelift catalogue edit sales.orders --description @orders.md",
                "lakelift catalogue edit sales.orders --name sales.orders_2013 --tag sales --tag closed",
                "lakelift catalogue edit sales.orders --maintainer ada@example.com --max-age 1d"},
               [options](Session& session) { return edit(session, *options); });
  command->add_option("ITEM", options->item, "Name or id")->required();
  command->add_option("--name", options->name, "Its new name");
  command->add_option("--description", options->description,
                      "What it is, in Markdown; @FILE reads it from a file, - from stdin; empty removes it");
  command->add_option("--tag", options->tags, "Its tags from now on; repeatable")->allow_extra_args(false);
  command->add_flag("--no-tags", options->no_tags, "Without tags from now on")->excludes("--tag");
  command->add_option("--maintainer", options->maintainer, "The email of who maintains it; none for nobody");
  command->add_option("--max-age", options->max_age,
                      "How long slices count as what is there (90s, 15m, 12h, 1d); none: until its data change");
}

void add_tag(CommandTree& tree, CLI::App& group) {
  const auto options = std::make_shared<TagOptions>();
  CLI::App* command = tree.add(
      group, "tag", "Add (+TAG) and remove (-TAG) tags of a table",
      {"lakelift catalogue tag sales.orders +sales +closed", "lakelift catalogue tag sales.orders +open -closed"},
      [options](Session& session) { return tag(session, *options); });
  command->add_option("ITEM", options->item, "Name or id")->required();
  command->add_option("TAG", options->words, "+TAG adds one, -TAG removes one")->required();
}

}  // namespace

void keep_tags_from_being_flags(std::vector<std::string>& words) {
  const auto is_tag_command = [&](std::size_t i) { return i > 0 && words[i - 1] == "catalogue" && words[i] == "tag"; };
  std::size_t at = 0;
  while (at < words.size() && !is_tag_command(at)) ++at;
  for (++at; at < words.size(); ++at) {
    std::string& word = words[at];
    if (word.size() > 1 && word[0] == '-' && word[1] != '-' && word != "-h") word[0] = kTaken;
  }
}

void add_catalogue_editing(CommandTree& tree, CLI::App& group) {
  add_edit(tree, group);
  add_tag(tree, group);
  const auto add_follow = [&](const std::string& name, const std::string& description, bool follows) {
    const auto item = std::make_shared<std::string>();
    tree.add(group, name, description,
             {fmt::format("lakelift catalogue {} nycflights13.flights", name),
              fmt::format("lakelift catalogue {} 1", name)},
             [item, follows](Session& session) { return follow(session, *item, follows); })
        ->add_option("ITEM", *item, "Name or id")
        ->required();
  };
  add_follow("follow", "Hear of a table's changes", true);
  add_follow("unfollow", "No longer hear of a table's changes", false);
  const auto item = std::make_shared<std::string>();
  const auto limit = std::make_shared<std::int64_t>(100);
  CLI::App* command = tree.add(group, "history", "Who changed what of a table, the newest first",
                               {"lakelift catalogue history nycflights13.flights",
                                "lakelift catalogue history nycflights13.flights --limit 1 --output json"},
                               [item, limit](Session& session) { return history(session, *item, *limit); });
  command->add_option("ITEM", *item, "Name or id")->required();
  command->add_option("--limit", *limit, "How many at most")->capture_default_str()->check(CLI::PositiveNumber);
}

}  // namespace lakelift::cli
