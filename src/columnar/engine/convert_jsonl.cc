#include "columnar/engine/convert_jsonl.h"

#include <unordered_map>

#include "columnar/engine/jsonl_columns.h"
#include "columnar/engine/jsonl_reader.h"
#include "columnar/engine/row_writer.h"
#include "columnar/engine/text_input.h"

namespace lakelift::columnar {
namespace {

constexpr std::size_t kCellBytes = 8;  // of what is no text

std::string_view view_of(json::string_view text) { return {text.data(), text.size()}; }

class JsonlConversion {
 public:
  JsonlConversion(WorkContext& context, const ConvertJob& job) : context_(context), job_(job) {}

  Result<WriteReport> run() {
    TRY(auto file, context_.open(0));
    file_ = std::make_shared<CountingFile>(std::move(file));
    path_ = context_.inputs[0].path;
    TRY_VOID(find_types());
    TRY_VOID(write());
    report_.rows_read = report_.rows;
    report_.bytes_read = file_->bytes_read();
    return report_;
  }

 private:
  struct Column {
    std::string name;
    JsonTypeGuess guess;
    std::unique_ptr<JsonColumn> cells;  // null: left out
    std::int64_t row = -1;              // the last one that had a value for it
  };

  Result<void> find_types() {
    TRY(const auto stream, open_text(file_, job_.compression, path_));
    JsonlReader reader(stream, path_);
    json::object row;
    for (;;) {
      TRY(const bool more, reader.next(row));
      if (!more) break;
      std::size_t place = 0;
      for (const auto& member : row) {
        TRY(Column * column, column_of(view_of(member.key()), place, reader));
        if (member.value().is_null() || column->guess.add(member.value(), reader.line())) continue;
        return reader.broken("the column '" + column->name + "' is " + column->guess.clash(member.value()) +
                             "; the values of a column are of one kind");
      }
      ++rows_total_;
    }
    if (!columns_.empty()) return {};
    return fail(Code::kInvalid, path_ + ": holds no columns; every line is an object, {\"column\": value, …}");
  }

  // `place`: where it is in a row like those before; afterwards that of the next one.
  Result<Column*> column_of(std::string_view name, std::size_t& place, const JsonlReader& reader) {
    if (place < columns_.size() && columns_[place]->name == name) return columns_[place++].get();
    const auto [known, is_new] = places_.try_emplace(std::string(name), columns_.size());
    if (is_new) {
      if (columns_.size() == limits::kColumns) return reader.broken("too many columns");
      if (name.empty()) return reader.broken("a column without a name");
      if (name.find('\0') != std::string_view::npos) return reader.broken("a column name with a NUL in it");
      columns_.push_back(std::make_unique<Column>());
      columns_.back()->name = name;
    }
    place = known->second + 1;
    return columns_[known->second].get();
  }

  SchemaPtr make_columns() {
    arrow::FieldVector fields;
    for (const auto& column : columns_) {
      if (column->guess.is_nested() && job_.to != Format::kParquet) continue;
      const bool is_nullable = column->guess.is_nested() || column->guess.values() < rows_total_;
      fields.push_back(arrow::field(column->name, column->guess.type(), is_nullable));
      column->cells = json_column(fields.back()->type());
    }
    return arrow::schema(std::move(fields));
  }

  Result<std::vector<ArrayPtr>> take() {
    std::vector<ArrayPtr> arrays;
    for (const auto& column : columns_) {
      if (column->cells == nullptr) continue;
      TRY(auto array, column->cells->finish());
      arrays.push_back(std::move(array));
    }
    return arrays;
  }

  Result<void> write() {
    RowWriter writer(context_, rows_total_, [this](std::int64_t) { return take(); });
    const auto schema = make_columns();
    if (schema->num_fields() == 0) return fail(Code::kInvalid, path_ + ": has no column that can be offered");
    TRY_VOID(writer.open(job_.to, schema));
    TRY(const auto stream, open_text(file_, job_.compression, path_));
    JsonlReader reader(stream, path_);
    json::object row;
    for (std::int64_t number = 0;; ++number) {
      TRY(const bool more, reader.next(row));
      if (!more) break;
      TRY(const std::size_t bytes, append(row, number, reader));
      TRY_VOID(writer.row_added(bytes));
    }
    TRY_VOID(writer.finish());
    report_.rows = writer.rows();
    return {};
  }

  Result<std::size_t> append(const json::object& row, std::int64_t number, const JsonlReader& reader) {
    const std::size_t known = columns_.size();
    std::size_t place = 0;
    std::size_t bytes = 0;
    for (const auto& member : row) {
      TRY(Column * column, column_of(view_of(member.key()), place, reader));
      if (columns_.size() != known) return fail(Code::kInvalid, path_ + ": changed while it was read");
      if (member.value().is_null() || column->cells == nullptr) continue;
      const auto* text = member.value().if_string();
      bytes += text != nullptr ? text->size() : kCellBytes;
      column->cells->append(member.value());
      column->row = number;
    }
    for (const auto& column : columns_) {
      if (column->row != number && column->cells != nullptr) column->cells->append_null();
    }
    return bytes;
  }

  WorkContext& context_;
  const ConvertJob& job_;
  std::shared_ptr<CountingFile> file_;
  std::string path_;
  std::vector<std::unique_ptr<Column>> columns_;  // in order of first occurrence
  std::unordered_map<std::string, std::size_t> places_;
  std::int64_t rows_total_ = 0;
  WriteReport report_;
};

}  // namespace

Result<WriteReport> convert_jsonl(WorkContext& context, const ConvertJob& job) {
  return JsonlConversion(context, job).run();
}

}  // namespace lakelift::columnar
