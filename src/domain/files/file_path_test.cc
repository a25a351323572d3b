#include "domain/files/file_path.h"

#include <gmock/gmock.h>

#include <random>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/testing/case_file.h"

namespace lakelift::files {
namespace {

using lakelift::testing::Case;
using ::testing::HasSubstr;

// Of a text in quotes: \xHH and \n, \\, and [x*N].
std::string unescaped(std::string_view quoted) {
  EXPECT_TRUE(quoted.size() >= 2 && quoted.front() == '"' && quoted.back() == '"') << quoted;
  quoted.remove_prefix(1);
  quoted.remove_suffix(1);
  std::string out;
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] != '\\') {
      out.push_back(quoted[i]);
    } else if (quoted[++i] == 'x') {
      out += hex_decode(quoted.substr(i + 1, 2)).value_or("?");
      i += 2;
    } else {
      out.push_back(quoted[i] == 'n' ? '\n' : quoted[i]);
    }
  }
  std::string repeated;
  for (std::size_t from = 0; from < out.size();) {
    const std::size_t star = out.find('*', from);
    const std::size_t end = out.find(']', from);
    if (out[from] != '[' || star == std::string::npos || end == std::string::npos || star > end) {
      repeated.push_back(out[from++]);
      continue;
    }
    for (int n = std::stoi(out.substr(star + 1, end - star - 1)); n > 0; --n) {
      repeated += out.substr(from + 1, star - from - 1);
    }
    from = end + 1;
  }
  return repeated;
}

// What the message says.
std::string fault_text(const std::string& word) {
  if (word == "dots") return "may not be \".\" or \"..\"";
  if (word == "empty") return "is empty";
  if (word == "control") return "control character U+";
  if (word == "backslash") return "backslash";
  if (word == "bidirectional") return "bidirectional control U+";
  if (word == "utf8") return "not UTF-8";
  if (word == "space") return "begin or end with a space";
  if (word == "part") return "A part has at most 255 bytes";
  if (word == "long") return "A path has at most 1024 bytes";
  ADD_FAILURE() << "no such fault: " << word;
  return word;
}

TEST(FilePathTest, IsWhatTheCasesSay) {
  for (const Case& one : lakelift::testing::read_cases(LAKELIFT_CASES_DIR "/files/paths.txt")) {
    const auto path = FilePath::parse(unescaped(one.input));
    if (one.expected.starts_with('"')) {
      ASSERT_TRUE(path) << "line " << one.line << ": " << path.error().message;
      EXPECT_EQ(path->text(), unescaped(one.expected)) << "line " << one.line;
      EXPECT_EQ(FilePath::parse(path->text())->text(), path->text()) << "line " << one.line << ": again";
      continue;
    }
    ASSERT_FALSE(path) << "line " << one.line << " was let through";
    EXPECT_EQ(path.error().event, "FILE_NAME_DID_NOT_VALIDATE");
    EXPECT_EQ(path.error().code, Code::kInvalid);
    ASSERT_EQ(path.error().fields.size(), 1U);
    EXPECT_EQ(path.error().fields.front().field, "path");
    EXPECT_THAT(path.error().message, HasSubstr(fault_text(one.expected))) << "line " << one.line;
  }
}

TEST(FilePathTest, AnyBytesAreRefusedOrGood) {
  std::mt19937 random(1);
  const std::string_view letters("ab./\\ \x00\x1f\x7f\xc3\xa9\xcc\x81\xe2\x80\xae\xff", 17);
  int good = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto n = random() % 8; n > 0; --n) text.push_back(letters[random() % letters.size()]);
    const auto path = FilePath::parse(text);
    if (!path) continue;
    ++good;
    const std::string slashed = "/" + path->text() + (path->is_root() ? "" : "/");
    EXPECT_EQ(slashed.find("//"), std::string::npos) << slashed;
    EXPECT_EQ(slashed.find("/../"), std::string::npos) << slashed;
    EXPECT_EQ(slashed.find("/./"), std::string::npos) << slashed;
    EXPECT_EQ(slashed.find_first_of(std::string_view("\\\0\x1f\x7f", 4)), std::string::npos) << slashed;
    EXPECT_TRUE(is_valid_utf8(slashed));
    EXPECT_EQ(FilePath::parse(path->text()), *path);
  }
  EXPECT_GT(good, 500);
}

TEST(FilePathTest, LiftBitsNamesAreFewer) {
  for (const std::string_view good : {"a", "My file_1.txt", "a-b/c.d", "-"}) {
    EXPECT_TRUE(FilePath::parse_liftbit(good)) << good;
  }
  for (const std::string_view bad : {"caf\xc3\xa9", "a+b", "a%20b", "a:b", "a\nb", "..", "a/../b", "/a", "a//b", " a",
                                     "a\\b", "a'b", "a\"b", "\xef\xbc\x8e"}) {
    const auto path = FilePath::parse_liftbit(bad);
    ASSERT_FALSE(path) << bad;
    EXPECT_EQ(path.error().event, "FILE_NAME_DID_NOT_VALIDATE");
  }
  EXPECT_FALSE(FilePath::parse_liftbit(std::string_view("a\0b", 3)));
}

FilePath path_of(std::string_view text) { return FilePath::parse(text).value(); }

TEST(FilePathTest, KnowsItsFolders) {
  EXPECT_EQ(path_of("a/b/c.csv").name(), "c.csv");
  EXPECT_EQ(path_of("a/b/c.csv").parent(), path_of("a/b"));
  EXPECT_EQ(path_of("a").parent(), FilePath());
  EXPECT_EQ(FilePath().parent(), FilePath());
  EXPECT_EQ(FilePath().name(), "");
  EXPECT_THAT(path_of("a/b/c.csv").ancestors(), ::testing::ElementsAre(path_of("a"), path_of("a/b")));
  EXPECT_THAT(path_of("a").ancestors(), ::testing::IsEmpty());
  EXPECT_THAT(FilePath().ancestors(), ::testing::IsEmpty());
}

TEST(FilePathTest, CoversItselfAndWhatLiesBeneath) {
  EXPECT_TRUE(path_of("a").covers(path_of("a")));
  EXPECT_TRUE(path_of("a").covers(path_of("a/b/c")));
  EXPECT_FALSE(path_of("a").covers(path_of("ab")));
  EXPECT_FALSE(path_of("a").covers(path_of("a.b")));
  EXPECT_FALSE(path_of("a/b").covers(path_of("a")));
  EXPECT_TRUE(FilePath().covers(path_of("a")));
  EXPECT_TRUE(FilePath().covers(FilePath()));
}

TEST(FilePathTest, MovesWithItsFolder) {
  EXPECT_EQ(path_of("a/b/c").moved(path_of("a/b"), path_of("x"))->text(), "x/c");
  EXPECT_EQ(path_of("a/b").moved(path_of("a/b"), path_of("x/y"))->text(), "x/y");
  EXPECT_EQ(path_of("a/b").moved(path_of("a"), FilePath())->text(), "b");
  EXPECT_EQ(path_of("a/b").moved(FilePath(), path_of("x"))->text(), "x/a/b");
  const std::string part(200, 'p');
  const auto deep = path_of("a/" + part + "/" + part + "/" + part + "/" + part);
  EXPECT_TRUE(deep.moved(path_of("a"), path_of(part)));
  const auto longer = deep.moved(path_of("a"), path_of(std::string(240, 'q')));
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().event, "FILE_NAME_DID_NOT_VALIDATE");
}

TEST(FilePathTest, MediaTypesGoByTheEnding) {
  EXPECT_EQ(media_type_of_name("may.csv"), "text/csv");
  EXPECT_EQ(media_type_of_name("MAY.CSV"), "text/csv");
  EXPECT_EQ(media_type_of_name("a.parquet"), "application/vnd.apache.parquet");
  EXPECT_EQ(media_type_of_name("a.csv.gz"), "application/gzip");
  EXPECT_EQ(media_type_of_name("a.ndjson"), "application/x-ndjson");
  for (const std::string_view other : {"", "csv", ".", "a.", "a.unknown", "csv.d"}) {
    EXPECT_EQ(media_type_of_name(other), "application/octet-stream") << other;
  }
}

}  // namespace
}  // namespace lakelift::files
