#include "backends/ledger/transfer_entry.h"

#include <gtest/gtest.h>

#include "backends/metadata/testing/temporary_database.h"

namespace lakelift::ledger {
namespace {

class TransferEntryTest : public ::testing::Test {
 protected:
  static TransferEntry whole(TransferKind kind) {
    TransferEntry out;
    out.kind = kind;
    out.subject = {.kind = "file",
                   .id = "7",
                   .owner_id = 1,
                   .owner = "alice",
                   .path = "reports/ü \"may\".csv",
                   .item_id = 12,
                   .object = "00ff",
                   .size_bytes = 5'000'000'000};
    out.person_id = 2;
    out.person = "bob";
    out.sent_bytes = 100;
    out.session = "019abcde-0000-7000-8000-000000000001";
    out.trace_id = "0af7651916cd43dd8448eb211c80319c";
    return out;
  }
  // As the ledger gives it back.
  Recorded through_the_ledger(const Entry& entry) {
    const auto read = database_->write([&](metadata::Transaction& t) -> Result<std::vector<Recorded>> {
      TRY_VOID(ledger_.append(t, entry));
      return ledger_.after(t, 0, 10);
    });
    EXPECT_TRUE(read);
    return read ? read->back() : Recorded();
  }
  static TransferEntry value_of(const Result<std::optional<TransferEntry>>& result) {
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    EXPECT_TRUE(result && *result) << "it is a transfer";
    return result && *result ? **result : TransferEntry();
  }
  static Recorded recorded(Entry entry) { return {.seq = 3, .id = "id", .at = 5, .entry = std::move(entry)}; }
  // What is said to be missing of it.
  static std::string missing(const Entry& entry) {
    const auto read = transfer_of(recorded(entry));
    if (read) return "nothing";
    EXPECT_EQ(read.error().code, Code::kCorrupt);
    return read.error().message;
  }
  // A file that was stored, as domain/files writes it.
  static Entry uploaded() {
    Entry entry;
    entry.kind = "file.uploaded";
    entry.actor = 1;
    entry.subject_kind = "file";
    entry.subject_id = "7";
    entry.object = "00ff";
    entry.bytes = 100;
    entry.detail = {{"owner", "alice"}, {"path", "a.csv"}, {"replaced", false}};
    return entry;
  }

  metadata::testing::TemporaryDatabase database_{{migrations()}};
  ManualClock clock_;
  SeededRandom random_;
  Ledger ledger_{clock_, random_};
};

TEST_F(TransferEntryTest, ComesBackAsItWas) {
  for (const TransferKind kind : {TransferKind::kAnswer, TransferKind::kDownload}) {
    const TransferEntry entry = whole(kind);
    const Recorded back = through_the_ledger(to_entry(entry, 1'234));
    EXPECT_EQ(back.at, 1'234);
    EXPECT_EQ(value_of(transfer_of(back)), entry);
  }
}

TEST_F(TransferEntryTest, OfASliceWithoutWhatMayBeMissing) {
  TransferEntry entry = whole(TransferKind::kDownload);
  entry.subject.kind = "download_request";
  entry.subject.path = "slices/weather.hourly-12.csv";
  entry.subject.owner_id = entry.person_id;  // it is their own
  entry.subject.owner = entry.person;
  entry.subject.item_id.reset();
  entry.subject.size_bytes = 0;
  entry.sent_bytes = 0;
  entry.trace_id.clear();
  const Recorded back = through_the_ledger(to_entry(entry, 1));
  EXPECT_FALSE(back.entry.on_behalf);
  EXPECT_EQ(find(back.entry.detail, "trace_id"), nullptr);
  EXPECT_EQ(value_of(transfer_of(back)), entry);
}

TEST_F(TransferEntryTest, TheEntryIsOneForHistoriesAndAudits) {
  const Entry entry = to_entry(whole(TransferKind::kDownload), 1);
  EXPECT_EQ(entry.kind, "download");
  EXPECT_EQ(to_entry(whole(TransferKind::kAnswer), 1).kind, "transfer");
  EXPECT_EQ(entry.actor, 2);
  EXPECT_EQ(entry.on_behalf, 1);
  EXPECT_EQ(entry.subject_kind, "file");
  EXPECT_EQ(entry.subject_id, "7");
  EXPECT_EQ(entry.object, "00ff");
  EXPECT_EQ(entry.bytes, 100);
}

TEST_F(TransferEntryTest, AnUploadIsReadFromWhatFilesWrite) {
  const TransferEntry read = value_of(transfer_of(through_the_ledger(uploaded())));
  EXPECT_EQ(read.kind, TransferKind::kUpload);
  EXPECT_EQ(read.subject.owner, "alice");
  EXPECT_EQ(read.subject.owner_id, 1);
  EXPECT_EQ(read.subject.path, "a.csv");
  EXPECT_EQ(read.subject.object, "00ff");
  EXPECT_EQ(read.subject.size_bytes, 100);
  EXPECT_EQ(read.sent_bytes, 100);
  EXPECT_EQ(read.person_id, 1);
  Entry for_another = uploaded();
  for_another.actor = 9;
  for_another.on_behalf = 1;
  const TransferEntry other = value_of(transfer_of(recorded(for_another)));
  EXPECT_EQ(other.subject.owner_id, 1);
  EXPECT_EQ(other.person_id, 9);
}

TEST_F(TransferEntryTest, OtherKindsAreNone) {
  for (const char* kind : {"file.granted", "download.x", "transfers", "file.uploaded.x", "request.created"}) {
    Entry entry = uploaded();
    entry.kind = kind;
    const auto read = transfer_of(recorded(entry));
    ASSERT_TRUE(read) << kind;
    EXPECT_FALSE(*read) << kind;
  }
}

TEST_F(TransferEntryTest, SaysWhatIsMissing) {
  const Entry good = to_entry(whole(TransferKind::kDownload), 1);
  EXPECT_EQ(missing(good), "nothing");
  const auto without = [&](const char* name) {
    Entry entry = good;
    entry.detail.erase(name);
    return missing(entry);
  };
  EXPECT_EQ(without("owner"), "entry id of the ledger is a download without an owner");
  EXPECT_EQ(without("path"), "entry id of the ledger is a download without a path");
  EXPECT_EQ(without("person"), "entry id of the ledger is a download without the person's name");
  EXPECT_EQ(without("session"), "entry id of the ledger is a download without a session");
  EXPECT_EQ(without("size_bytes"), "entry id of the ledger is a download without the object's size");
  EXPECT_EQ(without("trace_id"), "nothing");
  EXPECT_EQ(without("catalogue_item"), "nothing");
  Entry entry = good;
  entry.bytes = -1;
  EXPECT_EQ(missing(entry), "entry id of the ledger is a download without bytes");
  entry.bytes.reset();
  EXPECT_EQ(missing(entry), "entry id of the ledger is a download without bytes");
  entry = good;
  entry.actor.reset();
  EXPECT_EQ(missing(entry), "entry id of the ledger is a download without a person");
  entry = good;
  entry.detail["size_bytes"] = -1;
  EXPECT_EQ(missing(entry), "entry id of the ledger is a download without the object's size");
  entry.detail["size_bytes"] = "100";
  EXPECT_EQ(missing(entry), "entry id of the ledger is a download without the object's size");
  entry = good;
  entry.detail["owner"] = "";
  EXPECT_EQ(missing(entry), "entry id of the ledger is a download without an owner");
}

}  // namespace
}  // namespace lakelift::ledger
