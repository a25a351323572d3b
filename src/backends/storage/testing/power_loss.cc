#include "backends/storage/testing/power_loss.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

#include "base/fd.h"

namespace lakelift::storage::testing {
namespace {

namespace fs = std::filesystem;

std::optional<struct stat> look(const std::string& path) {
  struct stat st{};
  if (::lstat(path.c_str(), &st) != 0) return std::nullopt;
  return st;
}

std::string path_of(int fd) { return fs::read_symlink(fmt::format("/proc/self/fd/{}", fd)).string(); }

std::string content_of(int fd, std::size_t size) {
  std::string content(size, '\0');
  const auto got = read_at(fd, 0, std::as_writable_bytes(std::span(content)));
  content.resize(got.value_or(0));
  return content;
}

std::map<std::string, ino_t> names_now(const std::string& folder) {
  std::map<std::string, ino_t> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (const auto st = look(entry.path().string())) names[entry.path().filename().string()] = st->st_ino;
  }
  return names;
}

}  // namespace

std::function<Result<void>(int)> PowerLoss::sync(std::function<void()> looks) {
  return [this, looks = std::move(looks)](int fd) -> Result<void> {
    if (looks) looks();
    struct stat st{};
    if (::fstat(fd, &st) != 0) return fail_errno("looking at what is synced", errno);
    if (S_ISDIR(st.st_mode)) {
      folders_[st.st_ino] = names_now(path_of(fd));
    } else {
      files_[st.st_ino] = {content_of(fd, static_cast<std::size_t>(st.st_size)), UniqueFd(::dup(fd))};
    }
    if (looks) looks();
    return {};
  };
}

void PowerLoss::image(const std::string& into, Left left, std::mt19937_64& random) const {
  build({root_, into}, left, random);
}

void PowerLoss::build(const Folder& folder, Left left, std::mt19937_64& random) const {
  const auto self = look(folder.from);
  if (!self) return;
  const Names now = names_now(folder.from);
  const auto found = folders_.find(self->st_ino);
  const Names synced = found == folders_.end() ? Names() : found->second;
  std::set<std::string> all;
  for (const auto& [name, inode] : now) all.insert(name);
  for (const auto& [name, inode] : synced) all.insert(name);
  for (const auto& name : all) {
    const bool takes_now = left == Left::kAllNames || (left == Left::kSomeOfThese && random() % 2 == 0);
    const Names& names = takes_now ? now : synced;
    const auto entry = names.find(name);
    if (entry == names.end()) continue;
    const Folder below{folder.from + "/" + name, folder.into + "/" + name};
    const auto st = look(below.from);
    if (st && S_ISDIR(st->st_mode)) {
      fs::create_directory(below.into);
      fs::permissions(below.into, fs::perms::owner_all);
      build(below, left, random);
    } else {
      build_file(below.into, entry->second, left, random);
    }
  }
}

// A file that was never synced may be empty, or end anywhere, or have zeros where its bytes were not written yet.
void PowerLoss::build_file(const std::string& into, ino_t inode, Left left, std::mt19937_64& random) const {
  std::ofstream file(into, std::ios::binary);
  const auto synced = files_.find(inode);
  if (synced != files_.end()) {
    file << synced->second.content;
  } else if (left == Left::kSomeOfThese) {
    file << std::string(random() % 64, '\0');
  }
}

}  // namespace lakelift::storage::testing
