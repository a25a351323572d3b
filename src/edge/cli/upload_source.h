// What is uploaded: a file of this machine, or what comes on a descriptor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "edge/cli/http_client.h"
#include "edge/cli/interrupt.h"

namespace lakelift::cli {

struct LocalFile {
  UniqueFd fd;
  std::uint64_t size_bytes = 0;
};

// A regular file. `follow`: a link at the end of the path may be followed (a person named it), else it is refused.
// Errors: kNotFound; kInvalid for what is no regular file; fail_errno.
[[nodiscard]] Result<LocalFile> open_local_file(const std::string& path, bool follow);

// SHA-256 in lower-case hex of the first `size_bytes`. `is_interrupted` is asked now and then. Errors: kConflict
// CONTENT_CHANGED where the file is shorter by now; kCancelled.
[[nodiscard]] Result<std::string> sha256_of_file(const LocalFile& file, const std::function<bool()>& is_interrupted);

using OnSent = std::function<void(std::uint64_t sent_bytes)>;
// The first `size_bytes` of the file, which must outlive it. Error of read(): kConflict CONTENT_CHANGED.
[[nodiscard]] std::unique_ptr<UploadSource> file_source(const LocalFile& file, OnSent on_sent);
// Until the end of what comes on `fd`, which stays the caller's; waiting for more ends when `interrupt` is raised.
[[nodiscard]] std::unique_ptr<UploadSource> stream_source(int fd, const Interrupt& interrupt, OnSent on_sent);
// Nothing: 0 bytes.
[[nodiscard]] std::unique_ptr<UploadSource> empty_source();

}  // namespace lakelift::cli
