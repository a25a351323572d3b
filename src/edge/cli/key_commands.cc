// `lakelift key …`
#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/commands.h"
#include "edge/cli/items.h"

namespace lakelift::cli {
namespace {

const View& keys_view() {
  static const View view{{{"id"}, {"purpose"}, {"signs"}, {"created_at"}, {"valid_until"}},
                         [](const json::object& key) { return key; }};
  return view;
}

void add_rotate(CommandTree& tree, CLI::App& group) {
  struct Options {
    std::string purpose;
    bool now = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = tree.add(
      group, "rotate", "Sign with a new key; older ones stay until what they signed has expired",
      {"lakelift key rotate link", "lakelift key rotate token --now"}, [options](Session& session) -> Result<void> {
        TRY(Api * api, session.api());
        TRY(json::object answer,
            api->call({.method = "POST",
                       .path = "/accounts/keys/rotate",
                       .body = json::object{{"purpose", options->purpose}, {"retire", options->now}},
                       .repeatable = false}));
        return session.output().one(without_envelope(std::move(answer)), keys_view());
      });
  command->add_option("PURPOSE", options->purpose, "token, link, webhook or receipt")
      ->required()
      ->check(CLI::IsMember({"token", "link", "webhook", "receipt"}));
  command->add_flag("--now", options->now, "Older keys go at once: all that they signed opens nothing any more");
}

}  // namespace

void add_key_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group("key", "Keys that sign tokens, addresses, webhooks and receipts (for admins)",
                                   {"lakelift key list", "lakelift key rotate link"});
  tree.add(*group, "list", "The keys that are valid; never their secrets",
           {"lakelift key list", "lakelift key list --output json"}, [](Session& session) -> Result<void> {
             TRY(Api * api, session.api());
             TRY(const json::object answer, api->get("/accounts/keys/"));
             TRY(const json::array keys, array_of(answer, "keys"));
             return session.output().list(keys, keys_view());
           });
  add_rotate(tree, *group);
}

}  // namespace lakelift::cli
