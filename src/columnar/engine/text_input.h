// The bytes of a text format (CSV, JSON lines) as a stream, unpacked where they are packed.
#pragma once

#include <arrow/io/interfaces.h>

#include <memory>
#include <string>

#include "columnar/engine/counting_file.h"
#include "columnar/job.h"

namespace lakelift::columnar {

// More unpacked bytes than a worker may write are no table but a bomb.
inline constexpr std::int64_t kUnpackedBytes = static_cast<std::int64_t>(limits::kWorkerOutputBytes);

// From the file's start; every call a stream of its own, one at a time. Several gzip members or zstd frames one after
// the other are one text. `most_bytes`: a read beyond as many unpacked bytes fails (kTooLarge).
[[nodiscard]] Result<std::shared_ptr<arrow::io::InputStream>> open_text(const std::shared_ptr<CountingFile>& file,
                                                                        Compression compression,
                                                                        const std::string& where,
                                                                        std::int64_t most_bytes = kUnpackedBytes);

// Fills `out` with the next `count` bytes; fewer only at the end. Errors: kCorrupt where the packed bytes are broken or
// end too early; kTooLarge.
[[nodiscard]] Result<std::int64_t> read_text(arrow::io::InputStream& stream, std::size_t count, char* out,
                                             const std::string& where);

}  // namespace lakelift::columnar
