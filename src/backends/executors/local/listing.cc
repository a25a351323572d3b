#include "backends/executors/local/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>

#include "base/encoding.h"
#include "base/limits.h"

namespace lakelift::executors {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::string_view kSuffix = ".parquet";

std::unexpected<Error> refuse(const std::string& message) {
  return fail(Code::kInvalid, "", message, {{"source", {message}}});
}

std::unexpected<Error> too_many() {
  return fail(Code::kTooLarge,
              fmt::format("the source has more than {} files or folders (source_files)", limits::kSourceFiles));
}

// `number` counts from 1, as people do; the path itself is nobody's business.
std::unexpected<Error> no_access(std::size_t number, int error_number) {
  if (error_number == ENOENT || error_number == ENOTDIR) {
    return fail(Code::kNotFound, fmt::format("path {} of the source does not exist on the server", number));
  }
  return refuse(
      fmt::format("path {} of the source can't be read by the server: {}", number, std::strerror(error_number)));
}

Result<std::vector<std::string>> paths_of(const Source& source) {
  const auto* paths = find(source, "paths");
  if (paths == nullptr || !paths->is_array() || paths->get_array().empty() || source.size() != 1) {
    return refuse(R"(a LOCAL source is {"paths": ["/absolute/file.parquet" or "/absolute/folder", …]})");
  }
  if (paths->get_array().size() > limits::kSourcePaths) {
    return fail(Code::kTooLarge,
                fmt::format("a LOCAL source has at most {} paths (source_paths)", limits::kSourcePaths));
  }
  std::vector<std::string> out;
  for (const auto& element : paths->get_array()) {
    if (!element.is_string()) return refuse("a path of a LOCAL source is a text");
    out.emplace_back(element.get_string());
    const std::string& path = out.back();
    if (path.empty() || path.front() != '/' || path.size() >= PATH_MAX || path.find('\0') != std::string::npos) {
      return refuse("a path of a LOCAL source begins with '/'");
    }
  }
  return out;
}

bool is_skipped(std::string_view name) { return name.starts_with('.') || name.starts_with('_'); }

// The "key=value" folders at the end of a root's path, with a "/" behind each.
std::string hive_tail(const std::filesystem::path& folder) {
  std::string tail;
  for (auto at = folder; at.filename().string().find('=') != std::string::npos; at = at.parent_path()) {
    tail.insert(0, at.filename().string() + "/");
  }
  return tail;
}

ListedFile listed(const struct stat& st, std::string relative, const std::string& prefix, std::size_t root) {
  return {prefix + relative,
          std::move(relative),
          root,
          static_cast<std::uint64_t>(st.st_size),
          static_cast<std::int64_t>(st.st_mtim.tv_sec) * kNanosPerSecond + st.st_mtim.tv_nsec,
          st.st_dev,
          st.st_ino};
}

bool is_same(const ListedFile& a, const ListedFile& b) {
  return a.size_bytes == b.size_bytes && a.changed_nanos == b.changed_nanos && a.device == b.device &&
         a.inode == b.inode;
}

}  // namespace

// Goes through one root's folders, one open at a time.
class Listing::Walker {
 public:
  Walker(const Root& root, std::size_t index, std::vector<ListedFile>& files)
      : root_(root), index_(index), files_(files) {}

  Result<void> walk() {
    pending_.emplace_back("");
    while (!pending_.empty()) {
      const std::string folder = std::move(pending_.back());
      pending_.pop_back();
      if (++folders_ > limits::kSourceFiles) return too_many();
      TRY_VOID(read_folder(folder));
    }
    return {};
  }

 private:
  Result<void> read_folder(const std::string& folder) {
    auto fd = open_beneath(root_.folder.get(), folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
    if (!fd) return unreadable(folder);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd->get()), &::closedir);
    if (!stream) return unreadable(folder);
    (void)fd->release();  // the stream's now
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
      TRY_VOID(look_at(::dirfd(stream.get()), folder, entry->d_name));
      errno = 0;
    }
    if (errno != 0) return unreadable(folder);
    return {};
  }

  Result<void> look_at(int folder_fd, const std::string& folder, const std::string& name) {
    if (is_skipped(name)) return {};
    struct stat st{};
    // One that is removed at this moment is not there.
    if (::fstatat(folder_fd, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return {};
    const std::string relative = folder.empty() ? name : folder + "/" + name;
    if (S_ISDIR(st.st_mode)) pending_.push_back(relative);
    if (!S_ISREG(st.st_mode) || !name.ends_with(kSuffix)) return {};
    if (!is_valid_utf8(relative)) return refuse("the source holds a file whose name is not valid UTF-8");
    if (files_.size() >= limits::kSourceFiles) return too_many();
    files_.push_back(listed(st, relative, root_.prefix, index_));
    return {};
  }

  std::unexpected<Error> unreadable(const std::string& folder) const {
    return refuse(fmt::format("the folder '{}' of the source can't be read by the server", root_.prefix + folder));
  }

  const Root& root_;
  const std::size_t index_;
  std::vector<ListedFile>& files_;
  std::vector<std::string> pending_;
  std::size_t folders_ = 0;
};

Result<void> Listing::add_path(const std::string& path, std::size_t index, bool alone) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), &std::free);
  struct stat st{};
  if (!real || ::stat(real.get(), &st) != 0) return no_access(index + 1, errno);
  const std::filesystem::path whole(real.get());
  const bool is_folder = S_ISDIR(st.st_mode);
  if (!is_folder && !S_ISREG(st.st_mode)) return refuse(fmt::format("path {} of the source is no file", index + 1));

  const std::filesystem::path folder = is_folder ? whole : whole.parent_path();
  Root root{UniqueFd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), ""};
  if (!root.folder) return no_access(index + 1, errno);
  if (!alone) root.prefix = fmt::format("{:06}/{}", index, hive_tail(folder));
  roots_.push_back(std::move(root));

  const std::size_t before = files_.size();
  if (is_folder) {
    TRY_VOID(Walker(roots_.back(), index, files_).walk());
  } else {
    files_.push_back(listed(st, whole.filename().string(), roots_.back().prefix, index));
  }
  if (files_.size() == before) {
    return fail(Code::kNotFound, fmt::format("path {} of the source holds no file *.parquet", index + 1));
  }
  return {};
}

// A file that two paths of the source lead to would be read twice.
Result<void> Listing::check_no_repeats() const {
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::size_t> root_of;
  for (const auto& file : files_) {
    const auto [found, is_new] = root_of.try_emplace({file.device, file.inode}, file.root);
    if (!is_new && found->second != file.root) {
      return refuse(fmt::format("paths {} and {} of the source hold the same file '{}'", found->second + 1,
                                file.root + 1, file.relative));
    }
  }
  return {};
}

Result<Listing> Listing::of(const Source& source) {
  TRY(const std::vector<std::string> paths, paths_of(source));
  Listing listing;
  for (std::size_t i = 0; i < paths.size(); ++i) TRY_VOID(listing.add_path(paths[i], i, paths.size() == 1));
  TRY_VOID(listing.check_no_repeats());
  std::ranges::sort(listing.files_, {}, &ListedFile::path);
  return listing;
}

std::vector<columnar::InputFile> Listing::inputs() const {
  std::vector<columnar::InputFile> out;
  out.reserve(files_.size());
  for (const auto& file : files_) out.push_back({file.path, file.size_bytes});
  return out;
}

std::int64_t Listing::bytes() const {
  std::int64_t sum = 0;
  for (const auto& file : files_) sum += static_cast<std::int64_t>(file.size_bytes);
  return sum;
}

std::string Listing::version() const {
  Sha256 hash;
  for (const auto& file : files_) {
    // The path last but one: nothing in it can pass for another field, its length being told.
    const std::string line = fmt::format("{}:{} {} {} {} {}\n", file.path.size(), file.path, file.size_bytes,
                                         file.changed_nanos, file.device, file.inode);
    hash.update(as_bytes(line));
  }
  return hex_encode(hash.finish());
}

Result<UniqueFd> Listing::open(std::size_t index) const {
  if (index >= files_.size()) return fail(Code::kInternal, "the source has no such file");
  const ListedFile& file = files_[index];
  // O_NONBLOCK: a pipe that took the file's place must not hold us up.
  auto fd = open_beneath(roots_[file.root].folder.get(), file.relative, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat st{};
  const bool is_file = fd && ::fstat(fd->get(), &st) == 0 && S_ISREG(st.st_mode);
  if (!is_file || !is_same(file, listed(st, file.relative, "", file.root))) {
    return fail(Code::kUnavailable, fmt::format("the file '{}' changed while it was read; try again", file.path));
  }
  return *std::move(fd);
}

}  // namespace lakelift::executors
