#include "app/engine_results.h"

#include <algorithm>

#include "backends/storage/cloud/cloud_reader.h"
#include "base/fd.h"
#include "base/limits.h"

namespace lakelift::app {
namespace {

constexpr std::size_t kMostFiles = 100'000;  // of one folder
constexpr std::size_t kPageFiles = 1'000;

std::unexpected<Error> not_ours() {
  return fail(Code::kInvalid, "the engine names a place for its results that is not the one it was given");
}

// What leads nowhere else: no part is empty or of dots.
bool is_path(std::string_view path) {
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == "..") return false;
    if (part.size() == path.size()) return true;
    path.remove_prefix(part.size() + 1);
  }
  return false;
}

}  // namespace

std::string engine_address(const std::string& place, const std::string& azure_account) {
  constexpr std::string_view kAzure = "azure://";
  if (!place.starts_with(kAzure)) return place;
  const std::string rest = place.substr(kAzure.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  return "abfss://" + rest.substr(0, slash) + "@" + azure_account + ".dfs.core.windows.net" + rest.substr(slash);
}

std::string BlobResults::address_of(const std::string& folder) const { return address_ + folder + "/"; }

Result<std::string> BlobResults::folder_of(const std::string& address) const {
  if (!address.starts_with(address_)) return not_ours();
  std::string folder = address.substr(address_.size());
  if (folder.ends_with('/')) folder.pop_back();
  if (!is_path(folder)) return not_ours();
  return folder;
}

Result<std::vector<executors::ResultFile>> BlobResults::list(const std::string& folder) {
  const std::string prefix = folder + "/";
  std::vector<executors::ResultFile> files;
  std::string after = prefix;
  for (;;) {
    TRY(const storage::BlobPage page, client_->list(after, kPageFiles));
    for (const auto& blob : page.blobs) {
      if (!blob.key.starts_with(prefix)) return files;  // names are in order: nothing of the folder comes after it
      files.push_back({blob.key.substr(prefix.size()), blob.size_bytes});
    }
    if (page.is_last || !page.last_key.starts_with(prefix)) return files;
    if (files.size() > kMostFiles) return fail(Code::kTooLarge, "the engine left more files than can be looked at");
    after = page.last_key;
  }
}

Result<std::string> BlobResults::read(const std::string& file, std::size_t most_bytes) {
  TRY(const storage::BlobInfo info, client_->look(file));
  if (info.size_bytes > most_bytes) return fail(Code::kTooLarge, "a file of the engine's is larger than it may be");
  std::string text(info.size_bytes, '\0');
  storage::CloudReader reader(*client_, file, info);
  TRY(const std::size_t got, reader.read_at(0, std::as_writable_bytes(std::span(text))));
  if (got != text.size()) return fail(Code::kUnavailable, "a file of the engine's ended too soon");
  return text;
}

Result<void> BlobResults::fetch(const std::string& file, int output, std::stop_token stop) {
  TRY(const storage::BlobInfo info, client_->look(file));
  storage::CloudReader reader(*client_, file, info);
  std::vector<std::byte> buffer(limits::kStreamBufferBytes);
  std::uint64_t done = 0;
  while (done < info.size_bytes) {
    if (stop.stop_requested()) return fail(Code::kCancelled, "stopped");
    TRY(const std::size_t got, reader.read_at(done, buffer));
    if (got == 0) return fail(Code::kUnavailable, "a file of the engine's ended too soon");
    TRY_VOID(write_all(output, std::span<const std::byte>(buffer).first(got)));
    done += got;
  }
  return {};
}

Result<void> BlobResults::remove(const std::string& folder) {
  TRY(const auto files, list(folder));
  std::vector<std::string> keys;
  for (const auto& file : files) keys.push_back(folder + "/" + file.name);
  for (std::size_t at = 0; at < keys.size(); at += limits::kRemovedAtOnce) {
    const auto end = std::min(keys.size(), at + limits::kRemovedAtOnce);
    TRY_VOID(client_->remove_all(
        {keys.begin() + static_cast<std::ptrdiff_t>(at), keys.begin() + static_cast<std::ptrdiff_t>(end)}));
  }
  return {};
}

}  // namespace lakelift::app
