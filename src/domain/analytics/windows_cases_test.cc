// The text cases of tests/cases/windows, whose README is their contract: the Spark job has the same ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "backends/ledger/transfer_entry.h"
#include "backends/metadata/testing/temporary_database.h"
#include "base/log.h"
#include "domain/analytics/windows.h"

namespace lakelift::analytics {
namespace {

namespace fs = std::filesystem;

template <typename T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << describe(result.error());
    abort();
  }
  return *std::move(result);
}

// "2026-11-27T05:33:38.000012Z"
Micros time_of(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr || *rest != '.') ADD_FAILURE() << text << " is no time";
  const Micros at = rest == nullptr ? 0 : ::timegm(&parts) * kMicrosPerSecond + std::stoll(rest + 1);
  EXPECT_EQ(iso8601(at), text);
  return at;
}

using Windows = std::map<std::string, std::pair<std::int64_t, std::int64_t>>;  // start → downloads, bytes

struct Expected {
  Windows windows;
  std::int64_t malformed = 0;
};

class WindowsCase {
 public:
  // Plays one file and compares.
  void run(const fs::path& path) {
    std::ifstream file(path);
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
      SCOPED_TRACE(path.filename().string() + ":" + std::to_string(number));
      if (!line.empty() && !line.starts_with('#')) statement(line);
    }
    SCOPED_TRACE(path.filename().string());
    ASSERT_TRUE(view_) << "no window";
    EXPECT_EQ(counted(), expected_.windows);
    EXPECT_EQ(value_of(view_->glance(0)).malformed, expected_.malformed);
    value_of(view_->rebuild());
    EXPECT_EQ(counted(), expected_.windows) << "made anew";
  }

 private:
  void statement(const std::string& line) {
    std::istringstream in(line);
    std::string word;
    in >> word;
    if (word == "window") return open(in);
    ASSERT_TRUE(view_) << "the first statement is not `window`";
    if (word == "event") return event(in);
    if (word == "again") return again(in);
    if (word == "malformed") return malformed();
    if (word == "renamed") return renamed(in);
    if (word == "--") return border();
    if (word == "expect" || word == "expect-in-process") return expect(in);
    if (word != "watermark" && word != "late") FAIL() << "no statement: " << line;  // those are the Spark job's
  }
  void open(std::istringstream& in) {
    std::int64_t seconds = 0;
    in >> seconds;
    view_.emplace(*database_, ledger_, WindowsOptions{.window_seconds = seconds});
  }
  void border() { EXPECT_TRUE(view_->catch_up()); }
  std::int64_t number_of(std::map<std::string, std::int64_t>& numbers, const std::string& name) {
    return numbers.try_emplace(name, static_cast<std::int64_t>(numbers.size()) + 1).first->second;
  }
  void event(std::istringstream& in) {
    std::string id;
    std::string type;
    std::string owner;
    std::string path;
    std::string person;
    std::string time;
    std::int64_t size = -1;
    in >> id >> type >> owner >> path >> size >> person >> time;
    ASSERT_TRUE(type == "download" || type == "upload") << type;
    ledger::Entry entry = ledger::to_entry({.kind = ledger::TransferKind::kDownload,
                                            .subject = {.kind = "file",
                                                        .id = std::to_string(number_of(files_, owner + "/" + path)),
                                                        .owner_id = number_of(accounts_, owner),
                                                        .owner = owner,
                                                        .path = path,
                                                        .item_id = {},
                                                        .object = "0f",
                                                        .size_bytes = size},
                                            .person_id = number_of(accounts_, person),
                                            .person = person,
                                            .sent_bytes = size,
                                            .session = "of " + id,
                                            .trace_id = {}},
                                           time_of(time));
    if (type == "upload") entry.kind = ledger::kUploaded;
    entries_[id] = entry;
    EXPECT_EQ(add(id, entry), 1) << "an id that was there already";
  }
  void again(std::istringstream& in) {
    std::string id;
    in >> id;
    ASSERT_TRUE(entries_.contains(id)) << id;
    EXPECT_EQ(add(id, entries_[id]), 0) << "the ledger has an entry twice";
  }
  void malformed() {
    ledger::Entry entry;
    entry.kind = ledger::kDownloaded;
    entry.subject_kind = "file";
    entry.subject_id = "1";
    entry.bytes = 5;
    ++expected_.malformed;
    EXPECT_EQ(add("malformed " + std::to_string(expected_.malformed), entry), 1);
  }
  void renamed(std::istringstream& in) {
    std::string owner;
    std::string before;
    std::string after;
    in >> owner >> before >> after;
    auto node = files_.extract(owner + "/" + before);
    ASSERT_FALSE(node.empty()) << before;
    // Whoever takes the old name later is another file.
    node.key() = owner + "/" + after;
    files_.insert(std::move(node));
  }
  void expect(std::istringstream& in) {
    std::string start;
    std::int64_t downloads = -1;
    std::int64_t bytes = -1;
    in >> start >> downloads >> bytes;
    EXPECT_FALSE(in.fail());
    expected_.windows[iso8601(time_of(start))] = {downloads, bytes};
  }
  // As Ledger::append, with an id that is given. How many entries came of it.
  std::int64_t add(const std::string& id, const ledger::Entry& entry) {
    return value_of(database_->write([&](metadata::Transaction& tx) {
      return tx.exec(
          "INSERT INTO ledger(id, at, kind, actor, on_behalf, subject_kind, subject_id, object, bytes, detail)"
          " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
          {id, entry.at.value_or(0), entry.kind, entry.actor, entry.on_behalf, entry.subject_kind, entry.subject_id,
           entry.object, entry.bytes, to_text(entry.detail)});
    }));
  }
  Windows counted() {
    Windows out;
    for (const auto& line : value_of(view_->read({.limit = 1'000})).lines) {
      if (line.figures.downloads > 0) out[iso8601(line.start)] = {line.figures.downloads, line.figures.size_bytes};
    }
    return out;
  }

  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), migrations()}};
  ManualClock clock_;
  SeededRandom random_;
  ledger::Ledger ledger_{clock_, random_};
  std::optional<WindowsView> view_;
  std::map<std::string, ledger::Entry> entries_;
  std::map<std::string, std::int64_t> files_;
  std::map<std::string, std::int64_t> accounts_;
  Expected expected_;
};

TEST(WindowsCasesTest, AreCountedAsTheySay) {
  std::vector<fs::path> paths;
  for (const auto& file : fs::directory_iterator(LAKELIFT_CASES_DIR "/windows")) {
    if (file.path().extension() == ".txt") paths.push_back(file.path());
  }
  std::ranges::sort(paths);
  ASSERT_GE(paths.size(), 14);
  for (const auto& path : paths) WindowsCase().run(path);
}

}  // namespace
}  // namespace lakelift::analytics
