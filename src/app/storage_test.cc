// What stops a start, and what it says (no cloud is called: the others are tested where one is).
#include "app/storage.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "backends/storage/testing/memory_store.h"
#include "backends/storage/testing/temporary_root.h"

namespace lakelift::app {
namespace {

std::map<std::string, std::string> g_environment;

std::string_view fake_environment(const std::string& name) {
  const auto found = g_environment.find(name);
  return found == g_environment.end() ? std::string_view() : found->second;
}

class StorageTest : public ::testing::Test {
 protected:
  void SetUp() override { g_environment = {{"AWS_EC2_METADATA_DISABLED", "true"}, {"HOME", "/nowhere"}}; }
  Result<std::unique_ptr<Storage>> open() {
    return Storage::open({config_, root_.path(), "", "0123", true, fake_environment, clock_, random_});
  }
  // The error's fields and message as one text.
  std::string refusal() {
    const auto opened = open();
    if (opened) return "it was opened";
    std::string out = opened.error().message;
    for (const auto& field : opened.error().fields) out += " [" + field.field + "]";
    return out;
  }

  StorageConfig config_;
  storage::testing::TemporaryRoot root_;
  ManualClock clock_;
  SystemRandom random_;
};

TEST_F(StorageTest, TheDiskIsTheDataFolder) {
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
  const std::string key = storage::new_key(random_);
  ASSERT_TRUE(storage::testing::put((*opened)->places(), key, "hello"));
  EXPECT_TRUE(std::filesystem::exists(root_.path() + "/objects/" + key.substr(0, 2) + "/" + key.substr(2)));
  EXPECT_FALSE((*opened)->places().is_remote());
}

TEST_F(StorageTest, MissingCredentialsAreNamed) {
  config_.addresses = {"s3://bucket"};
  EXPECT_NE(refusal().find("S3_KEY_ID"), std::string::npos) << refusal();
  g_environment["S3_KEY_ID"] = "id";
  EXPECT_NE(refusal().find("S3_KEY_SECRET"), std::string::npos) << refusal();
  config_.addresses = {"azure://container"};
  EXPECT_NE(refusal().find("[azure-account]"), std::string::npos) << refusal();
  config_.azure_account = "acme";
  EXPECT_NE(refusal().find("AZURE_STORAGE_KEY"), std::string::npos) << refusal();
}

TEST_F(StorageTest, APlaceThatCanNotBeReachedStopsTheStartWithoutTellingSecrets) {
  g_environment["S3_KEY_ID"] = "the-id";
  g_environment["S3_KEY_SECRET"] = "the-secret";
  config_.addresses = {"s3://bucket"};
  config_.s3_endpoint = "http://127.0.0.1:1";
  const std::string text = refusal();
  EXPECT_NE(text.find("s3://bucket"), std::string::npos) << text;
  EXPECT_EQ(text.find("the-secret"), std::string::npos) << text;
  config_.s3_endpoint = "http://192.0.2.1:9000";  // plain http to another machine
  EXPECT_NE(refusal().find("https"), std::string::npos) << refusal();
}

}  // namespace
}  // namespace lakelift::app
