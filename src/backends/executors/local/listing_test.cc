#include "backends/executors/local/listing.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace lakelift::executors {
namespace {

namespace fs = std::filesystem;

// A folder that is gone after the test.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "lakelift-listing-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = fs::canonical(name);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] fs::path operator/(const std::string& name) const { return path_ / name; }
  void write(const std::string& name, const std::string& text = "data") const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }

 private:
  fs::path path_;
};

Source source_of(std::initializer_list<fs::path> paths) {
  json::array array;
  for (const auto& path : paths) array.push_back(json::string(path.string()));
  return Source{{"paths", std::move(array)}};
}

std::vector<std::string> paths_in(const Source& source) {
  const auto listing = Listing::of(source);
  EXPECT_TRUE(listing) << listing.error().message;
  std::vector<std::string> out;
  if (listing) {
    for (const auto& file : listing->files()) out.push_back(file.path);
  }
  return out;
}

using Paths = std::vector<std::string>;

TEST(Listing, ReadsAFolderInByteOrderOfRelativePaths) {
  const Folder folder;
  for (const char* name :
       {"b/z.parquet", "b.parquet", "a/month=2/x.parquet", "a/month=10/x.parquet", "B.parquet", "notes.txt",
        "x.parquet.crc", ".hidden.parquet", "_tmp.parquet", ".git/x.parquet", "_delta_log/x.parquet", "b/_SUCCESS"}) {
    folder.write(name);
  }
  fs::create_directory(folder / "dir.parquet");
  EXPECT_EQ(paths_in(source_of({folder / ""})),
            (Paths{"B.parquet", "a/month=10/x.parquet", "a/month=2/x.parquet", "b.parquet", "b/z.parquet"}));
}

TEST(Listing, NamesOneFileByItsName) {
  const Folder folder;
  folder.write("deep/month=1/flights.pq");
  EXPECT_EQ(paths_in(source_of({folder / "deep/month=1/flights.pq"})), Paths{"flights.pq"});
}

TEST(Listing, KeepsPathsOfSeveralRootsApartAndTheirHivePartsVisible) {
  const Folder folder;
  folder.write("year=2013/month=1/a.parquet");
  folder.write("year=2013/month=2/a.parquet");
  folder.write("other/a.parquet");
  EXPECT_EQ(
      paths_in(source_of({folder / "year=2013/month=2", folder / "year=2013/month=1/a.parquet", folder / "other"})),
      (Paths{"000000/year=2013/month=2/a.parquet", "000001/year=2013/month=1/a.parquet", "000002/a.parquet"}));
}

TEST(Listing, FollowsNoLinkBeneathItsRoot) {
  const Folder outside;
  const Folder folder;
  outside.write("secret.parquet");
  folder.write("own.parquet");
  fs::create_symlink(outside / "secret.parquet", folder / "link.parquet");
  fs::create_directory_symlink(outside / "", folder / "folder");
  fs::create_directory_symlink(folder / "", folder / "loop");
  EXPECT_EQ(paths_in(source_of({folder / ""})), Paths{"own.parquet"});

  fs::create_directory_symlink(folder / "", outside / "way");
  EXPECT_EQ(paths_in(source_of({outside / "way"})), Paths{"own.parquet"}) << "a path of the source may be a link";
}

TEST(Listing, RefusesWhatIsNoSource) {
  const Folder folder;
  folder.write("a.parquet");
  const std::string file = (folder / "a.parquet").string();
  const std::vector<Source> wrongs = {
      Source{},
      Source{{"table", "a.b"}},
      Source{{"paths", file}},
      Source{{"paths", json::array{}}},
      Source{{"paths", json::array{1}}},
      Source{{"paths", json::array{"relative.parquet"}}},
      Source{{"paths", json::array{""}}},
      Source{{"paths", json::array{file + std::string("\0x", 2)}}},
      Source{{"paths", json::array{file}}, {"extra", 1}},
      Source{{"paths", json::array{"/dev/null"}}},
      Source{{"paths", json::array{file, (folder / "").string()}}},  // the same file twice
  };
  for (const auto& wrong : wrongs) {
    const auto listing = Listing::of(wrong);
    ASSERT_FALSE(listing) << to_text(json::value(wrong));
    EXPECT_EQ(listing.error().code, Code::kInvalid) << to_text(json::value(wrong));
    ASSERT_EQ(listing.error().fields.size(), 1U);
    EXPECT_EQ(listing.error().fields[0].field, "source");
  }
  json::array many(limits::kSourcePaths + 1, json::value(file));
  EXPECT_EQ(Listing::of(Source{{"paths", many}}).error().code, Code::kTooLarge);
}

TEST(Listing, SaysWhatIsMissingWithoutNamingTheMachinesPaths) {
  const Folder folder;
  fs::create_directory(folder / "empty");
  for (const char* name : {"nowhere", "nowhere/at/all.parquet", "empty"}) {
    const auto listing = Listing::of(source_of({folder / name}));
    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().code, Code::kNotFound);
    EXPECT_EQ(listing.error().message.find((folder / "").string()), std::string::npos) << listing.error().message;
  }
}

TEST(Listing, HasAnotherVersionWhenAFileChanges) {
  const Folder folder;
  folder.write("a.parquet", "one");
  folder.write("b.parquet", "two");
  const auto source = source_of({folder / ""});
  const auto version = [&] { return Listing::of(source).value().version(); };
  const std::string first = version();
  EXPECT_EQ(first.size(), 64U);
  EXPECT_EQ(version(), first);

  std::set<std::string> seen = {first};
  folder.write("a.parquet", "longer");
  EXPECT_TRUE(seen.insert(version()).second) << "another size";
  fs::last_write_time(folder / "a.parquet", fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_TRUE(seen.insert(version()).second) << "another time";
  fs::rename(folder / "a.parquet", folder / "c.parquet");
  EXPECT_TRUE(seen.insert(version()).second) << "another name";
  fs::remove(folder / "c.parquet");
  EXPECT_TRUE(seen.insert(version()).second) << "one less";
  folder.write("notes.txt", "x");
  EXPECT_FALSE(seen.insert(version()).second) << "what is not listed does not count";
}

TEST(Listing, OpensOnlyWhatItListed) {
  const Folder outside;
  outside.write("secret.parquet", "data");
  const Folder folder;
  for (const char* name : {"same", "changed", "gone", "linked", "piped", "replaced"}) {
    folder.write(std::string(name) + ".parquet");
  }
  const auto listing = Listing::of(source_of({folder / ""}));
  ASSERT_TRUE(listing);
  folder.write("changed.parquet", "more data");
  fs::remove(folder / "gone.parquet");
  fs::remove(folder / "linked.parquet");
  fs::create_symlink(outside / "secret.parquet", folder / "linked.parquet");
  fs::remove(folder / "piped.parquet");
  ASSERT_EQ(::mkfifo((folder / "piped.parquet").c_str(), 0600), 0);
  folder.write("new", "data");
  fs::rename(folder / "new", folder / "replaced.parquet");

  for (std::size_t i = 0; i < listing->files().size(); ++i) {
    const std::string& path = listing->files()[i].path;
    const auto fd = listing->open(i);
    if (path == "same.parquet") {
      EXPECT_TRUE(fd) << path;
      continue;
    }
    ASSERT_FALSE(fd) << path;
    EXPECT_EQ(fd.error().code, Code::kUnavailable) << path;
    EXPECT_NE(fd.error().message.find(path), std::string::npos) << fd.error().message;
    EXPECT_EQ(fd.error().message.find((folder / "").string()), std::string::npos) << fd.error().message;
  }
  EXPECT_FALSE(listing->open(99));
}

}  // namespace
}  // namespace lakelift::executors
