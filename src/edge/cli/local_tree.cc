#include "edge/cli/local_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <ranges>

#include "edge/cli/cli_limits.h"
#include "edge/cli/remote_name.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

namespace fs = std::filesystem;

class Walk {
 public:
  // `relative`: empty, or ends in '/'.
  Result<void> folder(const fs::path& path, const std::string& relative, std::size_t depth) {
    if (depth > limits::kTreeDepth)
      return fail(Code::kTooLarge, "", fmt::format("{} lies too deep", printable(path.string())));
    std::error_code error;
    fs::directory_iterator it(path, error);
    if (error) return fail_errno("can't read the folder " + printable(path.string()), error.value());
    bool is_empty = true;
    for (; it != fs::directory_iterator(); it.increment(error)) {
      if (error) break;
      is_empty = false;
      TRY_VOID(entry(*it, relative + it->path().filename().string(), depth));
    }
    if (error) return fail_errno("can't read the folder " + printable(path.string()), error.value());
    if (is_empty && !relative.empty()) tree.entries.push_back({relative.substr(0, relative.size() - 1), true, 0});
    return {};
  }

  LocalTree tree;

 private:
  Result<void> entry(const fs::directory_entry& entry, const std::string& relative, std::size_t depth) {
    if (tree.entries.size() >= limits::kTreeEntries)
      return fail(Code::kTooLarge, "", fmt::format("more than {} files", limits::kTreeEntries));
    std::error_code error;
    const fs::file_status status = entry.symlink_status(error);
    if (fs::is_directory(status)) return folder(entry.path(), relative + "/", depth + 1);
    if (fs::is_regular_file(status)) {
      const auto size = entry.file_size(error);
      tree.entries.push_back({relative, false, error ? 0 : static_cast<std::uint64_t>(size)});
    } else if (fs::exists(status)) {
      tree.skipped.push_back(relative);
    }
    return {};  // what vanished meanwhile is not there
  }
};

Result<UniqueFd> open_or_make(int folder, const std::string& part, std::string_view whole) {
  if (mkdirat(folder, part.c_str(), 0777) != 0 && errno != EEXIST)
    return fail_errno("can't make the folder " + printable(whole), errno);
  UniqueFd fd(openat(folder, part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && (errno == ELOOP || errno == ENOTDIR)) {
    return fail(
        Code::kConflict, "",
        fmt::format("{}: {} is a file or a link here, where a folder is needed", printable(whole), printable(part)));
  }
  if (!fd) return fail_errno("can't open the folder " + printable(whole), errno);
  return fd;
}

}  // namespace

Result<LocalTree> walk_local(const std::string& folder) {
  Walk walk;
  TRY_VOID(walk.folder(folder, "", 0));
  std::ranges::sort(walk.tree.entries, {}, &LocalEntry::path);
  std::ranges::sort(walk.tree.skipped);
  return std::move(walk.tree);
}

Result<LocalFolder> LocalFolder::open(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno("can't make the folder " + printable(path), errno);
  return LocalFolder(path, std::move(fd));
}

Result<void> LocalFolder::make_folder(std::string_view relative) const {
  if (!is_safe_path(relative)) {
    return fail(Code::kInvalid, "UNSAFE_NAME",
                fmt::format("the server sent the name \"{}\", which is not written here", printable(relative)));
  }
  UniqueFd at;
  for (const auto part : std::views::split(relative, '/')) {
    TRY(at, open_or_make(at ? at.get() : fd_.get(), std::string(part.begin(), part.end()), relative));
  }
  return {};
}

Result<std::string> LocalFolder::place(std::string_view relative) const {
  const auto slash = relative.rfind('/');
  if (!is_safe_path(relative)) return std::unexpected(make_folder(relative).error());
  if (slash != std::string_view::npos) TRY_VOID(make_folder(relative.substr(0, slash)));
  return (fs::path(path_) / relative).string();
}

}  // namespace lakelift::cli
