#include "edge/http/routes/sign_in_browser.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace lakelift::http {
namespace {

RequestContext with_cookies(const std::string& cookies, const std::string& base_url = "http://127.0.0.1:3000") {
  RequestContext context;
  context.base_url = base_url;
  if (!cookies.empty()) context.headers.emplace_back("cookie", cookies);
  return context;
}

std::string cookie_set(const Response& response) {
  for (const auto& [name, value] : response.headers) {
    if (name == "Set-Cookie") return value;
  }
  return "";
}

TEST(SignInBrowser, IsKnownByItsCookie) {
  SeededRandom random;
  const RequestContext first = with_cookies("");
  const Browser browser = browser_of(first, random);
  EXPECT_TRUE(browser.is_new);
  EXPECT_EQ(browser.secret.size(), 64U);
  Response response;
  remember(browser, first, response);
  EXPECT_EQ(cookie_set(response),
            "lakelift-browser=" + browser.secret + "; Path=/accounts/; Max-Age=3600; HttpOnly; SameSite=Lax");

  const RequestContext again = with_cookies("a=b; lakelift-browser=" + browser.secret + "; c=d");
  const Browser known = browser_of(again, random);
  EXPECT_FALSE(known.is_new);
  EXPECT_EQ(known.secret, browser.secret);
  Response none;
  remember(known, again, none);
  EXPECT_EQ(cookie_set(none), "");
  const std::vector<std::string> others{"", "x", "g" + browser.secret.substr(1), browser.secret + "00"};
  for (const auto& other : others) {
    EXPECT_TRUE(browser_of(with_cookies("lakelift-browser=" + other), random).is_new) << other;
  }
  EXPECT_TRUE(browser_of(with_cookies("xlakelift-browser=" + browser.secret), random).is_new);
}

TEST(SignInBrowser, OverHttpsItsCookiesAreSecure) {
  SeededRandom random;
  const RequestContext context = with_cookies("", "https://lake.example");
  Response response;
  remember(browser_of(context, random), context, response);
  EXPECT_TRUE(cookie_set(response).ends_with("; Secure"));
  Response token;
  set_token_cookie("a.b.c", 60, context, token);
  EXPECT_EQ(cookie_set(token), "lakey-auth-token=a.b.c; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
  Response cleared;
  clear_token_cookie(with_cookies(""), cleared);
  EXPECT_EQ(cookie_set(cleared), "lakey-auth-token=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
}

TEST(SignInBrowser, ATicketIsOfOneBrowserAndOneSubject) {  // A9
  const Browser mine{std::string(64, 'a'), false};
  const Browser other{std::string(64, 'b'), false};
  const std::string ticket = ticket_of(mine, "subject");
  EXPECT_TRUE(is_ticket(ticket, mine, "subject"));
  EXPECT_FALSE(is_ticket(ticket, other, "subject"));
  EXPECT_FALSE(is_ticket(ticket, mine, "another"));
  EXPECT_FALSE(is_ticket("", mine, "subject"));
  EXPECT_FALSE(is_ticket(ticket, Browser{mine.secret, true}, "subject")) << "it showed no page before";
}

TEST(LocalPath, LeadsNowhereElse) {
  for (const char* path : {"/", "/docs", "/ui/catalogue/?query=a&b=%2F#x", "/a//b"}) EXPECT_EQ(local_path(path), path);
  for (const std::string path : {"", "docs", "//evil.example", "/\\evil.example", "http://evil.example", "/a\\b",
                                 "/a b", "/a\r\nX: y", "/\t/evil.example", "javascript:alert(1)", "/\xc3\xa9"}) {
    EXPECT_EQ(local_path(path), "/") << path;
  }
  EXPECT_EQ(local_path("/" + std::string(limits::kReturnToBytes, 'x')), "/");
}

TEST(Redirect, IsA302) {
  const Response response = redirect("/docs");
  EXPECT_EQ(response.status, 302);
  EXPECT_EQ(response.headers.back().second, "/docs");
}

}  // namespace
}  // namespace lakelift::http
