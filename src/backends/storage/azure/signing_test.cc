#include "backends/storage/azure/signing.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace lakelift::storage {
namespace {

constexpr std::string_view kKey = "a key of the vectors";
constexpr Micros kAt = 1'700'000'000 * kMicrosPerSecond;  // 2023-11-14T22:13:20Z

// What the string to sign gives, as "Authorize with Shared Key" writes it.
std::string signed_as(std::string_view account, std::string_view text) {
  return "SharedKey " + std::string(account) + ":" + base64_encode(hmac_sha256(kKey, text));
}

TEST(SharedKey, SignsAsTheDocumentationHasIt) {
  const AzureCall metadata{.method = "GET",
                           .path = "/mycontainer",
                           .query = {{"restype", "container"}, {"comp", "metadata"}, {"timeout", "20"}},
                           .headers = {{"x-ms-version", "2015-02-21"}, {"x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT"}}};
  EXPECT_EQ(shared_key_authorization(metadata, "myaccount", kKey),
            signed_as("myaccount",
                      "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n"
                      "/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20"));
}

TEST(SharedKey, ValuesOfOneParameterAreSortedAndJoined) {
  const AzureCall list{.method = "GET",
                       .path = "/mycontainer",
                       .query = {{"restype", "container"},
                                 {"Comp", "list"},
                                 {"include", "snapshots"},
                                 {"include", "metadata"},
                                 {"include", "uncommittedblobs"}},
                       .headers = {}};
  EXPECT_EQ(shared_key_authorization(list, "myaccount", kKey),
            signed_as("myaccount",
                      "GET\n\n\n\n\n\n\n\n\n\n\n\n/myaccount/mycontainer\ncomp:list\n"
                      "include:metadata,snapshots,uncommittedblobs\nrestype:container"));
}

TEST(SharedKey, EveryStandardHeaderHasItsPlace) {
  const AzureCall call{.method = "PUT",
                       .path = "/devstoreaccount1/c/a%20b",
                       .query = {},
                       .headers = {{"Range", "bytes=0-9"},
                                   {"If-Unmodified-Since", "8"},
                                   {"If-None-Match", "*"},
                                   {"If-Match", "6"},
                                   {"If-Modified-Since", "5"},
                                   {"Date", "is not signed beside x-ms-date"},
                                   {"Content-Type", "4"},
                                   {"Content-MD5", "3"},
                                   {"Content-Language", "2"},
                                   {"Content-Encoding", "1"},
                                   {"X-MS-Blob-Type", "  BlockBlob "}},
                       .content_length = 11};
  EXPECT_EQ(shared_key_authorization(call, "devstoreaccount1", kKey),
            signed_as("devstoreaccount1",
                      "PUT\n1\n2\n11\n3\n4\n\n5\n6\n*\n8\nbytes=0-9\nx-ms-blob-type:BlockBlob\n"
                      "/devstoreaccount1/devstoreaccount1/c/a%20b"));
}

// The signatures of these were made by azure-storage-blob 12.31.1.
TEST(SharedKey, SignsAsTheVendorsLibrary) {
  const AzureCall call{.method = "PUT",
                       .path = "/objects/ab%20cd",
                       .query = {{"comp", "block"}, {"blockid", "YWJj"}},
                       .headers = {{"Content-Type", "application/octet-stream"},
                                   {"Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww=="},
                                   {"x-ms-date", http_date(kAt)},
                                   {"x-ms-version", std::string(kAzureVersion)}},
                       .content_length = 11};
  EXPECT_EQ(shared_key_authorization(call, "lake", kKey),
            "SharedKey lake:tOITaATxJJH4MHbwfBHLOg5+GcL6pqbeXJYs4Y6ZUoI=");
}

TEST(Sas, SignsAsTheVendorsLibrary) {
  const BlobSas all{.container = "objects",
                    .blob = "lakelift/ab cd",
                    .starts = kAt - 800 * kMicrosPerSecond,
                    .expires = kAt + 60 * kMicrosPerSecond + 999'999,
                    .content_type = "text/csv",
                    .content_disposition = "attachment; filename*=UTF-8''a%20b.csv"};
  EXPECT_EQ(sas_query(all, "lake", kKey),
            "sv=2026-02-06&sr=b&sp=r&st=2023-11-14T22%3A00%3A00Z&se=2023-11-14T22%3A14%3A20Z&spr=https&"
            "rscd=attachment%3B%20filename%2A%3DUTF-8%27%27a%2520b.csv&rsct=text%2Fcsv&"
            "sig=NX0KX%2FD6R68ZMDAJElSwU68H0JTxkpFAdIuG8fUgFSY%3D");
  const BlobSas few{.container = "objects",
                    .blob = "x",
                    .expires = kAt + 60 * kMicrosPerSecond,
                    .https_only = false,
                    .content_type = "",
                    .content_disposition = ""};
  EXPECT_EQ(
      sas_query(few, "lake", kKey),
      "sv=2026-02-06&sr=b&sp=r&se=2023-11-14T22%3A14%3A20Z&sig=xOZgPC4SABm%2FWT8whd0IN4ztS0%2BOFxbuVfDlefaYLNg%3D");
}

}  // namespace
}  // namespace lakelift::storage
