#include "app/local_tables.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/id.h"

namespace lakelift::app {
namespace fs = std::filesystem;
namespace {

bool is_csv(const std::string& path) { return path.ends_with(".csv") || path.ends_with(".CSV"); }

std::unexpected<Error> refuse(const std::string& path, const std::string& reason) {
  return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", fmt::format("{}: {}", path, reason),
              {{"paths", {fmt::format("{}: {}", path, reason)}}});
}

Result<void> sync_folder(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno("opening a folder of tables", errno);
  return sync_file(fd.get());
}

Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno("making a folder for tables", errno);
  return {};
}

}  // namespace

Result<LocalTables> LocalTables::open(std::string folder, columnar::WorkerPool& workers, Random& random) {
  TRY_VOID(make_folder(folder));
  return LocalTables(std::move(folder), workers, random);
}

Result<std::vector<std::string>> LocalTables::prepare(const std::vector<std::string>& paths,
                                                      const std::vector<std::string>& null_tokens,
                                                      std::stop_token stop) {
  for (const auto& path : paths) {
    if (!path.starts_with('/')) return refuse(path, "an absolute path is expected");
    struct stat st{};
    if (::stat(path.c_str(), &st) != 0) return refuse(path, "there is no such file or folder");
  }
  std::vector<std::string> out = paths;
  if (std::ranges::none_of(paths, is_csv)) return out;

  const std::string folder = fmt::format("{}/{}", folder_, random_hex(*random_, 16));
  TRY_VOID(make_folder(folder));
  for (auto& path : out) {
    if (!is_csv(path)) continue;
    auto converted = convert(path, folder, null_tokens, stop);
    if (!converted) {
      std::error_code ignored;
      fs::remove_all(folder, ignored);
      return std::unexpected(converted.error());
    }
    path = *converted;
  }
  TRY_VOID(sync_folder(folder));
  TRY_VOID(sync_folder(folder_));
  return out;
}

Result<std::string> LocalTables::convert(const std::string& csv, const std::string& to_folder,
                                         const std::vector<std::string>& null_tokens, std::stop_token stop) {
  const std::string stem = fs::path(csv).stem().string();
  std::string target = fmt::format("{}/{}.parquet", to_folder, stem);
  for (int n = 2; fs::exists(target); ++n) target = fmt::format("{}/{}-{}.parquet", to_folder, stem, n);

  const UniqueFd input(::open(csv.c_str(), O_RDONLY | O_CLOEXEC));
  if (!input) return refuse(csv, "it can't be opened");
  TRY(const std::uint64_t size, file_size(input.get()));
  const UniqueFd output(::open(target.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!output) return fail_errno("creating a table", errno);

  columnar::ConvertJob work{.from = columnar::Format::kCsv, .to = columnar::Format::kParquet};
  if (!null_tokens.empty()) work.null_tokens = null_tokens;
  const columnar::Job job{.work = std::move(work), .inputs = {{fs::path(csv).filename().string(), size}}, .limits = {}};
  TRY_VOID(workers_->run(job, [&](std::size_t) { return input.duplicate(); }, output.get(), stop));
  TRY_VOID(sync_file(output.get()));
  return target;
}

Result<std::size_t> LocalTables::sweep(const std::vector<std::string>& paths_in_use) {
  std::size_t removed = 0;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(folder_, ec)) {
    const std::string folder = entry.path().string() + "/";
    if (std::ranges::any_of(paths_in_use, [&](const std::string& p) { return p.starts_with(folder); })) continue;
    fs::remove_all(entry.path(), ec);
    ++removed;
  }
  if (ec) return fail_errno("sweeping tables", ec.value());
  return removed;
}

}  // namespace lakelift::app
