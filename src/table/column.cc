#include "table/column.h"

#include <fmt/format.h>

#include <unordered_set>

#include "base/limits.h"
#include "table/distribution.h"
#include "table/validation.h"

namespace lakelift::table {
namespace {

// Reads one spec; `rules` says how much is asked of it.
class ColumnReader {
 public:
  ColumnReader(Rules rules, Faults& faults) : strict_(rules == Rules::kContract), faults_(faults) {}

  Columns read(const json::array& array) {
    Columns columns;
    std::unordered_set<std::string> names;
    for (std::size_t i = 0; i < array.size() && !faults_.full(); ++i) {
      const std::string path = std::to_string(i);
      const auto* object = array[i].if_object();
      if (object == nullptr) {
        faults_.add(path, "Expected an object that describes a column.");
        continue;
      }
      Column column = read_column(*object, path);
      if (!column.name.empty() && !names.insert(column.name).second) {
        faults_.add(path + ".name", fmt::format("The column '{}' is there twice; names are unique.", column.name));
      }
      columns.push_back(std::move(column));
    }
    return columns;
  }

 private:
  Column read_column(const json::object& object, const std::string& path) {
    Column column;
    if (!check_keys(object, {"name", "type", "size", "is_nullable", "is_enum", "distribution"}, {"description"}, path,
                    faults_)) {
      column.name = find_string(object, "name").value_or("");
      return column;
    }
    column.name = find_string(object, "name").value_or("");
    if (column.name.empty()) faults_.add(path + ".name", "Expected a text of at least one character.");
    const auto type = column_type_of(find_string(object, "type").value_or(""));
    if (!type) faults_.add(path + ".type", "Expected one of INTEGER, FLOAT, STRING, BOOLEAN, DATETIME.");
    column.type = type.value_or(ColumnType::kString);
    column.size = read_count(object, "size", path);
    column.is_nullable = read_flag(object, "is_nullable", path);
    column.is_enum = read_flag(object, "is_enum", path);
    if (const auto* text = find(object, "description"); text != nullptr && !text->is_null()) {
      column.description = find_string(object, "description");
      if (!column.description) faults_.add(path + ".description", "Expected a text or null.");
    }
    const auto& distribution = object.at("distribution");
    if (type && !distribution.is_null()) {
      column.distribution = distribution_from_json(distribution, column, strict_, path + ".distribution", faults_);
    }
    return column;
  }

  bool read_flag(const json::object& object, std::string_view key, const std::string& path) {
    const auto flag = find_bool(object, key);
    if (!flag) faults_.add(join_path(path, key), "Expected true or false.");
    return flag.value_or(true);
  }

  // A whole number >= 0, or null.
  std::optional<std::int64_t> read_count(const json::object& object, std::string_view key, const std::string& path) {
    if (object.at(key).is_null()) return std::nullopt;
    const auto count = find_int(object, key);
    if (count && *count >= 0) return count;
    faults_.add(join_path(path, key), "Expected a whole number of at least 0, or null.");
    return std::nullopt;
  }

  const bool strict_;
  Faults& faults_;
};

std::vector<std::string_view> names_of(const Columns& columns) {
  std::vector<std::string_view> names;
  for (const auto& column : columns) names.emplace_back(column.name);
  return names;
}

Row read_row(const json::object& object, const Columns& columns, Rules rules, const std::string& path, Faults& faults) {
  Row row;
  for (const auto& column : columns) {
    if (faults.full()) return row;
    const auto* cell = find(object, column.name);
    if (cell == nullptr) {
      faults.add(join_path(path, column.name), kRequiredText);
      continue;
    }
    auto value = value_from_json(*cell, column.type, column.is_nullable || rules == Rules::kStored);
    if (value) {
      row.push_back(*std::move(value));
    } else {
      faults.add(join_path(path, column.name), value.error().message);
    }
  }
  if (object.size() == columns.size() && row.size() == columns.size()) return row;  // none missing: none unknown
  const auto known = names_of(columns);
  const std::unordered_set<std::string_view> set(known.begin(), known.end());
  for (const auto& member : object) {
    const std::string_view key(member.key().data(), member.key().size());
    if (faults.full()) return row;
    if (!set.contains(key)) faults.add(path, unknown_name_text("column", key, known));
  }
  return row;
}

}  // namespace

const Column* find_column(const Columns& columns, std::string_view name) {
  for (const auto& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

json::object to_json(const Column& column) {
  json::object out{{"name", column.name}, {"type", name_of(column.type)}};
  out["size"] = column.size ? json::value(*column.size) : json::value(nullptr);
  out["is_nullable"] = column.is_nullable;
  out["is_enum"] = column.is_enum;
  out["distribution"] = column.distribution ? json::value(to_json(*column.distribution)) : nullptr;
  if (column.description) out["description"] = *column.description;
  return out;
}

json::array to_json(const Columns& columns) {
  json::array out;
  for (const auto& column : columns) out.push_back(to_json(column));
  return out;
}

Result<Columns> columns_from_json(const json::value& json, Rules rules) {
  Faults faults;
  Columns columns;
  if (const auto* array = json.if_array(); array == nullptr) {
    faults.add("", "Expected a list of columns.");
  } else if (array->size() > limits::kColumns) {
    faults.add("", fmt::format("A table has at most {} columns.", limits::kColumns));
  } else {
    columns = ColumnReader(rules, faults).read(*array);
  }
  if (!faults.none()) return std::unexpected(faults.as_error("spec"));
  return columns;
}

Result<std::vector<Row>> sample_from_json(const json::value& json, const Columns& columns, Rules rules) {
  Faults faults;
  std::vector<Row> rows;
  const auto* array = json.if_array();
  if (array == nullptr) faults.add("", "Expected a list of rows.");
  for (std::size_t i = 0; array != nullptr && i < array->size() && !faults.full(); ++i) {
    const auto* object = (*array)[i].if_object();
    if (object == nullptr) {
      faults.add(std::to_string(i), "Expected an object with a value for each column.");
    } else {
      rows.push_back(read_row(*object, columns, rules, std::to_string(i), faults));
    }
  }
  if (!faults.none()) return std::unexpected(faults.as_error("sample"));
  return rows;
}

json::array sample_to_json(const std::vector<Row>& rows, const Columns& columns) {
  json::array out;
  for (const auto& row : rows) {
    json::object object;
    for (std::size_t i = 0; i < columns.size() && i < row.size(); ++i) object[columns[i].name] = to_json(row[i]);
    out.push_back(std::move(object));
  }
  return out;
}

}  // namespace lakelift::table
