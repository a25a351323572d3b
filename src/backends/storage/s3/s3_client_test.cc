// What is sent for each call, and what comes of an answer that is fine.
#include "backends/storage/s3/s3_client.h"

#include "backends/storage/s3/test_s3_store.h"

namespace lakelift::storage::testing {
namespace {

class S3ClientTest : public S3StoreTest {
 protected:
  static std::string key_of(char digit) { return std::string(32, digit); }
  static std::string entry(const std::string& name, const std::string& size = "3") {
    return "<Contents><Key>" + name +
           "</Key><LastModified>2009-10-12T17:50:30.000Z</LastModified><ETag>\"e\"</ETag><Size>" + size +
           "</Size></Contents>";
  }
  static FakeAnswer listing(const std::string& entries, const std::string& truncated = "false",
                            const std::string& more = "") {
    return ok(
        "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>" +
        truncated + "</IsTruncated>" + more + entries + "</ListBucketResult>");
  }
};

TEST_F(S3ClientTest, PutsAWholeObject) {
  FakeAnswer good = stored();
  good.headers.emplace_back("x-amz-checksum-sha256", base64_encode(sha256(as_bytes("2345"))));
  answer({good});
  ASSERT_TRUE(client_->put(kKey, {bytes_, 2, 4}));
  const FakeCall call = last_call();
  EXPECT_EQ(call.method, "PUT");
  EXPECT_EQ(call.url, kOrigin + "/lakelift/" + kKey);
  EXPECT_EQ(call.body, "2345");
  EXPECT_EQ(call.header("If-None-Match"), "*");
  EXPECT_EQ(call.header("x-amz-content-sha256"), sha256_hex("2345"));
  EXPECT_EQ(call.header("x-amz-checksum-sha256"), base64_encode(sha256(as_bytes("2345"))));
  EXPECT_NE(call.header("Authorization").find("content-type;host;if-none-match;x-amz-checksum-sha256"),
            std::string::npos)
      << "all of them are signed";
}

TEST_F(S3ClientTest, WhatIsShorterThanItSaysIsNotSent) {
  EXPECT_EQ(client_->put(kKey, {bytes_, 8, 4}).error().code, Code::kInternal);
  EXPECT_EQ(calls(), 0U);
}

TEST_F(S3ClientTest, SendsPartsAndFinishes) {
  answer({ok("<InitiateMultipartUploadResult><UploadId>u/1&amp;</UploadId></InitiateMultipartUploadResult>")});
  const auto upload = client_->begin_parts(kKey);
  ASSERT_TRUE(upload);
  EXPECT_EQ(*upload, "u/1&");
  EXPECT_EQ(last_call().url, kOrigin + "/lakelift/" + kKey + "?uploads=");
  EXPECT_EQ(last_call().header("x-amz-checksum-algorithm"), "SHA256");

  const std::string sum = base64_encode(sha256(as_bytes("01234")));
  FakeAnswer with_sum = stored();
  with_sum.headers.emplace_back("x-amz-checksum-sha256", sum);
  answer({with_sum});
  const auto first = client_->put_part(kKey, *upload, 1, {bytes_, 0, 5});
  EXPECT_EQ(last_call().url, kOrigin + "/lakelift/" + kKey + "?partNumber=1&uploadId=u%2F1%26");
  EXPECT_EQ(last_call().header("x-amz-checksum-sha256"), sum);
  EXPECT_EQ(last_call().header("If-None-Match"), "");
  answer({stored()});
  const auto second = client_->put_part(kKey, *upload, 2, {bytes_, 5, 5});
  ASSERT_TRUE(first && second);

  answer({ok("  \n<CompleteMultipartUploadResult><ETag>\"e-2\"</ETag></CompleteMultipartUploadResult>")});
  ASSERT_TRUE(client_->finish_parts(kKey, *upload, {*first, *second}));
  EXPECT_EQ(last_call().header("If-None-Match"), "*");
  EXPECT_EQ(last_call().body,
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Part><PartNumber>1</PartNumber><ETag>&quot;e&quot;</ETag><ChecksumSHA256>" +
                sum +
                "</ChecksumSHA256></Part>"
                "<Part><PartNumber>2</PartNumber><ETag>&quot;e&quot;</ETag></Part></CompleteMultipartUpload>");
}

TEST_F(S3ClientTest, AbortsWhatMayBeGone) {
  answer({FakeAnswer{.status = 204, .headers = {}, .body = {}}});
  EXPECT_TRUE(client_->abort_parts(kKey, "u"));
  EXPECT_EQ(last_call().url, kOrigin + "/lakelift/" + kKey + "?uploadId=u");
  answer({error(404, "NoSuchUpload")});
  EXPECT_TRUE(client_->abort_parts(kKey, "u"));
}

std::string upload_entry(const std::string& key, const std::string& upload) {
  return "<Upload><Key>" + key + "</Key><UploadId>" + upload +
         "</UploadId><Initiated>2009-10-12T17:50:30Z</Initiated></Upload>";
}
FakeAnswer uploads(const std::string& entries, const std::string& markers) {
  return ok("<ListMultipartUploadsResult>" + entries + markers + "</ListMultipartUploadsResult>");
}

TEST_F(S3ClientTest, ListsUnfinishedUploadsPageByPage) {
  const std::string more =
      "<NextKeyMarker>lakelift/a</NextKeyMarker><NextUploadIdMarker>m</NextUploadIdMarker>"
      "<IsTruncated>true</IsTruncated>";
  answer({uploads(upload_entry("lakelift/" + key_of('1'), "u1") + upload_entry("lakelift/x", "u2"), more),
          uploads(upload_entry("lakelift/" + key_of('2'), "u3"), "<IsTruncated>false</IsTruncated>")});
  const auto all = client_->unfinished();
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->at(0).key, key_of('1'));
  EXPECT_EQ(all->at(1).upload, "u3");
  EXPECT_EQ(all->at(1).begun, 1'255'369'830 * kMicrosPerSecond);
  EXPECT_EQ(transport_.calls()[0].url, kOrigin + "/?encoding-type=url&prefix=lakelift%2F&uploads=");
  EXPECT_EQ(transport_.calls()[1].url,
            kOrigin + "/?encoding-type=url&key-marker=lakelift%2Fa&prefix=lakelift%2F&upload-id-marker=m&uploads=");
  answer({uploads("", more)});
  EXPECT_EQ(client_->unfinished().error().code, Code::kCorrupt) << "it goes on where it began";
}

TEST_F(S3ClientTest, LooksAtAnObject) {
  answer({ok("", {{"content-length", "7"}, {"etag", "\"abc\""}})});
  const auto info = client_->look(kKey);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size_bytes, 7U);
  EXPECT_EQ(info->etag, "\"abc\"");
  EXPECT_EQ(last_call().method, "HEAD");
}

TEST_F(S3ClientTest, AMissingBucketIsNoMissingObject) {
  const FakeAnswer nothing{.status = 404, .headers = {}, .body = {}};
  answer({nothing, empty_list()});
  EXPECT_EQ(client_->look(kKey).error().code, Code::kNotFound);
  answer({nothing, error(404, "NoSuchBucket")});
  EXPECT_EQ(client_->look(kKey).error().event, "STORAGE_REFUSED");
}

TEST_F(S3ClientTest, GetsARange) {
  answer({FakeAnswer{.status = 206,
                     .headers = {{"content-range", "bytes 3-5/10"}, {"content-length", "3"}, {"etag", "\"e\""}},
                     .body = "345"}});
  const auto body = client_->get(kKey, "\"e\"", 3, 3);
  ASSERT_TRUE(body);
  EXPECT_EQ((*body)->text(), "345");
  EXPECT_EQ(last_call().header("Range"), "bytes=3-5");
  EXPECT_EQ(last_call().header("If-Match"), "\"e\"");
}

TEST_F(S3ClientTest, RemovesWhatMayBeGone) {
  answer({FakeAnswer{.status = 204, .headers = {}, .body = {}}});
  EXPECT_TRUE(client_->remove(kKey));
  EXPECT_EQ(last_call().method, "DELETE");
  answer({error(404, "NoSuchKey")});
  EXPECT_TRUE(client_->remove(kKey));
  answer({ok("<DeleteResult><Error><Key>lakelift/x</Key><Code>NoSuchKey</Code></Error></DeleteResult>")});
  EXPECT_TRUE(client_->remove_all({key_of('1'), key_of('2')}));
  EXPECT_EQ(last_call().url, kOrigin + "/?delete=");
  EXPECT_EQ(last_call().body, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>lakelift/" +
                                  key_of('1') + "</Key></Object><Object><Key>lakelift/" + key_of('2') +
                                  "</Key></Object><Quiet>true</Quiet></Delete>");
  EXPECT_EQ(last_call().header("x-amz-checksum-sha256"), base64_encode(sha256(as_bytes(last_call().body))));
  EXPECT_EQ(last_call().header("Content-MD5").size(), 24U);
}

TEST_F(S3ClientTest, RemovesNoMoreThanTheLimit) {
  EXPECT_TRUE(client_->remove_all({}));
  EXPECT_FALSE(client_->remove_all(std::vector<std::string>(limits::kRemovedAtOnce + 1, kKey)));
  EXPECT_EQ(calls(), 0U);
}

TEST_F(S3ClientTest, ListsWhatOthersStoredWhenItIsToldTo) {
  answer({listing(entry("lakelift/runs/a/1/part_0", "5") + entry("lakelift/runs/a/1/x%20y"), "false",
                  "<EncodingType>url</EncodingType>")});
  client_ = make_client(credentials_, transport_, true);
  const auto page = client_->list("runs/a/1/", 10);
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->blobs.size(), 2U);
  EXPECT_EQ(page->blobs[0].key, "runs/a/1/part_0");
  EXPECT_EQ(page->blobs[1].key, "runs/a/1/x y");
  EXPECT_TRUE(last_call().url.contains("start-after=lakelift%2Fruns%2Fa%2F1%2F")) << last_call().url;
}

TEST_F(S3ClientTest, ListsWhatIsAKey) {
  answer(
      {listing(entry("lakelift/") + entry("lakelift/" + key_of('1'), "5") + entry("lakelift/" + key_of('2') + ".tmp") +
                   entry("lakelift/" + key_of('3')) + entry("lakelift/x%20y"),
               "true", "<EncodingType>url</EncodingType>")});
  const auto page = client_->list("", 10);
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->blobs.size(), 2U);
  EXPECT_EQ(page->blobs[0].key, key_of('1'));
  EXPECT_EQ(page->blobs[0].size_bytes, 5U);
  EXPECT_EQ(page->blobs[0].modified, 1'255'369'830 * kMicrosPerSecond);
  EXPECT_FALSE(page->is_last);
  EXPECT_EQ(page->last_key, "x y");
  EXPECT_EQ(last_call().url, kOrigin + "/?encoding-type=url&list-type=2&max-keys=10&prefix=lakelift%2F");
}

TEST_F(S3ClientTest, GoesOnBehindAKey) {
  answer({listing(entry("lakelift/" + key_of('2')))});
  const auto page = client_->list(key_of('1'), 5'000);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->is_last);
  EXPECT_EQ(page->last_key, key_of('2'));
  EXPECT_EQ(last_call().url, kOrigin + "/?encoding-type=url&list-type=2&max-keys=1000&prefix=lakelift%2F&start-after=" +
                                 "lakelift%2F" + key_of('1'));
}

TEST_F(S3ClientTest, FollowsPagesWithoutAnEntry) {
  const FakeAnswer nothing = listing("", "true", "<NextContinuationToken>to/ken</NextContinuationToken>");
  answer({nothing, nothing, listing(entry("lakelift/" + key_of('2')))});
  const auto page = client_->list(key_of('1'), 10);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->blobs.size(), 1U);
  EXPECT_EQ(last_call().url,
            kOrigin + "/?continuation-token=to%2Fken&encoding-type=url&list-type=2&max-keys=10&prefix=lakelift%2F");
  answer({nothing});
  const std::size_t before = calls();
  EXPECT_EQ(client_->list("", 10).error().code, Code::kCorrupt);
  EXPECT_EQ(calls() - before, static_cast<std::size_t>(limits::kEmptyPages));
}

TEST_F(S3ClientTest, ListingsThatMakeNoSense) {
  const std::string one = entry("lakelift/" + key_of('1'));
  const std::string two = entry("lakelift/" + key_of('2'));
  for (const auto& bad :
       {listing(two + one), listing(one + one), listing(entry("other/" + key_of('3'))), listing(entry("")),
        listing(entry("lakelift/" + key_of('0'))), listing(one, "perhaps"), listing("", "true"),
        listing(entry("lakelift/" + key_of('3'), "-1")), listing(entry("lakelift/" + key_of('3'), "")),
        listing(entry("lakelift/%zz"), "false", "<EncodingType>url</EncodingType>"),
        ok("<ListBucketResult>" + two + "</ListBucketResult>")}) {
    answer({bad});
    client_ = make_client(credentials_);
    const auto page = client_->list(key_of('0'), 10);
    ASSERT_FALSE(page) << bad.body;
    EXPECT_EQ(page.error().code, Code::kCorrupt);
  }
}

TEST_F(S3ClientTest, SignsAnAddress) {
  const auto address = client_->signed_address(kKey, {"text/csv", "attachment; filename*=UTF-8''a%20b", 60});
  ASSERT_TRUE(address);
  EXPECT_TRUE(address->starts_with(kOrigin + "/lakelift/" + kKey + "?X-Amz-Algorithm=AWS4-HMAC-SHA256&")) << *address;
  for (const char* part :
       {"&X-Amz-Expires=60&", "&X-Amz-SignedHeaders=host&", "&response-content-type=text%2Fcsv",
        "&response-content-disposition=attachment%3B%20filename%2A%3DUTF-8%27%27a%2520b&", "&X-Amz-Signature="}) {
    EXPECT_NE(address->find(part), std::string::npos) << part;
  }
  EXPECT_EQ(address->find(kSecret), std::string::npos);
  EXPECT_EQ(calls(), 0U);
}

TEST_F(S3ClientTest, ChecksWithOneCheapCall) {
  answer({empty_list()});
  EXPECT_TRUE(client_->check());
  EXPECT_EQ(last_call().url, kOrigin + "/?encoding-type=url&list-type=2&max-keys=1&prefix=lakelift%2F");
  EXPECT_EQ(calls(), 1U);
}

TEST_F(S3ClientTest, BucketsInThePath) {
  auto client =
      make_s3_client({.bucket = "lake",
                      .prefix = "",
                      .region = "us-east-1",
                      .endpoint = "http://127.0.0.1:9000",
                      .addressing = S3Addressing::kPath},
                     {.transport = transport_, .credentials = credentials_, .clock = clock_, .random = random_});
  ASSERT_TRUE(client);
  answer({empty_list()});
  EXPECT_TRUE((*client)->check());
  EXPECT_EQ(last_call().url, "http://127.0.0.1:9000/lake?encoding-type=url&list-type=2&max-keys=1");
  answer({stored()});
  EXPECT_TRUE((*client)->put(kKey, {bytes_, 0, 3}));
  EXPECT_EQ(last_call().url, "http://127.0.0.1:9000/lake/" + kKey);
}

TEST_F(S3ClientTest, OptionsAreChecked) {
  const auto made =
      make_s3_client({.bucket = "Lake", .prefix = "", .region = "us-east-1", .endpoint = "", .addressing = {}},
                     {.transport = transport_, .credentials = credentials_, .clock = clock_, .random = random_});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kInvalid);
  EXPECT_EQ(made.error().fields.at(0).field, "bucket");
}

}  // namespace
}  // namespace lakelift::storage::testing
