#include "backends/events/event.h"

#include <gtest/gtest.h>

#include "backends/ledger/transfer_entry.h"

namespace lakelift::events {
namespace {

constexpr Micros kAt = 1'795'757'618'000'012;  // 2026-11-27 05:33:38.000012
const std::string kId = "019abcde-0000-7000-8000-00000000000f";

ledger::Recorded recorded(ledger::Entry entry) { return {7, kId, kAt, std::move(entry)}; }

ledger::Entry upload() {
  ledger::Entry entry;
  entry.kind = ledger::kUploaded;
  entry.actor = 3;
  entry.subject_kind = "file";
  entry.subject_id = "12";
  entry.bytes = 100;
  entry.detail = {{"owner", "alice"}, {"path", "trips/a.csv"}};
  return entry;
}

ledger::TransferEntry download() {
  ledger::TransferEntry transfer;
  transfer.kind = ledger::TransferKind::kDownload;
  transfer.subject = {"file", "12", 3, "alice", "a.csv", std::nullopt, "00ff", 100};
  transfer.person_id = 4;
  transfer.person = "bob";
  transfer.sent_bytes = 140;
  transfer.session = "s";
  return transfer;
}

Event must(const ledger::Recorded& entry) {
  const auto made = event_of(entry);
  EXPECT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made && *made);
  return made && *made ? **made : Event{};
}

TEST(EventTest, AnUploadIsWhatLiftBitsConsumersKnow) {
  const Event event = must(recorded(upload()));
  EXPECT_EQ(event.value,
            R"({"type":"upload","info":"{\"owner_username\":\"alice\",\"path\":\"trips/a.csv\",\"size_bytes\":100}",)"
            R"("timestamp":"2026-11-27 05:33:38.000012"})");
  EXPECT_EQ(event.key, "alice/trips/a.csv");
  EXPECT_EQ(event.id, kId);
  EXPECT_EQ(event.seq, 7);
  EXPECT_EQ(event.at, kAt);
}

TEST(EventTest, ADownloadSaysWhoTookItAndHowMuchWent) {
  const Event event = must(recorded(ledger::to_entry(download(), kAt)));
  EXPECT_EQ(event.value,
            R"({"type":"download","info":"{\"owner_username\":\"alice\",\"path\":\"a.csv\",\"size_bytes\":100,)"
            R"(\"downloader_username\":\"bob\",\"bytes_sent\":140}","timestamp":"2026-11-27 05:33:38.000012"})");
  EXPECT_EQ(event.key, "alice/a.csv");
}

TEST(EventTest, NamesOfAnyKindComeBackAsTheyWere) {
  auto transfer = download();
  transfer.subject.path = "ü \"quoted\"\\back/ツ.csv";
  const Event event = must(recorded(ledger::to_entry(transfer, kAt)));
  const auto value = parse_json(event.value);
  ASSERT_TRUE(value);
  const auto info = parse_json(find_string(value->get_object(), "info").value_or(""));
  ASSERT_TRUE(info);
  EXPECT_EQ(find_string(info->get_object(), "path"), transfer.subject.path);
  EXPECT_EQ(event.key, "alice/" + transfer.subject.path);
}

TEST(EventTest, AnAnswerAndAllElseIsNoEvent) {
  auto transfer = download();
  transfer.kind = ledger::TransferKind::kAnswer;
  const auto answer = event_of(recorded(ledger::to_entry(transfer, kAt)));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(*answer);
  ledger::Entry other = upload();
  other.kind = "file.deleted";
  const auto deleted = event_of(recorded(other));
  ASSERT_TRUE(deleted);
  EXPECT_FALSE(*deleted);
}

TEST(EventTest, ABrokenOneSaysWhatIsMissing) {
  ledger::Entry entry = upload();
  entry.detail.erase("path");
  const auto made = event_of(recorded(entry));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kCorrupt);
  EXPECT_NE(made.error().message.find("a path"), std::string::npos) << made.error().message;
  auto without_id = recorded(upload());
  without_id.id = "7";
  EXPECT_EQ(event_of(without_id).error().code, Code::kCorrupt);
}

TEST(EventTest, TheTraceIsTheCallsOrMadeOfTheId) {
  auto transfer = download();
  transfer.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  EXPECT_EQ(must(recorded(ledger::to_entry(transfer, kAt))).traceparent,
            "00-4bf92f3577b34da6a3ce929d0e0e4736-800000000000000f-01");
  const std::string own = "00-019abcde00007000800000000000000f-800000000000000f-01";
  for (const std::string bad : {"", "4bf9", "00000000000000000000000000000000", "4BF92F3577B34DA6A3CE929D0E0E4736"}) {
    transfer.trace_id = bad;
    EXPECT_EQ(must(recorded(ledger::to_entry(transfer, kAt))).traceparent, own) << bad;
  }
}

TEST(EventTest, TimestampsHaveSixDigitsAlways) {
  EXPECT_EQ(timestamp_of(0), "1970-01-01 00:00:00.000000");
  EXPECT_EQ(timestamp_of(kAt - 12), "2026-11-27 05:33:38.000000");
}

}  // namespace
}  // namespace lakelift::events
