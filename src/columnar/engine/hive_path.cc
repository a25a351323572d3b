#include "columnar/engine/hive_path.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace lakelift::columnar {
namespace {

constexpr std::string_view kNullPartition = "__HIVE_DEFAULT_PARTITION__";
constexpr std::size_t kDayChars = 10;  // 2018-11-01

using Texts = std::vector<std::optional<std::string>>;

std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<table::Datetime> day_of(std::string_view text) {
  return text.size() == kDayChars ? table::parse_datetime(text) : std::nullopt;
}

template <typename Parse>
bool all_parse(const Texts& texts, Parse parse) {
  bool any = false;
  for (const auto& text : texts) {
    if (!text) continue;
    if (!parse(*text)) return false;
    any = true;
  }
  return any;
}

void type_values(PartitionColumn& column, const Texts& texts) {
  column.stored_type = arrow::utf8();
  if (all_parse(texts, integer_of)) {
    column.type = table::ColumnType::kInteger;
    column.stored_type = arrow::int64();
  } else if (all_parse(texts, day_of)) {
    column.type = table::ColumnType::kDatetime;
    column.stored_type = arrow::date32();
  }
  for (const auto& text : texts) {
    table::Value value;
    if (!text) {
      column.is_nullable = true;
    } else if (column.type == table::ColumnType::kInteger) {
      value = *integer_of(*text);
    } else if (column.type == table::ColumnType::kDatetime) {
      value = *day_of(*text);
    } else {
      value = *text;
    }
    column.values.push_back(std::move(value));
  }
}

Result<void> check_utf8(const PathPart& part, const std::string& path) {
  if (is_valid_utf8(part.key) && is_valid_utf8(part.text.value_or(""))) return {};
  return fail(Code::kInvalid, "the path " + percent_encode(path) + " has a partition that is not UTF-8");
}

}  // namespace

std::vector<PathPart> parts_of(std::string_view path) {
  std::vector<PathPart> parts;
  for (auto slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
    const std::string_view folder = path.substr(0, slash);
    path.remove_prefix(slash + 1);
    const auto equals = folder.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    // A broken escape stands for itself.
    const auto decoded = [](std::string_view text) { return percent_decode(text).value_or(std::string(text)); };
    PathPart part{decoded(folder.substr(0, equals)), decoded(folder.substr(equals + 1))};
    if (part.text == kNullPartition) part.text.reset();
    std::erase_if(parts, [&](const PathPart& earlier) { return earlier.key == part.key; });
    parts.push_back(std::move(part));
  }
  return parts;
}

Result<std::vector<PartitionColumn>> partition_columns(const std::vector<InputFile>& files) {
  std::vector<PartitionColumn> columns;
  std::vector<Texts> texts;  // by column, then by file
  for (std::size_t file = 0; file < files.size(); ++file) {
    for (PathPart& part : parts_of(files[file].path)) {
      TRY_VOID(check_utf8(part, files[file].path));
      auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == part.key; });
      if (found == columns.end()) {
        if (columns.size() == limits::kColumns) return fail(Code::kTooLarge, "too many partition columns");
        columns.push_back({});
        columns.back().name = part.key;
        texts.emplace_back(files.size());
        found = columns.end() - 1;
      }
      texts[static_cast<std::size_t>(found - columns.begin())][file] = std::move(part.text);
    }
  }
  for (std::size_t i = 0; i < columns.size(); ++i) type_values(columns[i], texts[i]);
  return columns;
}

}  // namespace lakelift::columnar
