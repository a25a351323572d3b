#include "backends/net/aws/sigv4.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace lakelift::aws {
namespace {

// The examples of Amazon's documentation: "Signature Calculations for the Authorization Header: Transferring Payload in
// a Single Chunk" and "Authenticating Requests: Using Query Parameters".
const Credentials kCredentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", 0};
const SigningScope kScope{"us-east-1"};
constexpr Micros kNow = 1'369'353'600 * kMicrosPerSecond;  // 2013-05-24

SignableCall example(std::string method, std::string path) {
  return {std::move(method), "examplebucket.s3.amazonaws.com", std::move(path), {}, {}, sha256_hex("")};
}

std::string header(const net::Headers& headers, std::string_view name) {
  for (const auto& [have, value] : headers) {
    if (have == name) return value;
  }
  return "";
}

std::string signature(const SignableCall& call) {
  const std::string text = header(signed_headers(call, kCredentials, kScope, kNow), "Authorization");
  return text.substr(text.find("Signature=") + 10);
}

TEST(SigV4, AmazonsExampleOfAGet) {
  SignableCall call = example("GET", "/test.txt");
  call.headers = {{"Range", "bytes=0-9"}};
  const net::Headers headers = signed_headers(call, kCredentials, kScope, kNow);
  EXPECT_EQ(header(headers, "x-amz-date"), "20130524T000000Z");
  EXPECT_EQ(header(headers, "x-amz-content-sha256"), sha256_hex(""));
  EXPECT_EQ(header(headers, "Range"), "bytes=0-9");
  EXPECT_EQ(header(headers, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SigV4, AmazonsExampleOfAPut) {
  SignableCall call = example("PUT", "/test$file.text");
  call.headers = {{"x-amz-storage-class", "REDUCED_REDUNDANCY"}, {"Date", "Fri, 24 May 2013 00:00:00 GMT"}};
  call.payload_sha256 = sha256_hex("Welcome to Amazon S3.");
  EXPECT_EQ(request_target(call), "/test%24file.text");
  EXPECT_EQ(signature(call), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(SigV4, AmazonsExamplesOfQueries) {
  SignableCall lifecycle = example("GET", "/");
  lifecycle.query = {{"lifecycle", ""}};
  EXPECT_EQ(signature(lifecycle), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  SignableCall list = example("GET", "/");
  list.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(request_target(list), "/?max-keys=2&prefix=J");
  EXPECT_EQ(signature(list), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4, AmazonsExampleOfAPresignedGet) {
  EXPECT_EQ(presigned_target(example("GET", "/test.txt"), kCredentials, kScope, kNow, 86'400),
            "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(SigV4, EncodesAndSortsAsItIsSigned) {
  SignableCall call = example("GET", "/b/a b/+é~%2F//");
  call.query = {{"b", "x/y"}, {"a-", "1"}, {"a", "2"}, {"a", "1 +"}, {"~", "="}};
  EXPECT_EQ(request_target(call), "/b/a%20b/%2B%C3%A9~%252F//?a=1%20%2B&a=2&a-=1&b=x%2Fy&~=%3D");
  EXPECT_EQ(request_target(example("GET", "")), "/");
}

TEST(SigV4, BlanksAndOrderOfHeadersDoNotCount) {
  SignableCall a = example("GET", "/");
  a.headers = {{"X-Amz-Meta-A", "  b \t c  "}, {"content-type", "x"}};
  SignableCall b = example("GET", "/");
  b.headers = {{"Content-Type", " x"}, {"x-amz-meta-a", "b c"}};
  EXPECT_EQ(signature(a), signature(b));
  b.headers[1].second = "bc";
  EXPECT_NE(signature(a), signature(b));
}

TEST(SigV4, AHeaderThatComesTwiceIsSignedOnce) {
  SignableCall call = example("GET", "/");
  call.headers = {{"x-amz-meta-a", "1"}, {"X-Amz-Meta-A", "2"}};
  SignableCall joined = example("GET", "/");
  joined.headers = {{"x-amz-meta-a", "1,2"}};
  EXPECT_EQ(signature(call), signature(joined));
}

TEST(SigV4, TemporaryCredentialsCarryTheirToken) {
  Credentials temporary = kCredentials;
  temporary.session_token = "a+token/=";
  const net::Headers headers = signed_headers(example("GET", "/x"), temporary, kScope, kNow);
  EXPECT_EQ(header(headers, "x-amz-security-token"), "a+token/=");
  EXPECT_NE(header(headers, "Authorization").find("x-amz-date;x-amz-security-token,"), std::string::npos);
  EXPECT_NE(
      presigned_target(example("GET", "/x"), temporary, kScope, kNow, 1).find("&X-Amz-Security-Token=a%2Btoken%2F%3D&"),
      std::string::npos);
}

TEST(SigV4, NothingOfTheSecretIsInWhatIsSent) {
  for (const auto& [name, value] : signed_headers(example("GET", "/x"), kCredentials, kScope, kNow)) {
    EXPECT_EQ(value.find(kCredentials.secret), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace lakelift::aws
