#include "edge/http/routes/authenticate.h"

#include <gtest/gtest.h>

namespace lakelift::http {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

RequestContext request(Method method, Headers headers) {
  RequestContext context;
  context.method = method;
  context.headers = std::move(headers);
  context.base_url = "http://127.0.0.1:3000";
  return context;
}

TEST(CredentialOf, TakesTheBearerTokenWhateverTheCaseOfTheScheme) {
  for (const char* value :
       {"Bearer abc.def.ghi", "bearer abc.def.ghi", "BEARER  abc.def.ghi ", " Bearer abc.def.ghi"}) {
    const auto found = credential_of(request(Method::kGet, {{"authorization", value}}));
    ASSERT_TRUE(found && *found) << value;
    EXPECT_EQ((*found)->token, "abc.def.ghi") << value;
    EXPECT_FALSE((*found)->from_cookie);
  }
}

TEST(CredentialOf, OtherSchemesAreNoTokenAndHideTheCookie) {
  for (const char* value : {"Basic YTpi", "Bearer", "Bearerabc", "", "abc.def.ghi"}) {
    const auto found = credential_of(
        request(Method::kGet, {{"authorization", value}, {"cookie", "lakey-auth-token=from.the.cookie"}}));
    ASSERT_TRUE(found) << value;
    EXPECT_FALSE(*found) << value;
  }
}

TEST(CredentialOf, TwoAuthorizationHeadersAreRefused) {
  const auto found =
      credential_of(request(Method::kGet, {{"authorization", "Bearer a"}, {"authorization", "Bearer b"}}));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::kUnauthenticated);
  EXPECT_EQ(found.error().event, "AUTH_TOKEN_WAS_BROKEN");
}

TEST(CredentialOf, TakesTheCookieOfExactlyThatName) {
  const struct {
    const char* cookies;
    const char* token;
  } cases[] = {
      {"lakey-auth-token=a.b.c", "a.b.c"},
      {"x=1; lakey-auth-token=a.b.c; y=2", "a.b.c"},
      {"x=1;lakey-auth-token=\"a.b.c\"", "a.b.c"},
      {"lakey-auth-token=a=b", "a=b"},
      {"not-lakey-auth-token=a.b.c", nullptr},
      {"lakey-auth-token-2=a.b.c", nullptr},
      {"lakey-auth-token", nullptr},
      {"lakey-auth-token=", nullptr},
      {"", nullptr},
      {";;;", nullptr},
  };
  for (const auto& c : cases) {
    const auto found = credential_of(request(Method::kGet, {{"cookie", c.cookies}}));
    ASSERT_TRUE(found) << c.cookies;
    ASSERT_EQ(found->has_value(), c.token != nullptr) << c.cookies;
    if (c.token == nullptr) continue;
    EXPECT_EQ((*found)->token, c.token) << c.cookies;
    EXPECT_TRUE((*found)->from_cookie);
  }
}

// threats A9: rows of (what the browser says, may a cookie change something?).
TEST(CheckSameOrigin, OnlyOurOwnPageMayChangeSomething) {
  const struct {
    Headers headers;
    bool allowed;
  } cases[] = {
      {{{"sec-fetch-site", "same-origin"}}, true},
      {{{"origin", "http://127.0.0.1:3000"}}, true},
      {{{"sec-fetch-site", "same-origin"}, {"origin", "http://127.0.0.1:3000"}}, true},
      {{}, false},
      {{{"sec-fetch-site", "same-site"}}, false},
      {{{"sec-fetch-site", "cross-site"}}, false},
      {{{"sec-fetch-site", "cross-site"}, {"origin", "http://127.0.0.1:3000"}}, false},
      {{{"sec-fetch-site", "same-origin"}, {"origin", "http://evil.example"}}, false},
      {{{"origin", "null"}}, false},
      {{{"origin", "http://127.0.0.1:3000.evil.example"}}, false},
      {{{"origin", "http://evil.example/http://127.0.0.1:3000"}}, false},
      {{{"origin", "https://127.0.0.1:3000"}}, false},
      {{{"origin", "http://127.0.0.1:30001"}}, false},
      {{{"origin", "http://127.0.0.1"}}, false},
      {{{"origin", ""}}, false},
  };
  for (const auto& c : cases) {
    for (const Method method : {Method::kPost, Method::kPut, Method::kPatch, Method::kDelete}) {
      const auto checked = check_same_origin(request(method, c.headers));
      EXPECT_EQ(checked.has_value(), c.allowed) << (c.headers.empty() ? "no header" : c.headers.back().second);
      if (!checked) {
        EXPECT_EQ(checked.error().code, Code::kForbidden);
      }
    }
    EXPECT_TRUE(check_same_origin(request(Method::kGet, c.headers)));
  }
}

}  // namespace
}  // namespace lakelift::http
