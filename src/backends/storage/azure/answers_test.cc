#include "backends/storage/azure/answers.h"

#include <gtest/gtest.h>

namespace lakelift::storage {
namespace {

std::string blob(const std::string& name, const std::string& properties) {
  return "<Blob><Name>" + name + "</Name><Properties>" + properties + "</Properties></Blob>";
}

std::string listing(const std::string& blobs, const std::string& marker = "") {
  return "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ContainerName=\"objects\"><Blobs>" +
         blobs + "</Blobs><NextMarker>" + marker + "</NextMarker></EnumerationResults>";
}

const std::string kCommitted =
    "<Last-Modified>Tue, 14 Nov 2023 22:13:20 GMT</Last-Modified><Content-Length>5</Content-Length>"
    "<Content-Type>application/octet-stream</Content-Type>";

TEST(AzureListing, TellsWhatIsThereAndWhatIsNotCommitted) {
  const auto read = parse_azure_listing(listing(blob("p/a", kCommitted) + "<BlobPrefix><Name>p/x/</Name></BlobPrefix>" +
                                                    blob("p/b", "<Content-Length>0</Content-Length><Content-Type />"),
                                                "next one"),
                                        "p/");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->blobs.size(), 2U);
  EXPECT_EQ(read->blobs[0].name, "a");
  EXPECT_EQ(read->blobs[0].size_bytes, 5U);
  EXPECT_EQ(read->blobs[0].modified, 1'700'000'000 * kMicrosPerSecond);
  EXPECT_TRUE(read->blobs[0].is_committed);
  EXPECT_FALSE(read->blobs[1].is_committed);
  EXPECT_EQ(read->marker, "next one");
}

TEST(AzureListing, ASenselessOneIsCorrupt) {
  const std::string type = "<Content-Type>x</Content-Type>";
  const std::vector<std::string> cases{
      "",
      "<html></html>",
      listing(blob("p/a", kCommitted)).substr(0, 150),
      "<EnumerationResults><Blobs/></EnumerationResults>",
      "<EnumerationResults><NextMarker/></EnumerationResults>",
      listing(blob("other/a", kCommitted)),
      listing("<Blob><Name>p/a</Name></Blob>"),
      listing(blob("p/a", type + "<Content-Length>5</Content-Length>")),
      listing(blob("p/a", type + "<Last-Modified>Tue, 14 Nov 2023 22:13:20 GMT</Last-Modified>")),
      listing(blob("p/a", type + "<Last-Modified>yesterday</Last-Modified><Content-Length>5</Content-Length>")),
      listing(blob("p/a", type + "<Last-Modified>Tue, 14 Nov 2023 22:13:20 GMT</Last-Modified>"
                                 "<Content-Length>-5</Content-Length>")),
  };
  for (const std::string& document : cases) {
    const auto read = parse_azure_listing(document, "p/");
    ASSERT_FALSE(read) << document;
    EXPECT_EQ(read.error().code, Code::kCorrupt);
  }
}

TEST(HttpDate, IsReadBackAsItWasWritten) {
  for (const Micros at : {Micros{0}, Micros{951'782'400}, Micros{1'700'000'000}, Micros{4'102'444'799}}) {
    EXPECT_EQ(parse_http_date(http_date(at * kMicrosPerSecond)), at * kMicrosPerSecond);
  }
  for (const std::string_view wrong :
       {"", "Tue, 14 Nov 2023 22:13:20", "Tue, 14 Nov 2023 22:13:20 CET", "Tue, 14 Nox 2023 22:13:20 GMT",
        "Tue, 31 Feb 2023 22:13:20 GMT", "Tue, 14 Nov 2023 24:13:20 GMT", "Tue, xx Nov 2023 22:13:20 GMT"}) {
    EXPECT_FALSE(parse_http_date(wrong)) << wrong;
  }
}

TEST(ContentRange, MustBeExactlyWhatWasAskedFor) {
  EXPECT_TRUE(is_content_range("bytes 2-5/10", 2, 4));
  EXPECT_TRUE(is_content_range("bytes 0-9/10", 0, 10));
  for (const std::string_view wrong : {"", "bytes 2-4/10", "bytes 1-5/10", "bytes 2-5/5", "bytes 2-5/*", "bytes 2-5",
                                       "bytes 2-55/100", "items 2-5/10", "bytes 2-5/10x"}) {
    EXPECT_FALSE(is_content_range(wrong, 2, 4)) << wrong;
  }
}

}  // namespace
}  // namespace lakelift::storage
