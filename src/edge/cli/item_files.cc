#include "edge/cli/item_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/fd.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/text.h"
#include "edge/cli/yaml_reader.h"

namespace lakelift::cli {
namespace {

namespace fs = std::filesystem;

bool is_item_file(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

// The files that a path stands for.
Result<std::vector<std::string>> files_at(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    if (is_item_file(at->path()) && at->is_regular_file(error)) files.push_back(at->path().string());
  }
  if (error) return fail(Code::kInternal, "", fmt::format("can't read the folder {}: {}", path, error.message()));
  if (files.empty())
    return fail(Code::kNotFound, "", fmt::format("the folder {} has no .yaml, .yml or .json file", path));
  std::ranges::sort(files);
  return files;
}

class FilesReader {
 public:
  Result<void> read(const std::string& file) {
    auto text = read_file(file, limits::kItemFileBytes);
    if (!text && text.error().code == Code::kNotFound)
      return fail(Code::kNotFound, "", fmt::format("no file {}", file));
    if (!text && text.error().code == Code::kTooLarge) {
      found_.problems.push_back(
          {file, 1, "", "", fmt::format("the file is larger than {} MiB", limits::kItemFileBytes >> 20)});
      return {};
    }
    if (!text) return std::unexpected(std::move(text).error());
    auto documents = read_yaml(*text);
    if (!documents) {
      const Error& error = documents.error();
      found_.problems.push_back({file, line_of_error(error), "", "", error.fields.front().texts.front()});
      return {};
    }
    for (Located& document : *documents) take(file, std::move(document));
    if (documents->empty()) found_.problems.push_back({file, 1, "", "", "there is no item in this file"});
    return {};
  }

  ItemFiles finish() { return std::move(found_); }

 private:
  void take(const std::string& file, Located document) {
    if (document.kind != Located::Kind::kList) return take_item(file, std::move(document));
    for (Located& entry : document.list) take_item(file, std::move(entry));
  }

  void take_item(const std::string& file, Located content) {
    if (content.kind != Located::Kind::kMap) {
      found_.problems.push_back(
          {file, content.line, "", "", "expected a map with name, executor_type, spec and sample"});
      return;
    }
    const Located* name = member_of(content, "name");
    const bool has_name = name != nullptr && name->scalar.is_string();
    FileItem item{file, std::move(content), has_name ? std::string(name->scalar.get_string()) : std::string()};
    const std::string place = fmt::format("{}:{}", file, item.content.line);
    const auto [first, is_new] = places_.emplace(item.name, place);
    if (!has_name || is_new) {
      found_.items.push_back(std::move(item));
      return;
    }
    found_.problems.push_back({file, line_of(item.content, "name"), item.name, "name",
                               fmt::format("an item of this name comes before, at {}", first->second)});
  }

  ItemFiles found_;
  std::map<std::string, std::string> places_;  // of names
};

// "0.type" and "Expected …" of "JSON did not validate. PATH: '0.type' REASON: Expected …".
std::pair<std::string, std::string> path_and_reason(const std::string& text) {
  static constexpr std::string_view kBegin = "JSON did not validate. PATH: '";
  static constexpr std::string_view kMiddle = "' REASON: ";
  const auto middle = text.find(kMiddle);
  if (!text.starts_with(kBegin) || middle == std::string::npos) return {"", text};
  return {text.substr(kBegin.size(), middle - kBegin.size()), text.substr(middle + kMiddle.size())};
}

}  // namespace

std::string text_of(const ItemProblem& problem) {
  std::string text = fmt::format("{}:{}: ", printable(problem.file), problem.line);
  if (!problem.item.empty()) text += printable(problem.item) + ": ";
  if (!problem.field.empty()) text += printable(problem.field) + ": ";
  return text + printable(problem.text);
}

Result<ItemFiles> read_item_files(const std::vector<std::string>& paths) {
  FilesReader reader;
  for (const std::string& path : paths) {
    TRY(const std::vector<std::string> files, files_at(path));
    for (const std::string& file : files) TRY_VOID(reader.read(file));
  }
  return reader.finish();
}

std::vector<ItemProblem> problems_of(const FileItem& item, const Error& error) {
  std::vector<ItemProblem> problems;
  for (const FieldError& field : error.fields) {
    for (const std::string& text : field.texts) {
      auto [path, reason] = path_and_reason(text);
      std::string where = path.empty() ? field.field : field.field + "." + path;
      if (where == "maintained_by") where = "maintained_by_id";  // as it is called where it is sent
      problems.push_back({item.file, line_of(item.content, where), item.name, where, std::move(reason)});
    }
  }
  if (problems.empty()) problems.push_back({item.file, item.content.line, item.name, "", error.message});
  std::ranges::stable_sort(problems, {}, &ItemProblem::line);
  return problems;
}

}  // namespace lakelift::cli
