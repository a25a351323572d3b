#include "backends/storage/azure/account.h"

#include <gmock/gmock.h>

#include <functional>

namespace lakelift::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

AzureOptions options() {
  return {.account = "lake", .account_key = "c2VjcmV0", .container = "objects", .prefix = "lakelift/", .endpoint = ""};
}

TEST(AzureAccount, IsAtTheVendorsHostUnlessToldOtherwise) {
  const auto account = check_azure_options(options());
  ASSERT_TRUE(account) << account.error().message;
  EXPECT_EQ(account->origin, "https://lake.blob.core.windows.net");
  EXPECT_EQ(account->host, "lake.blob.core.windows.net");
  EXPECT_TRUE(account->is_https);
  EXPECT_EQ(account->key, "secret");
  EXPECT_EQ(account->container_path(), "/objects");
  EXPECT_EQ(account->blob_path("ab"), "/objects/lakelift/ab");
}

TEST(AzureAccount, AnEndpointMayHaveAPortAndAPath) {
  AzureOptions given = options();
  given.endpoint = "http://127.0.0.1:10000/devstoreaccount1/";
  given.prefix = "a b/ü/";
  const auto account = check_azure_options(given);
  ASSERT_TRUE(account) << account.error().message;
  EXPECT_EQ(account->origin, "http://127.0.0.1:10000");
  EXPECT_FALSE(account->is_https);
  EXPECT_EQ(account->blob_path("ab"), "/devstoreaccount1/objects/a%20b/%C3%BC/ab");
}

struct Wrong {
  std::string option;
  std::function<void(AzureOptions&)> make;
};

TEST(AzureAccount, WrongOptionsAreRefusedByName) {
  std::vector<Wrong> cases;
  for (const std::string account : {"", "ab", "Lake", "la-ke", "abcdefghijklmnopqrstuvwxy", "la/ke"}) {
    cases.push_back({"account", [=](AzureOptions& o) { o.account = account; }});
  }
  for (const std::string container : {"", "ab", "-abc", "abc-", "a--b", "Abc", "a_b", "a/b", "a.b"}) {
    cases.push_back({"container", [=](AzureOptions& o) { o.container = container; }});
  }
  for (const std::string prefix : {"x", "/", "/x/", "a//b/", "./", "../x/", "a./", "a\\b/", "a\nb/", "\xff/"}) {
    cases.push_back({"prefix", [=](AzureOptions& o) { o.prefix = prefix; }});
  }
  for (const std::string key : {"", "no base64!", "c2VjcmV0=", "c2Vj cmV0"}) {
    cases.push_back({"account_key", [=](AzureOptions& o) { o.account_key = key; }});
  }
  for (const std::string endpoint : {"lake", "ftp://lake.example/", "https://", "https://u:p@lake.example/",
                                     "https://lake.example/?sv=1", "https://lake.example/#x", "//lake.example"}) {
    cases.push_back({"endpoint", [=](AzureOptions& o) { o.endpoint = endpoint; }});
  }
  for (const Wrong& wrong : cases) {
    AzureOptions given = options();
    wrong.make(given);
    const auto account = check_azure_options(given);
    ASSERT_FALSE(account) << wrong.option;
    EXPECT_EQ(account.error().code, Code::kInvalid);
    ASSERT_EQ(account.error().fields.size(), 1U);
    EXPECT_EQ(account.error().fields.front().field, wrong.option);
    EXPECT_THAT(account.error().message, HasSubstr(wrong.option));
    if (!given.account_key.empty()) {
      EXPECT_THAT(account.error().message, Not(HasSubstr(given.account_key)));
    }
  }
}

}  // namespace
}  // namespace lakelift::storage
