// `lakelift webhook …`: addresses of one's own programs that are told what happens.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/commands.h"
#include "edge/cli/items.h"

namespace lakelift::cli {
namespace {

const View& webhooks_view() {
  static const View view{{{"id"}, {"url"}, {"events"}, {"created_at"}, {"delivered_at"}, {"last_error"}},
                         [](const json::object& webhook) { return webhook; }};
  return view;
}

const View& new_webhook_view() {
  static const View view{{{"id"}, {"url"}, {"secret"}}, [](const json::object& webhook) { return webhook; }};
  return view;
}

const View& deliveries_view() {
  static const View view{{{"at"}, {"type"}, {"subject_id"}, {"state"}, {"attempts"}, {"next_attempt_at"}, {"error"}},
                         [](const json::object& delivery) { return delivery; }};
  return view;
}

Result<void> add(Session& session, const std::string& url, const std::vector<std::string>& events) {
  json::object body{{"url", url}};
  if (!events.empty()) body["events"] = json::array(events.begin(), events.end());
  TRY(Api * api, session.api());
  TRY(json::object answer,
      api->call({.method = "POST", .path = "/webhooks/", .body = std::move(body), .repeatable = false}));
  session.note("keep the secret: it is shown this once, and says that what comes is from this server");
  return session.output().one(without_envelope(std::move(answer)), new_webhook_view());
}

Result<void> list(Session& session) {
  TRY(Api * api, session.api());
  TRY(const json::object answer, api->get("/webhooks/"));
  TRY(const json::array webhooks, array_of(answer, "webhooks"));
  return session.output().list(webhooks, webhooks_view());
}

Result<void> remove(Session& session, std::int64_t id) {
  TRY(Api * api, session.api());
  TRY_VOID(api->call({.method = "DELETE", .path = fmt::format("/webhooks/{}", id), .body = {}, .repeatable = false}));
  session.note(fmt::format("{} is told nothing any more", id));
  return {};
}

Result<void> test(Session& session, std::int64_t id) {
  TRY(Api * api, session.api());
  TRY(json::object answer, api->call({.method = "POST",
                                      .path = fmt::format("/webhooks/{}/test", id),
                                      .body = json::object(),
                                      .repeatable = false}));
  if (find_string(answer, "state") != "DELIVERED") {
    return fail(
        Code::kUnavailable, "WEBHOOK_NOT_DELIVERED",
        fmt::format("the test did not arrive: {}", find_string(answer, "error").value_or("no reason is known")));
  }
  return session.output().one(without_envelope(std::move(answer)), deliveries_view());
}

Result<void> log(Session& session, std::int64_t id) {
  TRY(Api * api, session.api());
  TRY(const json::object answer, api->get(fmt::format("/webhooks/{}/deliveries/", id)));
  TRY(const json::array deliveries, array_of(answer, "deliveries"));
  return session.output().list(deliveries, deliveries_view());
}

}  // namespace

void add_webhook_commands(CommandTree& tree) {
  CLI::App* group =
      tree.add_group("webhook", "Addresses of your own programs that are told when a slice is ready",
                     {"lakelift webhook add https://hooks.example.com/lakelift", "lakelift webhook list"});
  const auto url = std::make_shared<std::string>();
  const auto events = std::make_shared<std::vector<std::string>>();
  CLI::App* add_command =
      tree.add(*group, "add", "Name an address to be told; prints its secret, once",
               {"lakelift webhook add https://hooks.example.com/lakelift",
                "lakelift webhook add https://hooks.example.com/lakelift --events requests,transfers --output json"},
               [url, events](Session& session) { return add(session, *url, *events); });
  add_command->add_option("URL", *url, "https, of a host that whoever runs the server allows")->required();
  add_command
      ->add_option(
          "--events", *events,
          "What to tell it of: requests (slices that are done; the default), transfers (uploads and downloads of "
          "your files)")
      ->delimiter(',')
      ->check(CLI::IsMember({"requests", "transfers"}));
  tree.add(*group, "list", "Your webhooks, and how the last try went",
           {"lakelift webhook list", "lakelift webhook list --output json"}, list);
  const auto add_one = [&](const std::string& name, const std::string& description, auto action) {
    const auto id = std::make_shared<std::int64_t>(0);
    tree.add(*group, name, description,
             {fmt::format("lakelift webhook {} 3", name), fmt::format("lakelift webhook {} 3 --quiet", name)},
             [id, action](Session& session) { return action(session, *id); })
        ->add_option("ID", *id, "Of `webhook list`")
        ->required()
        ->check(CLI::NonNegativeNumber);
  };
  add_one("rm", "Tell an address nothing any more", remove);
  add_one("test", "Send a test now, and say what came of it", test);
  add_one("log", "What it was told lately, and what came of it", log);
}

}  // namespace lakelift::cli
