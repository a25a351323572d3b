#include "backends/executors/local/partition_states.h"

#include <fmt/format.h>

#include <map>

#include "backends/executors/cutting/partition_box.h"
#include "base/encoding.h"

namespace lakelift::executors {
namespace {

std::string folders_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

}  // namespace

std::vector<PartitionState> partition_states(const Listing& listing, const table::Columns& table) {
  std::map<std::string, Sha256> by_folders;
  for (const auto& file : listing.files()) {
    const std::string line = fmt::format("{}:{} {} {} {} {}\n", file.path.size(), file.path, file.size_bytes,
                                         file.changed_nanos, file.device, file.inode);
    by_folders[folders_of(file.path)].update(as_bytes(line));
  }
  std::vector<PartitionState> out;
  for (auto& [folders, hash] : by_folders) out.push_back({box_of_folders(folders, table), hex_encode(hash.finish())});
  return out;
}

}  // namespace lakelift::executors
