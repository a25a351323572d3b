#include "backends/executors/local/source_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "backends/executors/local/listing.h"
#include "base/limits.h"

namespace lakelift::executors {
namespace {

std::unexpected<Error> refuse(const std::string& message) {
  return fail(Code::kInvalid, "", message, {{"source", {message}}});
}

Result<std::int64_t> known_file(const Source& source, std::int64_t file_id, const FileSource* files) {
  if (source.size() != 1) return refuse(R"(a source {"file": id} has nothing beside it)");
  if (files == nullptr) return refuse("this server has no files that could be a source");
  return file_id;
}

// For bytes that are no local file: workers read descriptors only. It has no name, and goes with its last descriptor.
Result<UniqueFd> spool(RandomAccess& bytes, std::stop_token stop) {
  std::string name = (std::filesystem::temp_directory_path() / "lakelift-source-XXXXXX").string();
  UniqueFd fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) return fail_errno("making a temporary file", errno);
  ::unlink(name.c_str());
  std::vector<std::byte> buffer(limits::kStreamBufferBytes);
  for (std::uint64_t at = 0; at < bytes.size_bytes();) {
    if (stop.stop_requested()) return fail(Code::kCancelled, "stopped before the source was read");
    TRY(const std::size_t got, bytes.read_at(at, buffer));
    if (got == 0) return fail(Code::kCorrupt, "the file ends early");
    TRY_VOID(write_all(fd.get(), std::span(buffer).first(got)));
    at += got;
  }
  return fd;
}

// An open file of its own (position, read-only) for each worker that asks.
Result<UniqueFd> reopen(int fd) {
  UniqueFd again(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), O_RDONLY | O_CLOEXEC));
  if (!again) return fail_errno("opening a published file", errno);
  return again;
}

Result<SourceFiles> open_file(FileTable table, std::stop_token stop) {
  const std::uint64_t size = table.bytes->size_bytes();
  SourceFiles out{{{std::move(table.name), size}}, static_cast<std::int64_t>(size), std::move(table.version), {}};
  if (table.bytes->local_fd() >= 0) {
    out.open = [bytes = table.bytes](std::size_t) { return reopen(bytes->local_fd()); };
    return out;
  }
  TRY(UniqueFd spooled, spool(*table.bytes, stop));
  out.open = [fd = std::make_shared<UniqueFd>(std::move(spooled))](std::size_t) { return reopen(fd->get()); };
  return out;
}

}  // namespace

Result<std::optional<std::int64_t>> file_of(const Source& source) {
  const auto* file = find(source, "file");
  if (file == nullptr) return std::nullopt;
  if (!file->is_int64()) return refuse(R"(a source {"file": id} names a file by its number)");
  return file->get_int64();
}

Result<SourceFiles> open_source(const Source& source, FileSource* files, std::stop_token stop) {
  TRY(const auto file, file_of(source));
  if (file) {
    TRY(const std::int64_t id, known_file(source, *file, files));
    TRY(FileTable table, files->open(id, stop));
    return open_file(std::move(table), stop);
  }
  TRY(Listing made, Listing::of(source));
  const auto listing = std::make_shared<const Listing>(std::move(made));
  return SourceFiles{listing->inputs(), listing->bytes(), listing->version(),
                     [listing](std::size_t index) { return listing->open(index); }};
}

Result<std::string> version_of(const Source& source, FileSource* files) {
  TRY(const auto file, file_of(source));
  if (file) {
    TRY(const std::int64_t id, known_file(source, *file, files));
    return files->version(id);
  }
  TRY(const Listing listing, Listing::of(source));
  return listing.version();
}

}  // namespace lakelift::executors
