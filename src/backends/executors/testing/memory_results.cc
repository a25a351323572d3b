#include "backends/executors/testing/memory_results.h"

#include "base/encoding.h"
#include "base/fd.h"

namespace lakelift::executors::testing {

void MemoryResults::put(const std::string& file, std::string bytes) {
  const std::lock_guard lock(mutex_);
  files_[file] = std::move(bytes);
}

std::vector<std::string> MemoryResults::files() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, _] : files_) names.push_back(name);
  return names;
}

void MemoryResults::fail_fetches(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  fetch_error_ = std::move(error);
}

void MemoryResults::go_away(bool is_away) {
  const std::lock_guard lock(mutex_);
  is_away_ = is_away;
}

Result<void> MemoryResults::check_there() const {
  if (is_away_) return fail(Code::kUnavailable, "the place of results can't be reached");
  return {};
}

std::string MemoryResults::address_of(const std::string& folder) const { return address_ + "/" + folder + "/"; }

Result<std::string> MemoryResults::folder_of(const std::string& address) const {
  if (!address.starts_with(address_ + "/")) return fail(Code::kInvalid, "that is not an address of this store");
  std::string folder = address.substr(address_.size() + 1);
  if (folder.ends_with('/')) folder.pop_back();
  return folder;
}

Result<std::vector<ResultFile>> MemoryResults::list(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  TRY_VOID(check_there());
  std::vector<ResultFile> found;
  for (const auto& [name, bytes] : files_) {
    if (name.starts_with(folder + "/")) found.push_back({name.substr(folder.size() + 1), bytes.size()});
  }
  return found;
}

Result<std::string> MemoryResults::read(const std::string& file, std::size_t most_bytes) {
  const std::lock_guard lock(mutex_);
  TRY_VOID(check_there());
  const auto found = files_.find(file);
  if (found == files_.end()) return fail(Code::kNotFound, "there is no such file");
  if (found->second.size() > most_bytes) return fail(Code::kTooLarge, "the file is too large");
  return found->second;
}

Result<void> MemoryResults::fetch(const std::string& file, int output, std::stop_token stop) {
  if (stop.stop_requested()) return fail(Code::kCancelled, "stopped");
  const std::lock_guard lock(mutex_);
  TRY_VOID(check_there());
  if (fetch_error_) return std::unexpected(*fetch_error_);
  const auto found = files_.find(file);
  if (found == files_.end()) return fail(Code::kNotFound, "there is no such file");
  return write_all(output, as_bytes(found->second));
}

Result<void> MemoryResults::remove(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  std::erase_if(files_, [&](const auto& one) { return one.first == folder || one.first.starts_with(folder + "/"); });
  return {};
}

}  // namespace lakelift::executors::testing
