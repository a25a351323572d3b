#include "backends/metadata/soci/data_dir_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/encoding.h"

namespace lakelift::metadata {
namespace {

constexpr std::size_t kHolderBytes = 200;
constexpr int kTries = 50;
constexpr int kPauseMs = 20;

// What the holder wrote, as one printable line; nobody's word is trusted.
std::string holder_of(int file) {
  std::string text(kHolderBytes, '\0');
  const auto read = read_at(file, 0, std::as_writable_bytes(std::span(text)));
  text.resize(read.value_or(0));
  for (char& c : text) {
    if (c < ' ' || c > '~') c = ' ';
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text.empty() ? "unknown" : text;
}

}  // namespace

Result<DataDirLock> DataDirLock::acquire(const std::string& folder, std::string_view holder) {
  const std::string path = folder + "/lock";
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail_errno("opening the lock of the data folder", errno);
  // A child that a killed server had just forked holds its lock until it has become the worker program.
  int locked = ::flock(file.get(), LOCK_EX | LOCK_NB);
  for (int i = 1; i < kTries && locked != 0 && (errno == EINTR || errno == EWOULDBLOCK); ++i) {
    (void)::poll(nullptr, 0, kPauseMs);
    locked = ::flock(file.get(), LOCK_EX | LOCK_NB);
  }
  if (locked != 0 && errno == EWOULDBLOCK) {
    return fail(Code::kConflict, fmt::format("another process serves this folder ({})", holder_of(file.get())));
  }
  if (locked != 0) return fail_errno("locking the data folder", errno);
  if (::ftruncate(file.get(), 0) != 0) return fail_errno("writing the lock of the data folder", errno);
  TRY_VOID(write_all(file.get(), as_bytes(holder.substr(0, kHolderBytes))));
  return DataDirLock(std::move(file));
}

}  // namespace lakelift::metadata
