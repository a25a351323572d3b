#include "domain/analytics/windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "backends/ledger/transfer_entry.h"
#include "backends/metadata/testing/temporary_database.h"
#include "base/log.h"

namespace lakelift::analytics {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Micros kSecond = kMicrosPerSecond;
constexpr Micros kNoon = 1'700'049'600 * kSecond;
constexpr Micros kWindow = 300 * kSecond;

template <typename T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << describe(result.error());
    abort();
  }
  return *std::move(result);
}

// What somebody moved.
struct Moved {
  ledger::TransferKind kind = ledger::TransferKind::kDownload;
  std::int64_t file = 7;
  std::int64_t owner = 1;
  std::int64_t person = 2;
  std::int64_t size = 100;
  std::optional<std::int64_t> item = {};
  std::string path = "a.csv";
  std::string subject_kind = "file";
};

std::string username(std::int64_t id) { return "person" + std::to_string(id); }

class WindowsTest : public ::testing::Test {
 protected:
  void tell(Micros at, const Moved& what) {
    const ledger::TransferEntry transfer{.kind = what.kind,
                                         .subject = {.kind = what.subject_kind,
                                                     .id = std::to_string(what.file),
                                                     .owner_id = what.owner,
                                                     .owner = username(what.owner),
                                                     .path = what.path,
                                                     .item_id = what.item,
                                                     .object = "0f",
                                                     .size_bytes = what.size},
                                         .person_id = what.person,
                                         .person = username(what.person),
                                         .sent_bytes = what.size,
                                         .session = "s",
                                         .trace_id = {}};
    ledger::Entry entry = ledger::to_entry(transfer, at);
    if (what.kind == ledger::TransferKind::kUpload) entry.kind = ledger::kUploaded;
    tell(entry);
  }
  void tell(const ledger::Entry& entry) {
    value_of(database_->write([&](metadata::Transaction& tx) { return ledger_.append(tx, entry); }));
  }
  // In two windows: file 7 of person 1 is item 5; file 8 is person 2's; slice 12 of item 5 is person 3's.
  void tell_all() {
    tell(kNoon, {.item = 5});
    tell(kNoon + 1, {.kind = ledger::TransferKind::kAnswer, .size = 60, .item = 5});
    tell(kNoon + kSecond, {.person = 3, .item = 5});
    tell(kNoon + 2 * kSecond, {.kind = ledger::TransferKind::kUpload, .file = 8, .owner = 2, .size = 30, .path = "b"});
    tell(kNoon + kWindow, {.file = 8, .owner = 2, .person = 1, .size = 30, .path = "b"});
    tell(kNoon + kWindow, {.file = 12,
                           .owner = 3,
                           .person = 3,
                           .size = 9,
                           .item = 5,
                           .path = "slices/weather-12.csv",
                           .subject_kind = "download_request"});
  }
  WindowsPage read(const WindowsQuery& query) { return value_of(view_.read(query)); }
  // "0 file:7 person1/a.csv 2 200": the window's number after noon, key, name, downloads and their bytes.
  std::vector<std::string> lines(const WindowsQuery& query) {
    std::vector<std::string> out;
    for (const auto& line : read(query).lines) out.push_back(text_of(line));
    return out;
  }
  static std::string text_of(const WindowLine& line) {
    const std::string window = line.start == 0 ? "all" : std::to_string((line.start - kNoon) / kWindow);
    return window + " " + line.key + " " + line.name + " " + std::to_string(line.figures.downloads) + " " +
           std::to_string(line.figures.size_bytes);
  }
  std::vector<WindowLine> all_pages(WindowsQuery query) {
    std::vector<WindowLine> out;
    for (int page = 0; page < 100; ++page) {
      const auto one = read(query);
      out.insert(out.end(), one.lines.begin(), one.lines.end());
      if (!one.next) return out;
      query.after = *one.next;
    }
    ADD_FAILURE() << "pages have no end";
    return out;
  }

  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), migrations()}};
  ManualClock clock_;
  SeededRandom random_;
  ledger::Ledger ledger_{clock_, random_};
  WindowsView view_{*database_, ledger_, {.window_seconds = 300}};
};

TEST_F(WindowsTest, OfAll) {
  tell_all();
  const auto page = read({});
  ASSERT_EQ(page.lines.size(), 2);
  EXPECT_EQ(page.lines[0].start, kNoon);
  EXPECT_EQ(page.lines[0].end, kNoon + kWindow);
  EXPECT_EQ(page.lines[0].key, "");
  EXPECT_EQ(page.lines[0].figures, (WindowFigures{2, 200, 1, 30, 1, 60}));
  EXPECT_EQ(page.lines[1].figures, (WindowFigures{2, 39, 0, 0, 0, 0}));
  EXPECT_EQ(page.total, (WindowFigures{4, 239, 1, 30, 1, 60}));
  EXPECT_FALSE(page.next);
}

TEST_F(WindowsTest, ByOwnerFileItemAndPerson) {
  tell_all();
  EXPECT_THAT(lines({.by = WindowsBy::kOwner}),
              ElementsAre("0 1 person1 2 200", "0 2 person2 0 0", "1 2 person2 1 30", "1 3 person3 1 9"));
  EXPECT_THAT(lines({.by = WindowsBy::kFile}),
              ElementsAre("0 file:7 person1/a.csv 2 200", "0 file:8 person2/b 0 0",
                          "1 download_request:12 person3/slices/weather-12.csv 1 9", "1 file:8 person2/b 1 30"));
  EXPECT_THAT(lines({.by = WindowsBy::kItem}), ElementsAre("0 5  2 200", "1 5  1 9"));
  EXPECT_EQ(read({.by = WindowsBy::kItem}).total, (WindowFigures{3, 209, 0, 0, 1, 60})) << "of its lines";
  EXPECT_THAT(lines({.by = WindowsBy::kPerson}),
              ElementsAre("0 2 person2 1 100", "0 3 person3 1 100", "1 1 person1 1 30", "1 3 person3 1 9"));
}

TEST_F(WindowsTest, AFilesNameIsItsLastAlsoInWindowsOfBefore) {
  tell(kNoon + kWindow, {.path = "new.csv"});
  tell(kNoon, {.path = "old.csv"});  // told late
  EXPECT_THAT(lines({.by = WindowsBy::kFile}),
              ElementsAre("0 file:7 person1/new.csv 1 100", "1 file:7 person1/new.csv 1 100"));
}

TEST_F(WindowsTest, FromIsWithinAndToIsNot) {
  tell(kNoon - 1, {});
  tell(kNoon, {});
  tell(kNoon + kWindow - 1, {});
  tell(kNoon + kWindow, {});
  EXPECT_THAT(lines({}), ElementsAre("-1   1 100", "0   2 200", "1   1 100"));
  EXPECT_THAT(lines({.from = kNoon}), ElementsAre("0   2 200", "1   1 100"));
  EXPECT_THAT(lines({.from = kNoon + 1}), ElementsAre("1   1 100")) << "windows that begin at or after";
  EXPECT_THAT(lines({.to = kNoon}), ElementsAre("-1   1 100"));
  EXPECT_THAT(lines({.to = kNoon + 1}), ElementsAre("-1   1 100", "0   2 200"));
  EXPECT_THAT(lines({.from = kNoon, .to = kNoon}), IsEmpty());
  EXPECT_EQ(read({.from = kNoon, .to = kNoon + kWindow}).total.downloads, 2);
}

TEST_F(WindowsTest, OneLineOverAllOfTheTimeMostDownloadsFirst) {
  tell_all();
  EXPECT_THAT(lines({.by = WindowsBy::kFile, .is_whole = true}),
              ElementsAre("all file:7 person1/a.csv 2 200", "all download_request:12 person3/slices/weather-12.csv 1 9",
                          "all file:8 person2/b 1 30"));
  EXPECT_THAT(lines({.by = WindowsBy::kPerson, .is_whole = true}),
              ElementsAre("all 3 person3 2 109", "all 1 person1 1 30", "all 2 person2 1 100"));
  EXPECT_THAT(lines({.from = kNoon + 1, .is_whole = true}), ElementsAre("all   2 39"));
  const auto page = read({.by = WindowsBy::kItem, .is_whole = true});
  ASSERT_EQ(page.lines.size(), 1);
  EXPECT_EQ(page.lines[0].end, 0);
}

TEST_F(WindowsTest, ByDay) {
  constexpr Micros kDay = 86'400 * kSecond;
  const Micros midnight = kNoon - kNoon % kDay;
  tell(midnight - 1, {.size = 5});
  tell(midnight, {.size = 10});
  tell(midnight + kDay - 1, {.person = 3, .size = 20});
  const auto page = read({.is_by_day = true});
  ASSERT_EQ(page.lines.size(), 2U);
  EXPECT_EQ(page.lines[1].start, midnight);
  EXPECT_EQ(page.lines[1].end, midnight + kDay);
  EXPECT_EQ(page.lines[1].figures.downloads, 2);
  EXPECT_EQ(page.lines[1].figures.size_bytes, 30);
  EXPECT_EQ(page.total.size_bytes, 35);
  const auto first = read({.by = WindowsBy::kPerson, .is_by_day = true, .limit = 2});
  ASSERT_TRUE(first.next);
  const auto rest = read({.by = WindowsBy::kPerson, .is_by_day = true, .after = *first.next, .limit = 2});
  ASSERT_EQ(rest.lines.size(), 1U);
  EXPECT_EQ(rest.lines[0].figures.size_bytes, 20);
}

TEST_F(WindowsTest, PageByPageItIsAllOfItOnceInOrder) {
  for (int i = 0; i < 23; ++i) {
    tell(kNoon + (i % 5) * kWindow, {.file = i % 11, .person = 100 + i % 7, .item = 1 + i % 3});
  }
  for (const auto by : {WindowsBy::kTotal, WindowsBy::kOwner, WindowsBy::kFile, WindowsBy::kItem, WindowsBy::kPerson}) {
    for (const bool is_whole : {false, true}) {
      const WindowsQuery whole{.by = by, .is_whole = is_whole, .limit = 1'000};
      for (const int limit : {1, 2, 3, 23}) {
        WindowsQuery paged = whole;
        paged.limit = limit;
        std::vector<std::string> texts;
        for (const auto& line : all_pages(paged)) texts.push_back(text_of(line));
        EXPECT_EQ(texts, lines(whole)) << static_cast<int>(by) << " " << is_whole << " " << limit;
      }
    }
  }
  const auto first = read({.by = WindowsBy::kPerson, .limit = 2});
  EXPECT_EQ(first.total.downloads, 23) << "of all pages";
}

TEST_F(WindowsTest, NumbersAreInTheOrderOfNumbers) {
  for (const std::int64_t person : {100, 9, 10}) tell(kNoon, {.person = person});
  EXPECT_THAT(lines({.by = WindowsBy::kPerson}),
              ElementsAre("0 9 person9 1 100", "0 10 person10 1 100", "0 100 person100 1 100"));
}

TEST_F(WindowsTest, ANextOfNoListIsRefused) {
  tell_all();
  for (const char* next : {"x", "_", "1", "a_2", "5_file:7", "99999999999999999999_1"}) {
    const auto page = view_.read({.by = WindowsBy::kOwner, .after = next});
    ASSERT_FALSE(page) << next;
    EXPECT_EQ(page.error().code, Code::kInvalid) << next;
  }
}

// Person 1 sees who took file 7, and nothing of file 8.
TEST_F(WindowsTest, OnesOwnFiles) {
  tell_all();
  const Own own{1, {}};
  EXPECT_THAT(lines({.by = WindowsBy::kPerson, .own = own}), ElementsAre("0 2 person2 1 100", "0 3 person3 1 100"));
  EXPECT_THAT(lines({.by = WindowsBy::kFile, .own = own}), ElementsAre("0 file:7 person1/a.csv 2 200"));
  EXPECT_THAT(lines({.by = WindowsBy::kOwner, .own = own}), ElementsAre("0 1 person1 2 200"));
  EXPECT_EQ(read({.own = own}).total, (WindowFigures{2, 200, 0, 0, 1, 60}));
  EXPECT_THAT(lines({.by = WindowsBy::kFile, .own = Own{4, {}}}), IsEmpty());
  EXPECT_EQ(read({.own = Own{4, {}}}).total, WindowFigures{});
}

// Who maintains item 5 has its numbers, and the names of what was sliced from it; not what its file is called.
TEST_F(WindowsTest, OnesItems) {
  tell_all();
  const Own own{4, {5, 6}};
  EXPECT_THAT(lines({.by = WindowsBy::kItem, .own = own}), ElementsAre("0 5  2 200", "1 5  1 9"));
  EXPECT_THAT(lines({.by = WindowsBy::kFile, .own = own}),
              ElementsAre("0 file:7  2 200", "1 download_request:12 person3/slices/weather-12.csv 1 9"));
  EXPECT_THAT(lines({.by = WindowsBy::kFile, .is_whole = true, .own = own}),
              ElementsAre("all file:7  2 200", "all download_request:12 person3/slices/weather-12.csv 1 9"));
  EXPECT_THAT(lines({.by = WindowsBy::kFile, .own = Own{2, {5}}}),
              ElementsAre("0 file:7  2 200", "0 file:8 person2/b 0 0",
                          "1 download_request:12 person3/slices/weather-12.csv 1 9", "1 file:8 person2/b 1 30"));
  EXPECT_THAT(lines({.by = WindowsBy::kFile, .own = Own{4, {6}}}), IsEmpty());
}

// Persons 1 and 2 wait for the same request; 2 takes the data last.
TEST_F(WindowsTest, WhoWaitsForTheSameSliceDoesNotLearnOfTheOthers) {
  for (const std::int64_t person : {1, 2}) {
    tell(kNoon + person, {.file = 12,
                          .owner = person,
                          .person = person,
                          .item = 5,
                          .path = "slices/weather-12.csv",
                          .subject_kind = "download_request"});
  }
  for (const bool is_whole : {false, true}) {
    const std::string window = is_whole ? "all" : "0";
    for (const std::int64_t person : {1, 2}) {
      EXPECT_THAT(lines({.by = WindowsBy::kFile, .is_whole = is_whole, .own = Own{person, {}}}),
                  ElementsAre(window + " download_request:12 " + username(person) + "/slices/weather-12.csv 1 100"));
    }
    EXPECT_THAT(lines({.by = WindowsBy::kFile, .is_whole = is_whole, .own = Own{1, {5}}}),
                ElementsAre(window + " download_request:12 person1/slices/weather-12.csv 2 200"))
        << "who maintains the item too sees both, under the name of what is theirs";
  }
}

// File 7 moves from person 1's place to person 2's, who gives it a name that is nobody's business.
TEST_F(WindowsTest, WhoHadAFileBeforeDoesNotLearnWhatItIsCalledNow) {
  tell(kNoon, {.item = 5, .path = "old.csv"});
  tell(kNoon + kWindow, {.owner = 2, .person = 2, .item = 5, .path = "private/new.csv"});
  for (const Own& own : {Own{1, {}}, Own{1, {6}}}) {
    EXPECT_THAT(lines({.by = WindowsBy::kFile, .own = own}), ElementsAre("0 file:7 person1/old.csv 1 100"));
    EXPECT_THAT(lines({.by = WindowsBy::kFile, .is_whole = true, .own = own}),
                ElementsAre("all file:7 person1/old.csv 1 100"));
  }
  EXPECT_THAT(lines({.by = WindowsBy::kFile, .own = Own{1, {5}}}),
              ElementsAre("0 file:7 person1/old.csv 1 100", "1 file:7  1 100"));
  EXPECT_THAT(lines({.by = WindowsBy::kFile, .is_whole = true, .own = Own{1, {5}}}),
              ElementsAre("all file:7 person1/old.csv 2 200"));
  EXPECT_THAT(lines({.by = WindowsBy::kFile, .own = Own{2, {}}}),
              ElementsAre("1 file:7 person2/private/new.csv 1 100"));
  EXPECT_THAT(lines({.by = WindowsBy::kFile}),
              ElementsAre("0 file:7 person1/old.csv 1 100", "1 file:7 person2/private/new.csv 1 100"));
  EXPECT_THAT(lines({.by = WindowsBy::kFile, .is_whole = true}),
              ElementsAre("all file:7 person2/private/new.csv 2 200"))
      << "of several owners the last name, for who may see all";
}

TEST_F(WindowsTest, OfOneFileItemOrPersonAlone) {
  tell_all();
  EXPECT_THAT(lines({.by = WindowsBy::kPerson, .subject = "file:7"}),
              ElementsAre("0 2 person2 1 100", "0 3 person3 1 100"));
  EXPECT_EQ(read({.by = WindowsBy::kPerson, .subject = "file:7"}).total, (WindowFigures{2, 200, 0, 0, 1, 60}));
  EXPECT_THAT(lines({.by = WindowsBy::kPerson, .called = "person1/a.csv"}),
              ElementsAre("0 2 person2 1 100", "0 3 person3 1 100"));
  EXPECT_THAT(lines({.by = WindowsBy::kPerson, .called = "person3/slices/weather-12.csv"}),
              ElementsAre("1 3 person3 1 9"));
  EXPECT_THAT(lines({.by = WindowsBy::kPerson, .is_whole = true, .item_id = 5}),
              ElementsAre("all 3 person3 2 109", "all 2 person2 1 100"));
  EXPECT_THAT(lines({.by = WindowsBy::kFile, .person_id = 3}),
              ElementsAre("0 file:7 person1/a.csv 1 100", "1 download_request:12 person3/slices/weather-12.csv 1 9"));
  EXPECT_THAT(lines({.by = WindowsBy::kFile, .item_id = 5, .person_id = 2}),
              ElementsAre("0 file:7 person1/a.csv 1 100"));
  for (const WindowsQuery& none :
       {WindowsQuery{.subject = "file:9"}, WindowsQuery{.called = "person1/b"}, WindowsQuery{.item_id = 0},
        WindowsQuery{.item_id = 6}, WindowsQuery{.person_id = 0}, WindowsQuery{.person_id = 4}}) {
    EXPECT_THAT(lines(none), IsEmpty());
    EXPECT_EQ(read(none).total, WindowFigures{});
  }
}

// Whatever is asked for: what one may not see is as what is not there.
TEST_F(WindowsTest, AFilterShowsNothingThatIsNotShownWithoutIt) {
  tell_all();
  const Own nobody{4, {}};
  const Own maintainer{4, {5}};
  for (const Own& own : {nobody, Own{4, {6}}}) {
    for (const WindowsQuery& query :
         {WindowsQuery{.subject = "file:7", .own = own}, WindowsQuery{.called = "person1/a.csv", .own = own},
          WindowsQuery{.item_id = 5, .own = own}, WindowsQuery{.person_id = 2, .own = own}}) {
      EXPECT_THAT(lines(query), IsEmpty());
      EXPECT_EQ(read(query).total, WindowFigures{});
    }
  }
  EXPECT_THAT(lines({.by = WindowsBy::kFile, .subject = "file:7", .own = maintainer}), ElementsAre("0 file:7  2 200"));
  EXPECT_THAT(lines({.by = WindowsBy::kFile, .called = "person1/a.csv", .own = maintainer}), IsEmpty())
      << "or one would find out by asking what a file is called";
  EXPECT_EQ(read({.called = "person1/a.csv", .own = maintainer}).total, WindowFigures{});
  EXPECT_EQ(read({.called = "person3/slices/weather-12.csv", .own = maintainer}).total.downloads, 1);
  EXPECT_EQ(read({.called = "person1/a.csv", .own = Own{1, {5}}}).total.downloads, 2);
}

TEST_F(WindowsTest, TheSharesOfAWindowAreAllOfItByOwnerAndItem) {
  tell_all();
  const auto shares = value_of(view_.shares(kNoon));
  ASSERT_EQ(shares.size(), 2);
  EXPECT_EQ(shares[0].owner_id, 1);
  EXPECT_EQ(shares[0].item_id, 5);
  EXPECT_EQ(shares[0].figures, (WindowFigures{2, 200, 0, 0, 1, 60}));
  EXPECT_EQ(shares[1].owner_id, 2);
  EXPECT_EQ(shares[1].item_id, 0);
  EXPECT_EQ(shares[1].figures, (WindowFigures{0, 0, 1, 30, 0, 0}));
  EXPECT_THAT(value_of(view_.shares(kNoon - kWindow)), IsEmpty());
}

TEST_F(WindowsTest, AFileThatIsPublishedBetweenIsOfTheItemFromThenOn) {
  tell(kNoon, {});
  tell(kNoon, {.item = 5});
  tell(kNoon, {.item = 6});
  EXPECT_THAT(lines({.by = WindowsBy::kFile}), ElementsAre("0 file:7 person1/a.csv 3 300"));
  EXPECT_THAT(lines({.by = WindowsBy::kItem}), ElementsAre("0 5  1 100", "0 6  1 100"));
  EXPECT_EQ(read({.own = Own{4, {6}}}).total.downloads, 1);
}

}  // namespace
}  // namespace lakelift::analytics
