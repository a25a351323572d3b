#include "edge/cli/profiles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/cli/cli.h"
#include "edge/cli/testing/fake_lakelift.h"
#include "edge/cli/testing/run_cli.h"

namespace lakelift::cli {
namespace {

using ::testing::HasSubstr;
using testing::run_cli;
using testing::slurp;
using testing::spit;

TEST(Profiles, AreAddedAndTheRestStays) {
  const std::string before = "# mine\noutput = \"json\"  # always\n\n[profile.a]\nserver = \"http://a\"";
  const auto after = with_profile(before, {"b", "http://b\"", "", false});
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_TRUE(after->starts_with(before + "\n\n[profile.b]\nserver = "));
  const auto profiles = profiles_of(*after);
  ASSERT_EQ(profiles->size(), 2U);
  EXPECT_EQ(profiles->at(1).server, "http://b\"");
  EXPECT_EQ(with_profile("", {"b", "", "/data", false}), "[profile.b]\ndata = '/data'\n");
  EXPECT_EQ(with_profile(before, {"a", "http://x", "", false}).error().event, "PROFILE_EXISTS_ALREADY");
  for (const char* name : {"", "a.b", "a b", "é", "]"})
    EXPECT_EQ(with_profile(before, {name, "http://x", "", false}).error().code, Code::kInvalid) << name;
  EXPECT_EQ(with_profile("broken = [", {"b", "", "", false}).error().event, "CONFIG_NOT_VALID");
}

TEST(Profiles, TheDefaultIsSetInPlace) {
  const std::string rest = "[profile.a]\nserver = \"x\"\n[profile.b]\nserver = \"y\"\n";
  const auto first = with_default_profile("# top\n" + rest, "b");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(profiles_of(*first)->at(1).is_default);
  const auto second = with_default_profile(*first, "a");
  ASSERT_TRUE(second);
  EXPECT_THAT(*second, HasSubstr("# top\n" + rest));
  EXPECT_TRUE(profiles_of(*second)->at(0).is_default);
  EXPECT_FALSE(profiles_of(*second)->at(1).is_default);
  EXPECT_EQ(with_default_profile(rest, "c").error().event, "PROFILE_NOT_FOUND");
  // A line that only looks like it.
  const std::string tricky = "note = '''\ndefault_profile = 1\n'''\ndefault_profile = 'a'\n" + rest;
  EXPECT_EQ(with_default_profile(tricky, "b").error().event, "CONFIG_NOT_VALID");
}

TEST(ProfileCommands, NameAServer) {
  testing::FakeLakelift fake;
  const testing::TempFolder home;
  const auto run = [&](std::vector<std::string> args) {
    return run_cli(std::move(args), {.env = {{"HOME", home.path()}}, .in = {}, .host = {}});
  };
  EXPECT_EQ(run({"profile", "add", "lab"}).code, kUsage);
  EXPECT_EQ(run({"profile", "add", "lab", "--server", fake.url() + "/"}).code, kOk);
  EXPECT_EQ(run({"profile", "add", "lab", "--server", fake.url()}).code, kRefused);
  EXPECT_EQ(run({"profile", "add", "here", "--data", "/nowhere"}).code, kOk);
  EXPECT_EQ(run({"--profile", "lab", "catalogue", "list", "--output", "id"}).out, "7\n");
  EXPECT_EQ(run({"profile", "use", "nobody"}).code, kNotFound);
  EXPECT_EQ(run({"profile", "use", "lab"}).code, kOk);
  EXPECT_EQ(run({"catalogue", "list", "--output", "id"}).out, "7\n");
  EXPECT_EQ(run({"profile", "list", "--output", "csv"}).out,
            "name,server,data,is_default\r\nhere,,/nowhere,false\r\nlab," + fake.url() + ",,true\r\n");
}

}  // namespace
}  // namespace lakelift::cli
