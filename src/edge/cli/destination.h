// Where downloaded bytes go: a file that appears whole or not at all, or a stream (stdout, a pipe, a device).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/fd.h"
#include "base/result.h"

namespace lakelift::cli {

// The bytes of one representation, by its ETag. Hashes what it holds. Not threadsafe.
class Destination {
 public:
  virtual ~Destination() = default;

  // Begins, or goes on, with the representation of this ETag: how many of its bytes are held already.
  // `size_bytes` are made sure of where the file system can. Errors: kNoSpace; kConflict DOWNLOAD_IN_PROGRESS when
  // another process writes the same partial file; fail_errno.
  [[nodiscard]] virtual Result<std::uint64_t> begin(const std::string& etag, std::uint64_t size_bytes) = 0;
  // The next bytes. Error: kNoSpace for a full disk or a file size limit.
  [[nodiscard]] virtual Result<void> write(std::string_view bytes) = 0;
  // What is held is of no use: from the first byte again. Error: kInternal where bytes can't be taken back.
  [[nodiscard]] virtual Result<void> restart() = 0;
  [[nodiscard]] virtual std::uint64_t held_bytes() const = 0;
  // SHA-256 of what is held; after that only commit() or restart().
  [[nodiscard]] virtual Digest finish_digest() = 0;
  // Makes it last: fsync, rename, fsync of the folder.
  [[nodiscard]] virtual Result<void> commit() = 0;
  // Nothing of it shall stay: removes the partial file.
  virtual void abandon() = 0;
};

// `path.<first 8 of the ETag>.partial`, renamed to `path` by commit(). A partial file that is there is taken up.
[[nodiscard]] std::unique_ptr<Destination> file_destination(std::string path);
// A descriptor that stays open and the caller's.
[[nodiscard]] std::unique_ptr<Destination> stream_destination(int fd);

// The partial file's name for an ETag: letters, digits, "-" and "_" of it only, at most 8.
[[nodiscard]] std::string partial_path(const std::string& path, const std::string& etag);

}  // namespace lakelift::cli
