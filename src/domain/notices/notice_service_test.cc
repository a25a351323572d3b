#include "domain/notices/notice_service.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/ledger/ledger.h"
#include "backends/metadata/testing/temporary_database.h"
#include "base/limits.h"
#include "domain/accounts/account_service.h"

namespace lakelift::notices {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

template <typename T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().message;
    abort();
  }
  return *std::move(result);
}

json::object both(const json::object& older, json::object newer) {
  newer["text"] = find_string(older, "text").value_or("") + "+" + find_string(newer, "text").value_or("");
  return newer;
}

class NoticeServiceTest : public ::testing::Test {
 protected:
  NoticeServiceTest() {
    service_.on_notice([this](std::int64_t account) { heard_.push_back(account); });
  }
  accounts::Account account(const std::string& email) {
    return value_of(accounts_.create(email, accounts::AccountType::kResearcher, std::nullopt));
  }
  static NewNotice notice(const std::string& text, std::optional<std::int64_t> joined_by = std::nullopt) {
    NewNotice out{"item.changed", "item", "1", {{"text", text}, {"by", nullptr}}};
    if (joined_by) {
      out.by = joined_by;
      out.detail["by"] = *joined_by;
      out.join = both;
    }
    return out;
  }
  void send(const accounts::Account& to, const NewNotice& what) {
    ASSERT_TRUE(
        database_->write([&](metadata::Transaction& transaction) { return service_.send(transaction, to.id, what); }));
  }
  std::vector<std::string> texts(const accounts::Account& of, const NoticeQuery& query = {}) {
    std::vector<std::string> out;
    for (const auto& one : value_of(service_.list(of, query))) {
      out.push_back(find_string(one.what.detail, "text").value_or(""));
    }
    return out;
  }

  ManualClock clock_;
  SeededRandom random_;
  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), accounts::migrations(), migrations()}};
  ledger::Ledger ledger_{clock_, random_};
  accounts::KeyRing keys_ = value_of(accounts::KeyRing::load(*database_, clock_, random_));
  accounts::AccountService accounts_{*database_, ledger_, keys_, clock_, random_};
  NoticeService service_{*database_, clock_};
  std::vector<std::int64_t> heard_;
  accounts::Account ada_ = account("ada@example.org");
  accounts::Account bob_ = account("bob@example.org");
};

TEST_F(NoticeServiceTest, OnesOwnNewestFirst) {
  send(ada_, notice("first"));
  send(bob_, notice("bob's"));
  send(ada_, notice("second"));
  EXPECT_THAT(texts(ada_), ElementsAre("second", "first"));
  EXPECT_THAT(texts(bob_), ElementsAre("bob's"));
  EXPECT_EQ(service_.count_unread(ada_), 2);
  EXPECT_THAT(heard_, ElementsAre(ada_.id, bob_.id, ada_.id));
}

TEST_F(NoticeServiceTest, TheJsonSaysAll) {
  send(ada_, notice("x"));
  const Notice sent = value_of(service_.list(ada_, {})).at(0);
  EXPECT_EQ(to_text(to_json(sent)),
            fmt::format(R"({{"@type":"notice","id":{},"at":"{}","kind":"item.changed","subject_kind":"item",)"
                        R"("subject_id":"1","detail":{{"text":"x","by":null}},"read_at":null}})",
                        sent.id, iso8601(clock_.now())));
}

TEST_F(NoticeServiceTest, PagesAndUnreadOnes) {
  for (int i = 0; i < 5; ++i) send(ada_, notice(std::to_string(i)));
  const auto page = value_of(service_.list(ada_, {.limit = 2}));
  EXPECT_THAT(texts(ada_, {.before = page.back().id, .limit = 2}), ElementsAre("2", "1"));
  ASSERT_TRUE(service_.mark_read(ada_, page.front().id));
  EXPECT_THAT(texts(ada_, {.unread_only = true}), ElementsAre("3", "2", "1", "0"));
}

TEST_F(NoticeServiceTest, MarksAreForOnesOwn) {
  send(ada_, notice("x"));
  const std::int64_t id = value_of(service_.list(ada_, {})).at(0).id;
  EXPECT_EQ(service_.mark_read(bob_, id).error().event, "COULD_NOT_FIND_NOTICE");
  EXPECT_EQ(service_.mark_read(bob_, 999).error().code, Code::kNotFound);
  EXPECT_EQ(service_.mark_all_read(bob_, id), 0);
  const Micros at = clock_.now();
  EXPECT_EQ(value_of(service_.mark_read(ada_, id)).read_at, at);
  clock_.advance(kMicrosPerSecond);
  EXPECT_EQ(value_of(service_.mark_read(ada_, id)).read_at, at) << "the first time counts";
  EXPECT_EQ(service_.count_unread(ada_), 0);
}

TEST_F(NoticeServiceTest, AllUpToOneAreMarked) {
  for (int i = 0; i < 3; ++i) send(ada_, notice(std::to_string(i)));
  const auto all = value_of(service_.list(ada_, {}));
  EXPECT_EQ(service_.mark_all_read(ada_, all[1].id), 2);
  EXPECT_THAT(texts(ada_, {.unread_only = true}), ElementsAre("2")) << "what came later stays unread";
}

TEST_F(NoticeServiceTest, SmallChangesAreJoined) {
  send(ada_, notice("a", bob_.id));
  clock_.advance(30 * kMicrosPerSecond);
  send(ada_, notice("b", bob_.id));
  EXPECT_THAT(texts(ada_), ElementsAre("a+b"));
  EXPECT_EQ(service_.count_unread(ada_), 1);
  send(ada_, notice("c", ada_.id));
  EXPECT_THAT(texts(ada_), ElementsAre("c", "a+b")) << "by somebody else";
  clock_.advance(61 * kMicrosPerSecond);
  send(ada_, notice("d", bob_.id));
  EXPECT_THAT(texts(ada_), ElementsAre("d", "c", "a+b")) << "too long ago";
  ASSERT_TRUE(service_.mark_all_read(ada_, INT64_MAX));
  send(ada_, notice("e", bob_.id));
  EXPECT_THAT(texts(ada_), ElementsAre("e", "d", "c", "a+b")) << "what was read stays as it was read";
  NewNotice other = notice("f", bob_.id);
  other.subject_id = "2";
  send(ada_, other);
  EXPECT_THAT(texts(ada_, {.limit = 2}), ElementsAre("f", "e"));
}

TEST_F(NoticeServiceTest, ARolledBackChangeTellsNobody) {
  const auto failed = database_->write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY_VOID(service_.send(transaction, ada_.id, notice("x")));
    return fail(Code::kConflict, "no");
  });
  EXPECT_FALSE(failed);
  EXPECT_THAT(texts(ada_), IsEmpty());
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(NoticeServiceTest, OldOnesGo) {
  ASSERT_TRUE(database_->write([&](metadata::Transaction& transaction) -> Result<void> {
    for (int i = 0; i < limits::kNoticesKept + 2 * limits::kNoticesTrimEvery; ++i) {
      TRY_VOID(service_.send(transaction, ada_.id, notice(std::to_string(i))));
    }
    return {};
  }));
  const std::size_t kept = texts(ada_, {.limit = 100'000}).size();
  EXPECT_GE(kept, static_cast<std::size_t>(limits::kNoticesKept));
  EXPECT_LT(kept, static_cast<std::size_t>(limits::kNoticesKept + limits::kNoticesTrimEvery));
}

TEST_F(NoticeServiceTest, TheStandingOfThoseWhoListen) {
  send(ada_, notice("old"));
  send(ada_, notice("new"));
  const auto standing = value_of(service_.standing({ada_.id, bob_.id, 999}));
  ASSERT_EQ(standing.size(), 2U) << "nobody has the id 999";
  EXPECT_EQ(standing[0].unread, 2);
  EXPECT_EQ(find_string(standing[0].newest->what.detail, "text"), "new");
  EXPECT_EQ(standing[1].account_id, bob_.id);
  EXPECT_FALSE(standing[1].newest);
}

TEST_F(NoticeServiceTest, TheyGoWithTheirAccount) {
  send(ada_, notice("x"));
  send(bob_, notice("y"));
  ASSERT_TRUE(database_->write(
      [&](metadata::Transaction& transaction) { return service_.farewell(transaction, ada_, std::nullopt); }));
  EXPECT_THAT(texts(ada_), IsEmpty());
  EXPECT_THAT(texts(bob_), ElementsAre("y"));
}

}  // namespace
}  // namespace lakelift::notices
