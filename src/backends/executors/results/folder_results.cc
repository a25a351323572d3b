#include "backends/executors/results/folder_results.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

namespace lakelift::executors {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kCopyBytes = 1 << 20;
constexpr std::size_t kMostFiles = 1'000'000;

bool is_below(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.back() == '/') return false;
  for (std::string_view rest = name; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part.empty() || part == "." || part == ".." || part.contains('\0')) return false;
  }
  return true;
}

std::unexpected<Error> no_name() { return fail(Code::kInvalid, "this is no name of a file or folder of results"); }

// What a path that we did not make ourselves runs into: a message without the path.
std::unexpected<Error> failed(int error_number) {
  if (error_number == ENOENT || error_number == ENOTDIR) return fail(Code::kNotFound, "there is no such result");
  return fail_errno("reading the folder of results", error_number);
}

class FolderResults final : public ResultStore {
 public:
  FolderResults(std::string path, UniqueFd root) : path_(std::move(path)), root_(std::move(root)) {}

  std::string address_of(const std::string& folder) const override { return path_ + "/" + folder + "/"; }

  Result<std::string> folder_of(const std::string& address) const override {
    std::string_view rest = address;
    if (rest.starts_with("file://")) rest.remove_prefix(7);
    while (rest.ends_with('/')) rest.remove_suffix(1);
    if (!rest.starts_with(path_ + "/") || !is_below(rest.substr(path_.size() + 1))) {
      return fail(Code::kInvalid, "the address is not one of the folder of results");
    }
    return std::string(rest.substr(path_.size() + 1));
  }

  Result<std::vector<ResultFile>> list(const std::string& folder) override {
    if (!is_below(folder)) return no_name();
    std::vector<ResultFile> files;
    std::error_code ec;
    const fs::path top = fs::path(path_) / folder;
    fs::recursive_directory_iterator entry(top, ec);
    for (; !ec && entry != fs::recursive_directory_iterator() && files.size() < kMostFiles; entry.increment(ec)) {
      // The script's unfinished files begin with a dot; what is gone by now is no result.
      std::error_code gone;
      if (entry->is_symlink(gone) || !entry->is_regular_file(gone) ||
          entry->path().filename().string().starts_with('.')) {
        continue;
      }
      const auto size = entry->file_size(gone);
      if (!gone) files.push_back({entry->path().lexically_relative(top).string(), size});
    }
    if (ec && ec != std::errc::no_such_file_or_directory) return failed(ec.value());
    std::ranges::sort(files, {}, &ResultFile::name);
    return files;
  }

  Result<std::string> read(const std::string& file, std::size_t most_bytes) override {
    TRY(const UniqueFd fd, open(file));
    TRY(const std::uint64_t size, file_size(fd.get()));
    if (size > most_bytes) {
      return fail(Code::kTooLarge, fmt::format("a file of results has {} bytes, more than {}", size, most_bytes));
    }
    std::string text(size, '\0');
    TRY(const std::size_t got, read_at(fd.get(), 0, std::as_writable_bytes(std::span(text))));
    text.resize(got);
    return text;
  }

  Result<void> fetch(const std::string& file, int output, std::stop_token stop) override {
    TRY(const UniqueFd fd, open(file));
    TRY(const std::uint64_t size, file_size(fd.get()));
    std::vector<std::byte> buffer(kCopyBytes);
    for (std::uint64_t at = 0; at < size;) {
      if (stop.stop_requested()) return fail(Code::kCancelled, "the job was cancelled");
      TRY(const std::size_t got, read_at(fd.get(), at, buffer));
      if (got == 0) return fail(Code::kUnavailable, "a file of results became shorter while it was read");
      TRY_VOID(write_all(output, std::span(buffer).first(got)));
      at += got;
    }
    return {};
  }

  Result<void> remove(const std::string& folder) override {
    if (!is_below(folder)) return no_name();
    // A link in place of the folder itself is removed, not what it points to.
    std::error_code ec;
    fs::remove_all(fs::path(path_) / folder, ec);
    if (ec) return failed(ec.value());
    // The run's folder goes with its last attempt.
    fs::remove((fs::path(path_) / folder).parent_path(), ec);
    return {};
  }

 private:
  Result<UniqueFd> open(const std::string& file) const {
    if (!is_below(file)) return no_name();
    auto fd = open_beneath(root_.get(), file, O_RDONLY | O_NOFOLLOW);
    if (fd) {
      struct stat status{};
      if (::fstat(fd->get(), &status) != 0 || !S_ISREG(status.st_mode)) return failed(ENOENT);
    }
    return fd;
  }

  const std::string path_;
  const UniqueFd root_;
};

}  // namespace

Result<std::unique_ptr<ResultStore>> open_folder_results(const std::string& path) {
  if (!path.starts_with('/')) return fail(Code::kInvalid, "a folder of results is named by its whole path, from / on");
  std::error_code ec;
  fs::create_directories(path, ec);
  if (ec) return fail(Code::kInvalid, "the folder of results can't be made: " + ec.message());
  const std::string real = fs::canonical(path, ec).string();
  if (ec) return fail(Code::kInvalid, "the folder of results can't be opened: " + ec.message());
  fs::permissions(real, fs::perms::others_all, fs::perm_options::remove, ec);  // what was paid for is not everybody's
  UniqueFd root(::open(real.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return fail_errno("opening the folder of results", errno);
  return std::make_unique<FolderResults>(real, std::move(root));
}

}  // namespace lakelift::executors
