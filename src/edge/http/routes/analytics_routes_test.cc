// Windows over HTTP: who sees what, under which name, and what goes on (docs/events.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/ledger/transfer_entry.h"
#include "edge/http/routes/live_analytics.h"
#include "edge/http/routes/test_world.h"

namespace lakelift::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::value_of;

constexpr Micros kWindow = 300 * kMicrosPerSecond;

struct Person {
  accounts::Account account;
  std::string token;
};

class AnalyticsRoutes : public ::testing::Test {
 protected:
  Person person(const std::string& name, accounts::AccountType type = accounts::AccountType::kResearcher) {
    const auto account = value_of(world_.accounts.create(name + "@example.com", type, std::nullopt));
    return {account, value_of(world_.accounts.issue_token(account, std::nullopt)).token};
  }
  static ledger::TransferSubject file(const Person& owner, std::int64_t id, const std::string& path,
                                      std::optional<std::int64_t> item = {}) {
    return {.id = std::to_string(id),
            .owner_id = owner.account.id,
            .owner = owner.account.username,
            .path = path,
            .item_id = item,
            .object = "0f",
            .size_bytes = 100};
  }
  void download(const ledger::TransferSubject& subject, const Person& by, Micros at) {
    const auto entry = ledger::to_entry({.kind = ledger::TransferKind::kDownload,
                                         .subject = subject,
                                         .person_id = by.account.id,
                                         .person = by.account.username,
                                         .sent_bytes = subject.size_bytes,
                                         .session = "s",
                                         .trace_id = {}},
                                        at);
    value_of(world_.database->write([&](metadata::Transaction& tx) { return world_.ledger.append(tx, entry); }));
  }
  json::object call(const RouteTable& table, const Person& by, const std::string& path, int status,
                    Method method = Method::kGet) {
    const Response response = world_.ask(table, {.method = method, .path = path, .body = {}, .token = by.token});
    EXPECT_EQ(response.status, status) << path;
    return value_of(parse_json(std::get<std::string>(response.body))).as_object();
  }
  json::object get(const Person& by, const std::string& path, int status = 200) {
    return call(world_.routes, by, path, status);
  }
  // "key name downloads" of each line.
  std::vector<std::string> lines(const Person& by, const std::string& path) {
    std::vector<std::string> out;
    const json::object answer = get(by, path);
    for (const auto& value : answer.at("lines").as_array()) {
      const auto& line = value.as_object();
      out.push_back(std::string(line.at("key").as_string()) + " " + std::string(line.at("name").as_string()) + " " +
                    std::to_string(line.at("downloads").as_int64()));
    }
    return out;
  }
  static std::string id(const Person& one) { return std::to_string(one.account.id); }

  testing::World world_;
  const Person admin_ = person("admin", accounts::AccountType::kAdmin);
  const Person ada_ = person("ada");
  const Person ben_ = person("ben");
  const Person eve_ = person("eve");
  const Micros noon_ = world_.clock.now() / kWindow * kWindow;
};

TEST_F(AnalyticsRoutes, AnAnswerSaysWhatCounts) {
  download(file(ada_, 7, "a.csv"), ben_, noon_ + 5);
  const auto answer = get(admin_, "/analytics/windows");
  EXPECT_EQ(answer.at("@event"), "WINDOWS_READ");
  EXPECT_EQ(answer.at("window_seconds"), 300);
  EXPECT_EQ(answer.at("source"), "ledger");
  EXPECT_THAT(std::string(answer.at("counted").as_string()), HasSubstr("docs/events.md"));
  EXPECT_EQ(answer.at("next"), nullptr);
  EXPECT_EQ(to_canonical_text(answer.at("lines")),
            to_canonical_text(json::array{json::object{{"@type", "windows_line"},
                                                       {"start", iso8601(noon_)},
                                                       {"end", iso8601(noon_ + kWindow)},
                                                       {"key", ""},
                                                       {"name", ""},
                                                       {"downloads", 1},
                                                       {"size_bytes", 100},
                                                       {"uploads", 0},
                                                       {"uploaded_bytes", 0},
                                                       {"answers", 0},
                                                       {"sent_bytes", 0}}}));
}

// Ada's file is taken by Ben, Ben's by Eve: each of them learns of their own, and Eve of none.
TEST_F(AnalyticsRoutes, PeopleSeeWhatIsTheirs) {
  download(file(ada_, 7, "a.csv"), ben_, noon_);
  download(file(ben_, 8, "secret.csv"), eve_, noon_);
  EXPECT_THAT(lines(admin_, "/analytics/windows?by=file"),
              ElementsAre("file:7 ada/a.csv 1", "file:8 ben/secret.csv 1"));
  EXPECT_THAT(lines(ada_, "/analytics/windows?by=file"), ElementsAre("file:7 ada/a.csv 1"));
  EXPECT_THAT(lines(ada_, "/analytics/windows?by=person"), ElementsAre(id(ben_) + " ben@example.com 1"));
  EXPECT_THAT(lines(ada_, "/analytics/windows?by=owner"), ElementsAre(id(ada_) + " ada@example.com 1"));
  EXPECT_THAT(lines(ben_, "/analytics/top?by=person"), ElementsAre(id(eve_) + " eve@example.com 1"));
  for (const char* path : {"/analytics/windows", "/analytics/windows?by=file", "/analytics/top"}) {
    EXPECT_THAT(lines(eve_, path), IsEmpty()) << path;
    EXPECT_EQ(get(eve_, path).at("total").at("downloads"), 0) << path;
  }
  EXPECT_EQ(get(ada_, "/analytics/windows").at("total").at("downloads"), 1);
}

// Who took what: the question of an owner.
TEST_F(AnalyticsRoutes, OfOneFileItemOrPersonAlone) {
  download(file(ada_, 7, "trips/a.csv"), ben_, noon_);
  download(file(ada_, 9, "b.csv", 5), eve_, noon_);
  download(file(ben_, 8, "secret.csv"), eve_, noon_);
  const std::vector<std::string> by_ben{id(ben_) + " ben@example.com 1"};
  const std::vector<std::string> by_eve{id(eve_) + " eve@example.com 1"};
  EXPECT_EQ(lines(ada_, "/analytics/windows?by=person&file=ada/trips/a.csv"), by_ben);
  EXPECT_EQ(lines(ada_, "/analytics/windows?by=person&file=file:7"), by_ben);
  EXPECT_EQ(lines(ada_, "/analytics/top?by=person&file=ada%2Ftrips%2Fa.csv"), by_ben);
  EXPECT_EQ(lines(ada_, "/analytics/top?by=person&item=5"), by_eve);
  for (const std::string& eve : {id(eve_), std::string("eve@example.com"), eve_.account.username}) {
    EXPECT_THAT(lines(ada_, "/analytics/windows?by=file&person=" + eve), ElementsAre("file:9 ada/b.csv 1")) << eve;
  }
  EXPECT_THAT(lines(admin_, "/analytics/top?person=eve"), ElementsAre("file:8 ben/secret.csv 1", "file:9 ada/b.csv 1"));
  EXPECT_EQ(get(ada_, "/analytics/windows?file=ada/trips/a.csv").at("total").at("downloads"), 1);
}

// To the byte: what one may not see, and what is not there.
TEST_F(AnalyticsRoutes, AFilterDoesNotTellWhatThereIs) {
  download(file(ben_, 8, "secret.csv", 5), eve_, noon_);
  const auto none = get(ada_, "/analytics/windows?by=person&file=file:999");
  EXPECT_THAT(none.at("lines").as_array(), IsEmpty());
  for (const char* filter : {"file=file:8", "file=ben/secret.csv", "file=ben/nothing.csv", "file=nobody/secret.csv",
                             "file=ben/../secret.csv", "item=5", "item=6", "person=eve", "person=nobody"}) {
    EXPECT_EQ(get(ada_, std::string("/analytics/windows?by=person&") + filter), none) << filter;
  }
}

// The file that is called so now, whatever it was called when it moved; else what was called so then.
TEST_F(AnalyticsRoutes, AFileIsFoundByItsNameOfToday) {
  const auto at = [&](const std::string& path) {
    return files::Address{ada_.account.username, value_of(files::FilePath::parse(path))};
  };
  value_of(world_.files.make_folder(ada_.account, at("trips")));
  auto upload = value_of(world_.files.begin_upload(ada_.account, at("trips/new.csv"), {}));
  const auto stored = value_of(world_.files.finish(ada_.account, std::move(upload))).file;
  download(file(ada_, stored.id, "old.csv"), ben_, world_.clock.now() + kWindow);
  const std::vector<std::string> found{"file:" + std::to_string(stored.id) + " ada/old.csv 1"};
  EXPECT_EQ(lines(ada_, "/analytics/top?file=ada/trips/new.csv"), found);
  EXPECT_EQ(lines(ada_, "/analytics/top?file=ada/old.csv"), found);
  EXPECT_THAT(lines(ada_, "/analytics/top?file=ada/trips"), IsEmpty()) << "a folder is no file";
  EXPECT_THAT(lines(ben_, "/analytics/top?file=ada/trips/new.csv"), IsEmpty());
  EXPECT_EQ(lines(admin_, "/analytics/top?file=ada/trips/new.csv"), found);
}

TEST_F(AnalyticsRoutes, DaysAreWhole) {
  constexpr Micros kDay = 86'400 * kMicrosPerSecond;
  const Micros midnight = noon_ / kDay * kDay;
  download(file(ada_, 7, "a.csv"), ben_, midnight);
  download(file(ada_, 7, "a.csv"), ben_, midnight + kDay - 1);
  const std::string from = "from=" + iso8601(midnight + kDay / 2);
  EXPECT_EQ(lines(ada_, "/analytics/windows?per=day&" + from), (std::vector<std::string>{"  2"}));
  EXPECT_EQ(get(ada_, "/analytics/windows?per=day&" + from).at("total").at("downloads"), 2);
  EXPECT_EQ(lines(ada_, "/analytics/windows?per=day&to=" + iso8601(midnight + 1)), (std::vector<std::string>{"  2"}));
  EXPECT_THAT(lines(ada_, "/analytics/windows?per=day&to=" + iso8601(midnight)), IsEmpty());
  EXPECT_EQ(lines(ada_, "/analytics/windows?" + from), (std::vector<std::string>{"  1"})) << "windows begin where said";
}

TEST_F(AnalyticsRoutes, WhoIsGoneIsCalledAsTheLedgerHasIt) {
  download(file(ada_, 7, "a.csv"), ben_, noon_);
  testing::must(world_.accounts.remove(ben_.account.id, std::nullopt));
  EXPECT_THAT(lines(ada_, "/analytics/top?by=person"), ElementsAre(id(ben_) + " ben 1"));
}

TEST_F(AnalyticsRoutes, PageByPage) {
  for (int i = 0; i < 5; ++i) download(file(ada_, 7, "a.csv"), ben_, noon_ + i * kWindow);
  std::vector<std::string> starts;
  std::string path = "/analytics/windows?limit=2&from=" + iso8601(noon_ + kWindow);
  while (!path.empty()) {
    const auto answer = get(ada_, path);
    EXPECT_EQ(answer.at("total").at("downloads"), 4);
    for (const auto& line : answer.at("lines").as_array()) starts.emplace_back(line.at("start").as_string());
    path = find_string(answer, "next_url").value_or("");
    if (path.starts_with("http://")) path = path.substr(path.find('/', 7));
  }
  EXPECT_THAT(starts, ElementsAre(iso8601(noon_ + kWindow), iso8601(noon_ + 2 * kWindow), iso8601(noon_ + 3 * kWindow),
                                  iso8601(noon_ + 4 * kWindow)));
}

TEST_F(AnalyticsRoutes, WhatMakesNoSenseIsRefusedByName) {
  for (const auto& [path, field] :
       std::vector<std::pair<std::string, std::string>>{{"/analytics/windows?by=moon", "by"},
                                                        {"/analytics/windows?source=moon", "source"},
                                                        {"/analytics/windows?source=stream&by=file", "by"},
                                                        {"/analytics/windows?from=noon", "from"},
                                                        {"/analytics/windows?limit=0", "limit"},
                                                        {"/analytics/windows?next=x", "next"},
                                                        {"/analytics/windows?file=a.csv", "file"},
                                                        {"/analytics/windows?file=account:7", "file"},
                                                        {"/analytics/windows?item=x", "item"},
                                                        {"/analytics/windows?source=stream&file=a/b", "file"},
                                                        {"/analytics/windows?source=stream&item=5", "item"},
                                                        {"/analytics/windows?source=stream&person=eve", "person"},
                                                        {"/analytics/top?file=x", "file"},
                                                        {"/analytics/top?by=total", "by"}}) {
    const auto answer = get(admin_, path, 400);
    EXPECT_EQ(answer.at("@event"), "QUERY_DID_NOT_VALIDATE") << path;
    EXPECT_TRUE(answer.at("errors").as_object().contains(field)) << path;
  }
}

TEST_F(AnalyticsRoutes, TheStreamsWindowsAreForAdministratorsWhereThereAreSome) {
  EXPECT_EQ(get(admin_, "/analytics/windows?source=stream", 409).at("@event"), "STREAM_NOT_CONFIGURED");
  EXPECT_EQ(get(ada_, "/analytics/windows?source=stream", 403).at("@event"), "ACCESS_DENIED");
  Services services = world_.services();
  services.streamed_windows = [this] {
    std::vector<analytics::WindowLine> out;
    for (const int i : {2, 0, 1}) {  // as they came
      out.push_back({.start = noon_ + i * kWindow,
                     .end = noon_ + (i + 1) * kWindow,
                     .key = {},
                     .name = {},
                     .figures = {.downloads = i + 1, .size_bytes = 10}});
    }
    return out;
  };
  RouteTable table;
  add_analytics_routes(table, services);
  const auto answer = call(table, admin_, "/analytics/windows?source=stream&limit=2", 200);
  EXPECT_EQ(answer.at("source"), "stream");
  ASSERT_EQ(answer.at("lines").as_array().size(), 2);
  EXPECT_EQ(answer.at("lines").at(0).at("start"), json::value(iso8601(noon_)));
  EXPECT_EQ(answer.at("total").at("downloads"), 6);
  const std::string next(answer.at("next").as_string());
  const auto rest = call(table, admin_, "/analytics/windows?source=stream&limit=2&next=" + next, 200);
  ASSERT_EQ(rest.at("lines").as_array().size(), 1);
  EXPECT_EQ(rest.at("lines").at(0).at("downloads"), 3);
  EXPECT_EQ(rest.at("next"), nullptr);
  EXPECT_EQ(call(table, admin_, "/analytics/windows?source=stream&to=" + iso8601(noon_ + kWindow), 200)
                .at("total")
                .at("downloads"),
            1);
  call(table, admin_, "/analytics/windows?source=stream&next=x", 400);
}

TEST_F(AnalyticsRoutes, ARebuildReadsAllOfTheLedger) {
  download(file(ada_, 7, "a.csv"), ben_, noon_);
  const auto before = get(admin_, "/analytics/windows?by=file").at("lines");
  const auto made = call(world_.routes, admin_, "/analytics/rebuild", 200, Method::kPost);
  EXPECT_EQ(made.at("@event"), "ANALYTICS_REBUILT");
  EXPECT_GE(made.at("entries").as_int64(), 2) << "the accounts' and the download's";
  EXPECT_EQ(get(admin_, "/analytics/windows?by=file").at("lines"), before);
}

class LiveAnalytics : public AnalyticsRoutes {
 protected:
  json::object told(const Person& to) {
    const auto updates = fetch_({live_topic(to.account)});
    EXPECT_EQ(updates.size(), 1) << to.account.username;
    return updates.empty() ? json::object() : value_of(parse_json(updates.front().data)).as_object();
  }
  std::shared_ptr<transfers::Transfer> send(const ledger::TransferSubject& subject, const Person& to) {
    auto transfer = world_.transfers.begin({subject, to.account.id, to.account.username, {}});
    transfer->sent(0, 40);
    return transfer;
  }
  static std::vector<std::string> names(const json::object& event) {
    std::vector<std::string> out;
    for (const auto& one : event.at("transfers").as_array()) out.emplace_back(one.at("name").as_string());
    return out;
  }

  FeedFetch fetch_ = make_live_fetch(world_.services());
};

TEST_F(LiveAnalytics, WhatIsBeingSentIsShownToThoseWhoMaySee) {
  download(file(ada_, 7, "a.csv"), ben_, world_.clock.now());
  const auto one = send(file(ada_, 7, "a.csv"), ben_);
  const auto event = told(ada_);
  EXPECT_EQ(event.at("window").at("start"), json::value(iso8601(noon_)));
  EXPECT_EQ(event.at("window").at("downloads"), 1);
  EXPECT_EQ(to_canonical_text(event.at("transfers")),
            to_canonical_text(json::array{json::object{{"name", "ada/a.csv"},
                                                       {"person", "ben"},
                                                       {"sent_bytes", 40},
                                                       {"size_bytes", 100},
                                                       {"began", iso8601(world_.clock.now())}}}));
  EXPECT_THAT(names(told(ben_)), ElementsAre("ada/a.csv")) << "who takes it";
  EXPECT_EQ(told(ben_).at("window").at("downloads"), 0) << "of files of his own";
  EXPECT_THAT(names(told(admin_)), ElementsAre("ada/a.csv"));
  EXPECT_EQ(told(admin_).at("window").at("downloads"), 1);
  EXPECT_THAT(names(told(eve_)), IsEmpty());
  EXPECT_EQ(told(eve_).at("transfers_total"), 0);
  one->end([] {});
  EXPECT_THAT(names(told(ada_)), IsEmpty());
}

// More of others' than one event shows, and all of them older.
TEST_F(LiveAnalytics, WhatOthersHaveUnderWayHidesNothing) {
  constexpr int kOthers = 1'100;
  std::vector<std::shared_ptr<transfers::Transfer>> going_on;
  for (int i = 0; i < kOthers; ++i) going_on.push_back(send(file(ben_, 8, "b.csv"), eve_));
  going_on.push_back(send(file(ada_, 7, "a.csv"), ada_));
  EXPECT_THAT(names(told(ada_)), ElementsAre("ada/a.csv"));
  EXPECT_EQ(told(ada_).at("transfers_total"), 1);
  EXPECT_EQ(told(ben_).at("transfers").as_array().size(), 200);
  EXPECT_EQ(told(ben_).at("transfers_total"), kOthers);
  EXPECT_EQ(told(admin_).at("transfers_total"), kOthers + 1);
}

TEST_F(LiveAnalytics, AtTheWindowsEndTheNextBegins) {
  download(file(ada_, 7, "a.csv"), ben_, noon_);
  world_.clock.set(noon_ + kWindow);
  EXPECT_EQ(told(ada_).at("window").at("start"), json::value(iso8601(noon_ + kWindow)));
  EXPECT_EQ(told(ada_).at("window").at("downloads"), 0);
}

// The topic ends: nothing is answered for it.
TEST_F(LiveAnalytics, WhoIsShutOutHearsNoMore) {
  const Person root = person("root", accounts::AccountType::kAdmin);  // one has to stay
  told(ada_);
  told(admin_);
  value_of(world_.accounts.update(ada_.account.id, {.is_disabled = true}, std::nullopt));
  value_of(world_.accounts.update(admin_.account.id, {.type = accounts::AccountType::kResearcher}, std::nullopt));
  world_.clock.advance(5 * kMicrosPerSecond);
  EXPECT_THAT(fetch_({live_topic(ada_.account), live_topic(admin_.account), 12'345}), IsEmpty());
  EXPECT_EQ(fetch_({live_topic(ben_.account), live_topic(root.account)}).size(), 2);
}

}  // namespace
}  // namespace lakelift::http
