#include "base/fd.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/encoding.h"

namespace lakelift {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  Files() : folder_(::testing::TempDir() + "/fd-XXXXXX") {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    root_ = UniqueFd(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  ~Files() override { fs::remove_all(folder_); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  static bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

  std::string folder_;
  UniqueFd root_;
};

TEST_F(Files, DescriptorsCloseThemselvesOnce) {
  int number = -1;
  {
    UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    number = fd.get();
    UniqueFd moved = std::move(fd);
    EXPECT_FALSE(fd);
    EXPECT_TRUE(moved);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
  UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd copy = *fd.duplicate();
  EXPECT_NE(copy.get(), fd.get());
  EXPECT_EQ(::fcntl(copy.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  const int released = fd.release();
  EXPECT_TRUE(is_open(released));
  ::close(released);
  EXPECT_FALSE(UniqueFd().duplicate());
}

TEST_F(Files, OpenedBeneathTheRootOnly) {
  fs::create_directories(path("a/b"));
  ASSERT_TRUE(write_file_durably(path("a/b/file"), "content"));
  fs::create_symlink("/etc", path("outside"));
  fs::create_symlink("a/b/file", path("inside"));
  EXPECT_TRUE(open_beneath(root_.get(), "a/b/file", O_RDONLY));
  EXPECT_TRUE(open_beneath(root_.get(), "a/../a/b/file", O_RDONLY)) << "stays beneath";
  for (const auto* bad : {"../x", "/etc/passwd", "a/../../x", "outside/passwd", "inside", "", "a/missing"}) {
    EXPECT_FALSE(open_beneath(root_.get(), bad, O_RDONLY)) << bad;
  }
  EXPECT_EQ(open_beneath(root_.get(), "missing", O_RDONLY).error().code, Code::kNotFound);
  const auto made = open_beneath(root_.get(), "made", O_WRONLY | O_CREAT | O_EXCL, 0640);
  ASSERT_TRUE(made);
  EXPECT_EQ(::fcntl(made->get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_FALSE(open_beneath(root_.get(), "../escaped", O_WRONLY | O_CREAT));
}

TEST_F(Files, ReadsAtAnyPlaceAndStopsAtTheEnd) {
  ASSERT_TRUE(write_file_durably(path("file"), "0123456789"));
  const UniqueFd fd = *open_beneath(root_.get(), "file", O_RDONLY);
  EXPECT_EQ(file_size(fd.get()), 10U);
  std::string buffer(4, '?');
  EXPECT_EQ(read_at(fd.get(), 3, std::as_writable_bytes(std::span(buffer))), 4U);
  EXPECT_EQ(buffer, "3456");
  EXPECT_EQ(read_at(fd.get(), 8, std::as_writable_bytes(std::span(buffer))), 2U);
  EXPECT_EQ(buffer, "8956");
  EXPECT_EQ(read_at(fd.get(), 100, std::as_writable_bytes(std::span(buffer))), 0U);
  EXPECT_FALSE(read_at(-1, 0, std::as_writable_bytes(std::span(buffer))));
}

TEST_F(Files, WritesAllEvenWhereThePipeIsSmall) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd out(ends[0]);
  UniqueFd in(ends[1]);
  const std::string text(1'000'000, 'x');
  std::string got;
  std::jthread reader([&] {
    char buffer[4'096];
    for (ssize_t n = ::read(out.get(), buffer, sizeof buffer); n > 0; n = ::read(out.get(), buffer, sizeof buffer)) {
      got.append(buffer, static_cast<std::size_t>(n));
    }
  });
  EXPECT_TRUE(write_all(in.get(), as_bytes(text)));
  in.reset();
  reader.join();
  EXPECT_EQ(got, text);
}

TEST_F(Files, AFullDiskHasItsOwnCode) {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  if (!full) GTEST_SKIP() << "/dev/full is missing";
  EXPECT_EQ(write_all(full.get(), as_bytes("x")).error().code, Code::kNoSpace);
}

TEST_F(Files, DurableWritesReplaceTheWhole) {
  ASSERT_TRUE(write_file_durably(path("file"), "a longer text than the next"));
  ASSERT_TRUE(write_file_durably(path("file"), "short", 0644));
  EXPECT_EQ(read_file(path("file"), 100), "short");
  EXPECT_FALSE(fs::exists(path("file.tmp")));
  EXPECT_FALSE(write_file_durably(path("missing/file"), "x"));
  struct stat seen{};
  ASSERT_TRUE(write_file_durably(path("secret"), "x"));
  ASSERT_EQ(::stat(path("secret").c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777, 0600U);
}

TEST_F(Files, ReadingHasALimit) {
  ASSERT_TRUE(write_file_durably(path("file"), "12345"));
  EXPECT_EQ(read_file(path("file"), 5), "12345");
  EXPECT_EQ(read_file(path("file"), 4).error().code, Code::kTooLarge);
  EXPECT_EQ(read_file(path("missing"), 4).error().code, Code::kNotFound);
}

TEST_F(Files, ErrorsOfTheSystemSayWhatWasDone) {
  const auto error = sync_file(-1).error();
  EXPECT_EQ(error.code, Code::kInternal);
  EXPECT_THAT(error.message, ::testing::StartsWith("writing to the disk: "));
}

}  // namespace
}  // namespace lakelift
