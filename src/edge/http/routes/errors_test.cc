#include <gtest/gtest.h>

#include <map>

#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

json::object body_of(const Response& response) { return parse_json(std::get<std::string>(response.body))->as_object(); }

std::string header_of(const Response& response, std::string_view name) {
  for (const auto& [n, value] : response.headers) {
    if (n == name) return value;
  }
  return "";
}

RequestContext anonymous() {
  RequestContext context;
  context.request_id = "0123456789abcdef";
  return context;
}

RequestContext signed_in() {
  auto context = anonymous();
  context.principal = Principal{.account_id = 47, .email = "a@b", .is_admin = true};
  return context;
}

TEST(RenderLakeyError, HasTheContractsEnvelope) {
  const Error error{Code::kInvalid,
                    "BODY_DID_NOT_VALIDATE",
                    "email: This field is required.",
                    {{"email", {"This field is required."}}}};
  const auto response = render_lakey_error(error, signed_in());
  EXPECT_EQ(response.status, 400);
  const json::value expected = {{"@event", "BODY_DID_NOT_VALIDATE"},
                                {"@type", "error"},
                                {"errors", {{"email", json::array{"This field is required."}}}},
                                {"@authorizer", {{"account_id", 47}}},
                                {"message", "email: This field is required."},
                                {"request_id", "0123456789abcdef"}};
  EXPECT_EQ(to_canonical_text(body_of(response)), to_canonical_text(expected));
}

TEST(RenderLakeyError, NamesNobodyToAStrangerAndNoFieldsWhereThereAreNone) {
  const auto body =
      body_of(render_lakey_error({Code::kNotFound, "COULD_NOT_FIND_CATALOGUEITEM", "no", {}}, anonymous()));
  EXPECT_FALSE(body.contains("@authorizer"));
  EXPECT_FALSE(body.contains("errors"));
}

TEST(RenderLakeyError, CountsStandBesideTheEvent) {
  const Error error{Code::kInvalid,
                    "NOT_CANCELLED_DOWNLOAD_REQEUSTS_DETECTED",
                    "1 request still waits",
                    {{"item_id", {"41"}}, {"not_cancelled_count", {"1"}}}};
  const auto response = render_lakey_error(error, signed_in());
  EXPECT_EQ(response.status, 400);
  const auto body = body_of(response);
  EXPECT_EQ(find_int(body, "item_id"), 41);
  EXPECT_EQ(find_int(body, "not_cancelled_count"), 1);
  EXPECT_FALSE(body.contains("errors"));
}

TEST(RenderLakeyError, AFaultOfOursTellsNothingButItsId) {
  for (const Code code : {Code::kInternal, Code::kCorrupt}) {
    const auto response = render_lakey_error({code, "", "SELECT secret FROM somewhere failed", {}}, signed_in());
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(std::get<std::string>(response.body).find("secret"), std::string::npos);
    EXPECT_EQ(find_string(body_of(response), "request_id"), "0123456789abcdef");
  }
}

TEST(RenderLakeyError, SaysHowToComeBack) {
  const auto missing = render_lakey_error({Code::kUnauthenticated, "COULD_NOT_FIND_AUTH_TOKEN", "", {}}, anonymous());
  EXPECT_EQ(missing.status, 401);
  EXPECT_EQ(header_of(missing, "WWW-Authenticate"), "Bearer");
  const auto broken = render_lakey_error({Code::kUnauthenticated, "AUTH_TOKEN_WAS_BROKEN", "", {}}, anonymous());
  EXPECT_EQ(header_of(broken, "WWW-Authenticate"), "Bearer error=\"invalid_token\"");
  for (const Code code : {Code::kUnavailable, Code::kTooMany, Code::kCancelled}) {
    EXPECT_NE(header_of(render_lakey_error({code, "", "later", {}}, anonymous()), "Retry-After"), "");
  }
  Error busy{Code::kTooMany, "TOO_MANY_ATTEMPTS", "later", {}};
  busy.retry_after_seconds = 17;
  EXPECT_EQ(header_of(render_lakey_error(busy, anonymous()), "Retry-After"), "17");
}

TEST(StatusOf, EveryCodeHasItsOwnAnswer) {
  const std::map<Code, int> expected = {
      {Code::kInvalid, 400},      {Code::kUnauthenticated, 401}, {Code::kForbidden, 403},
      {Code::kNotFound, 404},     {Code::kConflict, 409},        {Code::kGone, 410},
      {Code::kPrecondition, 412}, {Code::kTooLarge, 413},        {Code::kRange, 416},
      {Code::kTooMany, 429},      {Code::kUnavailable, 503},     {Code::kNoSpace, 507},
      {Code::kUnsupported, 405},  {Code::kCancelled, 503},       {Code::kDeadline, 504},
      {Code::kCorrupt, 500},      {Code::kInternal, 500},
  };
  for (const auto& [code, status] : expected) EXPECT_EQ(status_of(code), status) << code_name(code);
}

}  // namespace
}  // namespace lakelift::http
