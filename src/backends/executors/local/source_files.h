// The files of one source as they stand at one moment, wherever they are: paths of this machine, or a published file.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backends/executors/executor.h"
#include "backends/executors/local/file_source.h"
#include "base/fd.h"

namespace lakelift::executors {

struct SourceFiles {
  std::vector<columnar::InputFile> inputs;
  std::int64_t bytes = 0;
  std::string version;
  // A descriptor with a position of its own. Keeps alive what it reads; threadsafe.
  std::function<Result<UniqueFd>(std::size_t index)> open;
};

// The id of a source {"file": id}; nothing for other sources. Error: kInvalid, field "source".
[[nodiscard]] Result<std::optional<std::int64_t>> file_of(const Source& source);

// `files`: may be null; then a source {"file": id} is refused (kInvalid, field "source"). Errors: Listing::of's;
// FileSource::open's.
[[nodiscard]] Result<SourceFiles> open_source(const Source& source, FileSource* files, std::stop_token stop);
// Cheap: no data are read.
[[nodiscard]] Result<std::string> version_of(const Source& source, FileSource* files);

}  // namespace lakelift::executors
