#include "columnar/engine/convert_csv.h"

#include <algorithm>
#include <unordered_set>

#include "columnar/engine/csv_columns.h"
#include "columnar/engine/csv_reader.h"
#include "columnar/engine/row_writer.h"
#include "columnar/engine/text_input.h"

namespace lakelift::columnar {
namespace {

class CsvConversion {
 public:
  CsvConversion(WorkContext& context, const ConvertJob& job) : context_(context), job_(job) {}

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
  Result<void> find_types() {
    TRY(const auto stream, open_text(file_, job_.compression, path_));
    CsvReader reader(stream, job_.delimiter, path_);
    TRY_VOID(read_header(reader));
    std::vector<CsvTypeGuess> guesses(names_.size());
    nullable_.assign(names_.size(), false);
    CsvRecord record;
    for (;;) {
      TRY(const bool more, next_row(reader, record));
      if (!more) break;
      for (std::size_t i = 0; i < record.size(); ++i) {
        if (is_null(record[i])) {
          nullable_[i] = true;
        } else {
          guesses[i].add(record[i].text);
        }
      }
      ++rows_total_;
    }
    for (const auto& guess : guesses) types_.push_back(guess.type());
    return {};
  }

  Result<void> read_header(CsvReader& reader) {
    CsvRecord header;
    TRY(const bool any, reader.next(header));
    if (!any || (header.size() == 1 && header[0].text.empty())) {
      return fail(Code::kInvalid, path_ + ": is empty; a CSV file needs a first row with the names of its columns");
    }
    if (header.size() > limits::kColumns) return fail(Code::kTooLarge, path_ + ": too many columns");
    std::unordered_set<std::string> seen;
    names_.clear();
    for (const auto& cell : header) {
      std::string name(cell.text);
      if (name.empty()) name = "column_" + std::to_string(names_.size() + 1);
      if (name.find('\0') != std::string::npos) {
        return fail(Code::kInvalid, path_ + ", line 1: a column name has a NUL in it; this is no CSV file");
      }
      if (!seen.insert(name).second) {
        return fail(Code::kInvalid, path_ + ", line 1: the column name '" + name + "' occurs more than once");
      }
      names_.push_back(std::move(name));
    }
    return {};
  }

  // The next record that is a row. An empty line is none, except in a table of one column, where it is a null.
  Result<bool> next_row(CsvReader& reader, CsvRecord& record) const {
    for (;;) {
      TRY(const bool more, reader.next(record));
      if (!more) return false;
      const bool blank = record.size() == 1 && record[0].text.empty() && !record[0].quoted;
      if (blank && names_.size() > 1) continue;
      if (record.size() == names_.size()) return true;
      return fail(Code::kInvalid, path_ + ", line " + std::to_string(reader.line()) + ": has " +
                                      std::to_string(record.size()) + " cells, but the header names " +
                                      std::to_string(names_.size()) + " columns");
    }
  }

  bool is_null(const CsvCell& cell) const {
    return !cell.quoted &&
           std::find(job_.null_tokens.begin(), job_.null_tokens.end(), cell.text) != job_.null_tokens.end();
  }

  Result<void> write() {
    arrow::FieldVector fields;
    std::vector<std::unique_ptr<CsvColumn>> columns;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      fields.push_back(arrow::field(names_[i], types_[i], nullable_[i]));
      columns.push_back(csv_column(types_[i]));
    }
    RowWriter writer(context_, rows_total_, [&](std::int64_t) -> Result<std::vector<ArrayPtr>> {
      std::vector<ArrayPtr> arrays;
      for (const auto& column : columns) {
        TRY(auto array, column->finish());
        arrays.push_back(std::move(array));
      }
      return arrays;
    });
    TRY_VOID(writer.open(job_.to, arrow::schema(std::move(fields))));
    TRY(const auto stream, open_text(file_, job_.compression, path_));
    CsvReader reader(stream, job_.delimiter, path_);
    CsvRecord record;
    TRY_VOID(reader.next(record));
    for (;;) {
      TRY(const bool more, next_row(reader, record));
      if (!more) break;
      if (record.size() != columns.size()) return fail(Code::kInvalid, path_ + ": changed while it was read");
      std::size_t bytes = 0;
      for (std::size_t i = 0; i < record.size(); ++i) {
        bytes += record[i].text.size();
        if (is_null(record[i])) {
          columns[i]->append_null();
        } else {
          columns[i]->append(record[i].text);
        }
      }
      TRY_VOID(writer.row_added(bytes));
    }
    TRY_VOID(writer.finish());
    report_.rows = writer.rows();
    return {};
  }

  WorkContext& context_;
  const ConvertJob& job_;
  std::shared_ptr<CountingFile> file_;
  std::string path_;
  std::vector<std::string> names_;
  std::vector<TypePtr> types_;
  std::vector<bool> nullable_;
  std::int64_t rows_total_ = 0;
  WriteReport report_;
};

}  // namespace

Result<WriteReport> convert_csv(WorkContext& context, const ConvertJob& job) {
  return CsvConversion(context, job).run();
}

}  // namespace lakelift::columnar
