// The scrub and the sweep as administrators see them (docs/files.md, When bytes go bad).
#include <gtest/gtest.h>

#include <thread>

#include "edge/http/routes/test_world.h"

namespace lakelift::http {
namespace {

class StorageRoutes : public ::testing::Test {
 protected:
  StorageRoutes() {
    const auto admin =
        testing::value_of(world_.accounts.create("admin@example.com", accounts::AccountType::kAdmin, std::nullopt));
    token_ = testing::value_of(world_.accounts.issue_token(admin, std::nullopt)).token;
  }
  json::object call(Method method, const std::string& path, int status) {
    const Response response = world_.ask(world_.routes, {.method = method, .path = path, .body = {}, .token = token_});
    EXPECT_EQ(response.status, status);
    return testing::value_of(parse_json(std::get<std::string>(response.body))).as_object();
  }
  json::object scrubbed() {
    call(Method::kPost, "/storage/scrub", 202);
    while (world_.keeper.scrub_report().is_running) std::this_thread::yield();
    return call(Method::kGet, "/storage/scrub", 200);
  }

  testing::World world_;
  std::string token_;
};

TEST_F(StorageRoutes, BeforeTheFirstScrubThereIsNothingToTell) {
  EXPECT_EQ(to_canonical_text(call(Method::kGet, "/storage/scrub", 200)),
            to_canonical_text(json::object{{"@event", "SCRUB_READ"},
                                           {"@type", "scrub"},
                                           {"state", "idle"},
                                           {"started_at", nullptr},
                                           {"finished_at", nullptr},
                                           {"objects", 0},
                                           {"bytes", 0},
                                           {"objects_total", 0},
                                           {"bytes_total", 0},
                                           {"findings", json::array()},
                                           {"quarantined", 0}}));
}

TEST_F(StorageRoutes, AScrubTellsWhatIsDamagedAndWhoHangsOnIt) {
  const std::string key = "00112233445566778899aabbccddeeff";
  testing::must(world_.database->write([&](metadata::Transaction& tx) -> Result<void> {
    TRY_VOID(
        tx.exec("INSERT INTO slices_results (normal_key, item_id, source_version, object_key, size_bytes, sha256,"
                " rows_written, run_id, created_at) VALUES ('k', 7, 'v', ?, 5, 'x', 1, 'r', 0)",
                {key}));
    return {};
  }));
  const json::object report = scrubbed();
  EXPECT_EQ(report.at("state"), "idle");
  EXPECT_EQ(report.at("objects_total"), 1);
  EXPECT_EQ(report.at("quarantined"), 1);
  EXPECT_EQ(report.at("started_at"), json::value(iso8601(world_.clock.now())));
  EXPECT_EQ(report.at("finished_at"), json::value(iso8601(world_.clock.now())));
  EXPECT_EQ(to_canonical_text(report.at("findings")),
            to_canonical_text(
                json::array{json::object{{"object", key}, {"problem", "missing"}, {"subjects", json::array()}}}));
  EXPECT_EQ(world_.keeper.open({key, 5, "x"}).error().event, "STORED_OBJECT_BROKEN");
}

TEST_F(StorageRoutes, ASweepTellsWhatItRemoved) {
  ASSERT_TRUE(storage::testing::put(world_.store, storage::new_key(world_.random), "orphan"));
  EXPECT_EQ(to_canonical_text(call(Method::kPost, "/storage/sweep", 200)),
            to_canonical_text(json::object{
                {"@event", "STORAGE_SWEPT"}, {"@type", "sweep"}, {"orphans", 1}, {"bytes", 6}, {"staged", 0}}));
  EXPECT_EQ(call(Method::kPost, "/storage/sweep", 200).at("orphans"), 0);
}

}  // namespace
}  // namespace lakelift::http
