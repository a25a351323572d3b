#include "app/table_maker.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "base/fd.h"
#include "base/limits.h"

namespace lakelift::app {
namespace {

// A descriptor of its own for the worker; bytes that are no local file are copied into `spooled` first.
Result<UniqueFd> readable(const TableMakerParts& parts, RandomAccess& content,
                          std::unique_ptr<storage::StagedObject>& spooled, std::stop_token stop) {
  int fd = content.local_fd();
  if (fd < 0) {
    TRY(spooled, parts.store.stage());
    std::vector<std::byte> buffer(limits::kStreamBufferBytes);
    for (std::uint64_t at = 0; at < content.size_bytes();) {
      if (stop.stop_requested()) return fail(Code::kCancelled, "stopped before the table was made; try again");
      TRY(const std::size_t got, content.read_at(at, buffer));
      if (got == 0) return fail(Code::kCorrupt, "a stored file ends early");
      TRY_VOID(write_all(spooled->fd(), std::span(buffer).first(got)));
      at += got;
    }
    fd = spooled->fd();
  }
  UniqueFd again(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), O_RDONLY | O_CLOEXEC));
  if (!again) return fail_errno("opening a stored file", errno);
  return again;
}

}  // namespace

Result<MadeTable> make_table(const TableMakerParts& parts, const TableOrder& order, std::stop_token stop) {
  TRY(const auto content, parts.keeper.open_verified(order.content, stop));
  std::unique_ptr<storage::StagedObject> spooled;
  TRY(const UniqueFd input, readable(parts, *content, spooled, stop));
  TRY(auto staged, parts.store.stage());
  columnar::ConvertJob work{
      .from = order.format.format, .to = columnar::Format::kParquet, .compression = order.format.compression};
  if (!order.null_tokens.empty()) work.null_tokens = order.null_tokens;
  const columnar::Job job{.work = std::move(work), .inputs = {{order.name, content->size_bytes()}}, .limits = {}};
  TRY_VOID(parts.workers.run(job, [&](std::size_t) { return input.duplicate(); }, staged->fd(), stop));
  MadeTable made;
  made.pending = parts.keeper.begin();
  TRY(const storage::ObjectInfo info, parts.keeper.publish(std::move(staged), *made.pending));
  made.table = {info.key, info.size_bytes, info.sha256};
  return made;
}

}  // namespace lakelift::app
