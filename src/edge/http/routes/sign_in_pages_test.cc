#include "edge/http/routes/sign_in_pages.h"

#include <gtest/gtest.h>

#include "backends/net/testing/fake_http_client.h"
#include "edge/http/routes/html.h"
#include "edge/http/routes/sign_in_assets.h"

namespace lakelift::http {
namespace {

constexpr const char* kEvil = "\"'><script>alert(1)</script>&amp;";

class SignInPagesTest : public ::testing::Test {
 protected:
  static std::string text(const Response& response) { return std::get<std::string>(response.body); }
  // Nothing of ours has an inline script, a style or a handler.
  static void expect_clean(const Response& response) {
    const std::string page = text(response);
    EXPECT_EQ(page.find("<script>"), std::string::npos) << page;
    EXPECT_EQ(page.find("><script"), std::string::npos) << page;
    EXPECT_EQ(page.find("style="), std::string::npos);
    EXPECT_EQ(page.find("&amp;amp;amp;"), std::string::npos);
    EXPECT_NE(page.find("<html lang=\"en\">"), std::string::npos);
    EXPECT_NE(page.find("<h1>"), std::string::npos);
  }

  ManualClock clock_;
  net::testing::FakeHttpClient http_;
  accounts::Issuers issuers_{{{"work", kEvil, "https://issuer.example", "client", "", {}}}, http_, clock_};
  accounts::Issuers none_{{}, http_, clock_};
  accounts::AuthRequest request_{.id = "x",
                                 .device_code = std::nullopt,
                                 .user_code = "BCDFGHJK",
                                 .account_id = std::nullopt,
                                 .program = kEvil,
                                 .address = "192.0.2.1",
                                 .polled_at = std::nullopt};
};

TEST_F(SignInPagesTest, EverythingThatIsNotOursIsEscaped) {  // S10
  const pages::Ways ways{issuers_, true, {{"auth_request", kEvil}, {"ticket", "t"}}};
  for (const Response& page :
       {pages::ask(request_, ways), pages::ask_for_device(request_, ways), pages::enter_code(404, kEvil, kEvil),
        pages::choose(ways), pages::done(kEvil, false), pages::done(kEvil, true), pages::already_done(),
        pages::denied(), pages::problem(409, Error{Code::kConflict, kEvil, kEvil, {}})}) {
    expect_clean(page);
  }
}

TEST_F(SignInPagesTest, TheButtonCarriesWhatItIsFor) {
  const std::string page = text(pages::ask(request_, {issuers_, false, {{"auth_request", "u u"}, {"ticket", "t&"}}}));
  EXPECT_NE(page.find("href=\"/accounts/oidc/start?issuer=work&amp;auth_request=u%20u&amp;ticket=t%26\""),
            std::string::npos)
      << page;
  EXPECT_EQ(page.find("dev_login"), std::string::npos);
  EXPECT_NE(page.find("192.0.2.1"), std::string::npos);
}

TEST_F(SignInPagesTest, SaysWhatToDoWhereThereIsNoPlaceToSignIn) {
  EXPECT_NE(text(pages::choose({none_, false, {}})).find("Ask its administrator"), std::string::npos);
  EXPECT_NE(text(pages::choose({none_, true, {}})).find("/accounts/dev_login"), std::string::npos);
}

TEST_F(SignInPagesTest, ADevicesPageShowsItsCode) {
  const std::string page = text(pages::ask_for_device(request_, {issuers_, false, {}}));
  EXPECT_NE(page.find("BCDF-GHJK"), std::string::npos);
  EXPECT_NE(page.find("action=\"/accounts/device/\""), std::string::npos);
}

TEST_F(SignInPagesTest, HasThePolicyOfAPage) {
  const Response page = html::page(200, "a & b", "<p>x</p>");
  const auto header = [&](std::string_view name) {
    for (const auto& [key, value] : page.headers) {
      if (key == name) return value;
    }
    return std::string();
  };
  EXPECT_EQ(
      header("Content-Security-Policy"),
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
      "frame-ancestors 'none'");
  EXPECT_EQ(header("X-Frame-Options"), "DENY");
  EXPECT_EQ(header("Referrer-Policy"), "same-origin");
  EXPECT_NE(text(page).find("<title>a &amp; b · Lakelift</title>"), std::string::npos);
}

TEST(Html, Escapes) {
  EXPECT_EQ(html::escape("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(html::escape("naïve 漢"), "naïve 漢");
  EXPECT_EQ(html::escape("\xff"), "?");
}

TEST(SignInAssets, AreInTheProgram) {
  EXPECT_NE(sign_in_assets::sign_in_css().find(":focus-visible"), std::string_view::npos);
  EXPECT_NE(sign_in_assets::sign_in_js().find("replaceState"), std::string_view::npos);
}

}  // namespace
}  // namespace lakelift::http
