#include "app/issuer_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>

namespace lakelift::app {
namespace {

std::map<std::string, std::string> g_secrets;

std::string_view fake_environment(const std::string& name) {
  const auto found = g_secrets.find(name);
  return found == g_secrets.end() ? std::string_view() : found->second;
}

class IssuerConfigTest : public testing::Test {
 protected:
  void SetUp() override { g_secrets.clear(); }
  static std::string write(const std::string& name, const std::string& content) {
    const std::string path = testing::TempDir() + "lakelift-issuer-" + std::to_string(::getpid()) + name;
    std::ofstream(path) << content;
    return path;
  }
  static Result<std::vector<accounts::IssuerSettings>> read(const std::string& toml) {
    return read_issuers(write("config.toml", toml), fake_environment);
  }
  // The field that is wrong; "" where none is.
  static std::string wrong(const std::string& toml) {
    auto issuers = read(toml);
    if (!issuers) return issuers.error().fields.at(0).field;
    const auto checked = add_google(*issuers, {});
    return checked ? "" : checked.error().fields.at(0).field;
  }
  static std::string table(const std::string& more = "", const std::string& name = "work",
                           const std::string& issuer = "https://login.example.com") {
    return "[[oidc]]\nname = \"" + name + "\"\nissuer = \"" + issuer + "\"\nclient-id = \"id\"\n" + more + "\n";
  }
};

TEST_F(IssuerConfigTest, ReadsTables) {
  const auto issuers =
      read(table("label = \"Example Inc.\"\nclient-secret = \"s\"\nallowed-domains = [\"Example.COM\", \"b.example\"]\n"
                 "clock-skew-seconds = 300\nrefetch-seconds = 5") +
           table("", "two", "http://127.0.0.1:9000"));
  ASSERT_TRUE(issuers) << issuers.error().message;
  ASSERT_EQ(issuers->size(), 2U);
  const auto& first = issuers->front();
  EXPECT_EQ(first.label, "Example Inc.");
  EXPECT_EQ(first.client_secret, "s");
  EXPECT_EQ(first.allowed_domains, (std::vector<std::string>{"example.com", "b.example"}));
  EXPECT_EQ(first.clock_skew_seconds, 300);
  EXPECT_EQ(first.refetch_seconds, 5);
  EXPECT_EQ(issuers->back().label, "two");
  EXPECT_EQ(issuers->back().client_secret, "");
  EXPECT_EQ(issuers->back().clock_skew_seconds, limits::kTokenSkewSeconds);
  EXPECT_EQ(shown(first).find("s "), std::string::npos);
  EXPECT_NE(shown(first).find("client-secret=***"), std::string::npos);
  EXPECT_TRUE(read("port = 1")->empty());
  EXPECT_TRUE(read_issuers("", fake_environment)->empty());
}

TEST_F(IssuerConfigTest, ASecretComesFromThreePlaces) {
  const std::string file = write("secret", "from a file\n");
  EXPECT_EQ(read(table("client-secret-file = \"" + file + "\""))->front().client_secret, "from a file");
  g_secrets["LAKELIFT_OIDC_WORK_CLIENT_SECRET"] = "from the environment";
  EXPECT_EQ(read(table("client-secret-file = \"" + file + "\""))->front().client_secret, "from the environment");
  EXPECT_EQ(read(table("client-secret = \"s\""))->front().client_secret, "from the environment");
  g_secrets["LAKELIFT_OIDC_MY_OWN_CLIENT_SECRET"] = "x";
  EXPECT_EQ(read(table("", "my-own"))->front().client_secret, "x");
}

TEST_F(IssuerConfigTest, NamesWhatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"oidc = 1", "oidc"},
      {"oidc = [1]", "oidc"},
      {"[oidc]\nname = \"a\"", "oidc"},
      {"[[oidc]]\n", "oidc[1].name"},
      {table("", "Work"), "oidc[1].name"},
      {table("", "a b"), "oidc[1].name"},
      {table("", ""), "oidc[1].name"},
      {table("", "work", "http://login.example.com"), "oidc.work.issuer"},
      {table("", "work", "login.example.com"), "oidc.work.issuer"},
      {table("", "work", ""), "oidc.work.issuer"},
      {"[[oidc]]\nname = \"work\"\nissuer = \"https://a.example\"", "oidc.work.client-id"},
      {table("client-secret = 5"), "oidc.work.client-secret"},
      {table("client-secret-file = \"/no/such/file\""), "oidc.work.client-secret-file"},
      {table("client-secret = \"a\"\nclient-secret-file = \"/etc/hostname\""), "oidc.work.client-secret"},
      {table("allowed-domains = \"example.com\""), "oidc.work.allowed-domains"},
      {table("allowed-domains = [\"@example.com\"]"), "oidc.work.allowed-domains"},
      {table("allowed-domains = [5]"), "oidc.work.allowed-domains"},
      {table("allowed-domains = [\"localhost\"]"), "oidc.work.allowed-domains"},
      {table("clock-skew-seconds = 301"), "oidc.work.clock-skew-seconds"},
      {table("clock-skew-seconds = -1"), "oidc.work.clock-skew-seconds"},
      {table("clock-skew-seconds = \"60\""), "oidc.work.clock-skew-seconds"},
      {table("refetch-seconds = 0"), "oidc.work.refetch-seconds"},
      {table("clientid = \"x\""), "oidc.work.clientid"},
      {table() + table("", "work", "https://other.example"), "oidc.work.name"},
      {table() + table("", "two"), "oidc.two.issuer"},
      {table("x ="), "config"},
  };
  for (const auto& [toml, field] : cases) EXPECT_EQ(wrong(toml), field) << toml;
  EXPECT_EQ(wrong(table()), "");
  const auto secret = read(table("client-secret = \"hunter2\"\nclient-secret-file = \"/etc/hostname\""));
  EXPECT_EQ(secret.error().message.find("hunter2"), std::string::npos);
}

TEST_F(IssuerConfigTest, GoogleByItself) {
  std::vector<accounts::IssuerSettings> issuers;
  ASSERT_TRUE(add_google(issuers, {"id", "secret", "", {"Example.com"}}));
  EXPECT_EQ(issuers.at(0).issuer, "https://accounts.google.com");
  EXPECT_EQ(issuers.at(0).name, "google");
  EXPECT_EQ(issuers.at(0).allowed_domains, (std::vector<std::string>{"example.com"}));
  EXPECT_EQ(add_google(issuers, {"id", "", "", {}}).error().fields.at(0).field, "oidc.google.name");
  issuers.clear();
  EXPECT_TRUE(add_google(issuers, {}));
  EXPECT_TRUE(issuers.empty());
  EXPECT_EQ(add_google(issuers, {"", "", "", {"example.com"}}).error().fields.at(0).field, "google-client-id");
  EXPECT_EQ(add_google(issuers, {"id", "s", "/etc/hostname", {}}).error().fields.at(0).field, "google-client-secret");
  EXPECT_EQ(add_google(issuers, {"id", "", "", {"x y"}}).error().fields.at(0).field, "allowed-domains");
}

}  // namespace
}  // namespace lakelift::app
