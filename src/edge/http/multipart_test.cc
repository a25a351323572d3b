// Forms taken apart, however they arrive.
#include "edge/http/multipart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "base/encoding.h"
#include "base/limits.h"
#include "edge/http/multipart_head.h"

namespace lakelift::http {
namespace {

struct Form {
  Result<void> result;
  std::string file;
  std::optional<PartHead> head;
  std::map<std::string, std::string> fields;
};

// In pieces that end at `cuts` (of them, those within the body).
Form read(std::string_view body, const std::vector<std::size_t>& cuts, const std::string& boundary = "XX") {
  Form form;
  MultipartReader reader(boundary, "file", [&form](std::span<const std::byte> bytes) -> Result<void> {
    form.file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  });
  std::size_t at = 0;
  const auto feed = [&](std::size_t end) {
    if (form.result) form.result = reader.write(as_bytes(body.substr(at, end - at)));
    at = end;
  };
  for (const std::size_t cut : cuts) feed(std::min(cut, body.size()));
  feed(body.size());
  if (form.result) form.result = reader.finish();
  form.head = reader.file();
  form.fields = reader.fields();
  return form;
}

std::string part(const std::string& head, const std::string& content) {
  return "--XX\r\n" + head + "\r\n\r\n" + content + "\r\n";
}
std::string field(const std::string& name, const std::string& value) {
  return part("Content-Disposition: form-data; name=\"" + name + "\"", value);
}
const std::string kFileHead =
    "Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv";
const std::string kEnd = "--XX--\r\n";

std::string refused(const std::string& body, Code code = Code::kInvalid) {
  const Form form = read(body, {});
  if (form.result) return "accepted";
  EXPECT_EQ(form.result.error().code, code);
  EXPECT_EQ(form.result.error().event, code == Code::kInvalid ? "BODY_MULTIPART_DID_NOT_PARSE" : "BODY_TOO_LARGE");
  // In single bytes it is refused as well.
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < body.size() && body.size() < 2'000; ++i) cuts.push_back(i);
  EXPECT_FALSE(read(body, cuts).result);
  return form.result.error().message;
}

// Content that looks like the delimiter, nearly.
const std::string kTricky =
    "\r\n--X\r\r\n\r\n--XY\n--XX\n\r--XX--\r\n-\r\n--\r\r\n--X\r\n--x" + std::string("\0\r\n--", 5) + "\r\n\r\n\r";

TEST(Multipart, IsTheSameWhereverItIsCut) {
  const std::string body = "a preamble\r\n" + field("path", "x/y") + part(kFileHead, kTricky) + field("empty", "") +
                           kEnd + "an epilogue --XX\r\n--XX\r\n";
  const auto expect_read = [](const Form& form) {
    ASSERT_TRUE(form.result) << form.result.error().message;
    EXPECT_EQ(form.file, kTricky);
    EXPECT_EQ(form.head->file_name, "a.csv");
    EXPECT_EQ(form.head->content_type, "text/csv");
    EXPECT_THAT(form.fields, testing::ElementsAre(testing::Pair("empty", ""), testing::Pair("path", "x/y")));
  };
  expect_read(read(body, {}));
  for (std::size_t first = 0; first < body.size(); ++first) {
    SCOPED_TRACE(first);
    expect_read(read(body, {first}));
    for (std::size_t second = first + 1; second < body.size(); second += 29) expect_read(read(body, {first, second}));
  }
  for (std::size_t size = 1; size < 40; ++size) {
    std::vector<std::size_t> cuts;
    for (std::size_t cut = size; cut < body.size(); cut += size) cuts.push_back(cut);
    SCOPED_TRACE(size);
    expect_read(read(body, cuts));
  }
}

TEST(Multipart, CutOffAnywhereItIsNotWhole) {
  const std::string body = field("path", "x") + part(kFileHead, kTricky) + "--XX--";
  ASSERT_TRUE(read(body, {}).result);
  for (std::size_t length = 0; length < body.size(); ++length) {
    EXPECT_FALSE(read(body.substr(0, length), {}).result) << length;
  }
}

TEST(Multipart, ReadsWhatClientsSend) {
  const Form empty = read(kEnd, {});
  EXPECT_TRUE(empty.result);
  EXPECT_FALSE(empty.head);
  const Form padded = read("--XX \t \r\n" + kFileHead + "\r\n\r\nbytes\r\n--XX-- ", {});
  EXPECT_TRUE(padded.result);
  EXPECT_EQ(padded.file, "bytes");
  const Form untyped = read(part("content-disposition:form-data;filename=a.bin ; name=file", "") + kEnd, {});
  ASSERT_TRUE(untyped.result) << untyped.result.error().message;
  EXPECT_EQ(untyped.head->file_name, "a.bin");
  EXPECT_EQ(untyped.head->content_type, "");
  const Form nameless = read(part("Content-Disposition: form-data; name=\"file\"", "x") + kEnd, {});
  EXPECT_TRUE(nameless.result);
  EXPECT_FALSE(nameless.head->file_name);
  // A file where a field is meant is a field, and limited as one.
  const Form other = read(part("Content-Disposition: form-data; name=\"other\"; filename=\"f\"", "x") + kEnd, {});
  EXPECT_FALSE(other.head);
  EXPECT_EQ(other.fields.at("other"), "x");
}

TEST(Multipart, UnquotesFileNames) {
  const auto name = [](const std::string& quoted) {
    const Form form = read(part("Content-Disposition: form-data; name=\"file\"; filename=" + quoted, "") + kEnd, {});
    return form.result ? form.head->file_name.value_or("none") : "refused";
  };
  EXPECT_EQ(name("\"a \\\"b\\\" \\\\ c;d=e.csv\""), "a \"b\" \\ c;d=e.csv");
  EXPECT_EQ(name("\"C:\\dir\\f.csv\""), "C:\\dir\\f.csv");
  EXPECT_EQ(name("\"\xC3\xA4.csv\""), "\xC3\xA4.csv");
  EXPECT_EQ(name("\"\""), "");
  EXPECT_EQ(name("\"a.csv\"; filename*=UTF-8''b.csv"), "a.csv");
  EXPECT_EQ(name("\"\xff.csv\""), "refused");
  EXPECT_EQ(name("\"open"), "refused");
  EXPECT_EQ(name("\"a\"b"), "refused");
  EXPECT_EQ(name("\"a\"; filename=\"b\""), "refused");
  EXPECT_EQ(name("two words"), "refused");
}

TEST(Multipart, RefusesWhatIsBroken) {
  EXPECT_THAT(refused(""), testing::HasSubstr("last boundary"));
  EXPECT_THAT(refused("no boundary at all"), testing::HasSubstr("last boundary"));
  EXPECT_THAT(refused(part(kFileHead, "x")), testing::HasSubstr("last boundary"));
  EXPECT_THAT(refused("--XX\n" + kFileHead + "\n\nbytes\n--XX--\n"), testing::HasSubstr("end of its line"));
  EXPECT_THAT(refused("--XX\r\nContent-Disposition: form-data; name=\"a\"\n\nb\r\n\r\n" + kEnd),
              testing::HasSubstr("Name: value"));
  EXPECT_THAT(refused("--XXY\r\n" + kFileHead + "\r\n\r\n\r\n" + kEnd), testing::HasSubstr("end of its line"));
  EXPECT_THAT(refused("--XX" + std::string(300, ' ') + "\r\n"), testing::HasSubstr("end of its line"));
  EXPECT_THAT(refused("--XX\r\n\r\nbytes\r\n" + kEnd), testing::HasSubstr("no Content-Disposition"));
  EXPECT_THAT(refused(part("Content-Type: text/csv", "") + kEnd), testing::HasSubstr("no Content-Disposition"));
  EXPECT_THAT(refused(part("Content-Disposition: attachment; name=\"file\"", "") + kEnd),
              testing::HasSubstr("form-data"));
  EXPECT_THAT(refused(part("Content-Disposition: form-data", "") + kEnd), testing::HasSubstr("form-data"));
  EXPECT_THAT(refused(part(kFileHead + "\r\nContent-Type: text/html", "") + kEnd),
              testing::HasSubstr("two Content-Types"));
  EXPECT_THAT(refused(part(kFileHead + "\r\n" + kFileHead, "") + kEnd), testing::HasSubstr("two Content-Disp"));
  EXPECT_THAT(refused(part(kFileHead + "\r\nContent-Transfer-Encoding: base64", "") + kEnd),
              testing::HasSubstr("Content-Transfer-Encoding"));
  EXPECT_THAT(refused(part(kFileHead + "\r\n folded", "") + kEnd), testing::HasSubstr("Name: value"));
  EXPECT_THAT(refused(part(kFileHead + "\r\nX: a" + std::string(1, '\0'), "") + kEnd),
              testing::HasSubstr("Name: value"));
  EXPECT_THAT(refused(field("a", "1") + field("a", "2") + kEnd), testing::HasSubstr("a twice"));
  EXPECT_THAT(refused(part(kFileHead, "x") + part(kFileHead, "y") + kEnd), testing::HasSubstr("file twice"));
  EXPECT_THAT(refused(field("a", "\xff") + kEnd), testing::HasSubstr("UTF-8"));
}

TEST(Multipart, HasLimits) {
  const auto many = [](std::size_t count) {
    std::string body;
    for (std::size_t i = 0; i < count; ++i) body += field("f" + std::to_string(i), "");
    return body + kEnd;
  };
  EXPECT_TRUE(read(many(limits::kMultipartParts), {}).result);
  EXPECT_THAT(refused(many(limits::kMultipartParts + 1), Code::kTooLarge), testing::HasSubstr("too many parts"));

  EXPECT_TRUE(read(field("a", std::string(limits::kMultipartFieldBytes - 1, 'x')) + kEnd, {}).result);
  EXPECT_THAT(refused(field("a", std::string(limits::kMultipartFieldBytes, 'x')) + kEnd, Code::kTooLarge),
              testing::HasSubstr("fields"));

  const auto padded = [](std::size_t bytes) {
    return part(kFileHead + "\r\nX: " + std::string(bytes - kFileHead.size() - 7, 'x'), "") + kEnd;
  };
  EXPECT_TRUE(read(padded(limits::kMultipartHeaderBytes), {}).result);
  EXPECT_THAT(refused(padded(limits::kMultipartHeaderBytes + 1), Code::kTooLarge), testing::HasSubstr("head"));
}

TEST(Multipart, TheFilesErrorIsItsOwn) {
  MultipartReader reader("XX", "file", [](auto) -> Result<void> { return fail(Code::kNoSpace, "full"); });
  EXPECT_EQ(reader.write(as_bytes(part(kFileHead, "bytes"))).error().code, Code::kNoSpace);
}

// A file full of beginnings of the delimiter takes no longer than its bytes.
TEST(Multipart, LargeFilesAreNotReadByteByByte) {
  std::string content(8 * 1024 * 1024, '\r');
  for (std::size_t at = 0; at + 4 < content.size(); at += 5) content.replace(at, 4, "\r\n--");
  const std::string head = "--XX\r\n" + kFileHead + "\r\n\r\n";
  std::size_t calls = 0;
  std::size_t bytes = 0;
  MultipartReader reader("XX", "file", [&](std::span<const std::byte> piece) -> Result<void> {
    ++calls;
    bytes += piece.size();
    return {};
  });
  ASSERT_TRUE(reader.write(as_bytes(head)));
  for (std::size_t at = 0; at < content.size(); at += limits::kBodyPieceBytes) {
    ASSERT_TRUE(reader.write(as_bytes(std::string_view(content).substr(at, limits::kBodyPieceBytes))));
  }
  ASSERT_TRUE(reader.write(as_bytes("\r\n" + kEnd)));
  EXPECT_TRUE(reader.finish());
  EXPECT_EQ(bytes, content.size());
  EXPECT_LE(calls, 2 * content.size() / limits::kBodyPieceBytes + 2);  // pieces are handed on as they came
}

TEST(MultipartBoundary, IsAsInTheContentType) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data;charset=utf-8;BOUNDARY=\"a b:c\" "), "a b:c");
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW"),
            "----WebKitFormBoundary7MA4YWxkTrZu0gW");
  for (const std::string text :
       {"", "multipart/form-data", "multipart/mixed; boundary=abc",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=\"abc",
        "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=\"a\\\"b\"",
        "multipart/form-data; boundary=a; boundary=b", "multipart/form-data; boundary", "application/json"}) {
    EXPECT_EQ(multipart_boundary(text), std::nullopt) << text;
  }
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'a')), std::nullopt);
}

}  // namespace
}  // namespace lakelift::http
