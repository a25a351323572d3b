#include "edge/http/origin.h"

#include <gtest/gtest.h>

#include "edge/http/access_log.h"

namespace lakelift::http {
namespace {

RequestContext with(std::vector<std::pair<std::string, std::string>> headers) {
  RequestContext context;
  context.base_url = "https://lake.example:8443";
  context.headers = std::move(headers);
  return context;
}

// Threats A9, A10: look-alikes are not us.
TEST(Origin, OnlyOurPagesMayActWithACookie) {
  EXPECT_TRUE(is_same_origin(with({{"origin", "https://lake.example:8443"}})));
  EXPECT_TRUE(is_same_origin(with({{"sec-fetch-site", "same-origin"}})));
  EXPECT_TRUE(is_same_origin(with({{"origin", "https://lake.example:8443"}, {"sec-fetch-site", "same-origin"}})));
  for (const auto* origin :
       {"null", "https://lake.example", "http://lake.example:8443", "https://lake.example:84430",
        "https://evil-lake.example:8443", "https://lake.example.evil:8443", "https://lake.example:8443/", ""}) {
    EXPECT_FALSE(is_same_origin(with({{"origin", origin}}))) << origin;
  }
  EXPECT_FALSE(is_same_origin(with({})));
  EXPECT_FALSE(is_same_origin(with({{"sec-fetch-site", "same-site"}})));
  EXPECT_FALSE(is_same_origin(with({{"sec-fetch-site", "cross-site"}})));
  EXPECT_FALSE(is_same_origin(with({{"origin", "https://lake.example:8443"}, {"sec-fetch-site", "cross-site"}})));
}

TEST(Origin, KnowsLoopbackNames) {
  for (const auto* host : {"localhost", "localhost:1", "127.0.0.1:65535", "[::1]", "[::1]:80"})
    EXPECT_TRUE(is_loopback_host(host)) << host;
  for (const auto* host : {"", "localhost.evil", "localhost:", "localhost:x", "127.0.0.1.evil:80", "[::1]x", "10.0.0.1",
                           "localhost:123456"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

TEST(Origin, ThePublicUrlWins) {
  RequestContext context = with({{"host", "localhost:1"}});
  EXPECT_EQ(base_url_for({"https://lake.example/", {}, "http://127.0.0.1:3000"}, context, "127.0.0.1"),
            "https://lake.example");
  EXPECT_EQ(base_url_for({"", {}, "http://127.0.0.1:3000"}, context, "127.0.0.1"), "http://localhost:1");
  context.is_local = true;
  EXPECT_EQ(base_url_for({"", {}, "http://127.0.0.1:3000"}, context, "local"), "http://127.0.0.1:3000");
  EXPECT_EQ(base_url_for({"", {}, ""}, context, "local"), "http://localhost");
}

// Threats U5.
TEST(AccessLog, MasksWhatOpensSignedAddresses) {
  EXPECT_EQ(masked_path("/downloader/data/7/abc.def"), "/downloader/data/7/***");
  EXPECT_EQ(masked_path("/downloader/data/abc"), "/downloader/data/***");
  EXPECT_EQ(masked_path("/downloader/requests/7"), "/downloader/requests/7");
  const std::string mac(64, 'a');
  EXPECT_EQ(masked_path("//downloader/data/7/" + mac, false), "//downloader/data/7/***");
  EXPECT_EQ(masked_path("/downloader/data/7/" + mac + "/", false), "/downloader/data/7/***/***");
  EXPECT_EQ(masked_path("/d/" + mac + "/" + mac + "/x", false), "/d/***/***/x");
  EXPECT_EQ(masked_path("/" + mac, false), "/***");
  EXPECT_EQ(masked_path("/files/" + mac), "/files/" + mac);
}

TEST(AccessLog, TakesTheTraceIdOfATraceparent) {
  EXPECT_EQ(trace_id_of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), "4bf92f3577b34da6a3ce929d0e0e4736");
  for (const auto* broken :
       {"", "00-4bf92f3577b34da6a3ce929d0e0e4736", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473\n-00f067aa0ba902b7-01"}) {
    EXPECT_EQ(trace_id_of(broken), "") << broken;
  }
}

}  // namespace
}  // namespace lakelift::http
