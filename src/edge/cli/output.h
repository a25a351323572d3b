// What commands print on stdout: the same records as a table, JSON, JSON lines, CSV, or ids alone.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "edge/cli/terminal.h"

namespace lakelift::cli {

enum class OutputFormat { kTable, kJson, kJsonl, kCsv, kId };
[[nodiscard]] std::optional<OutputFormat> output_format_of(std::string_view name);

enum class FieldKind { kText, kCount, kBytes };

struct Field {
  std::string key;  // in the flat record; the heading of CSV and, in upper case, of the table
  FieldKind kind = FieldKind::kText;
};

// How records are shown where they must be flat.
struct View {
  std::vector<Field> fields;
  // From the server's object to one that has `fields`; what is missing counts as null.
  std::function<json::object(const json::object&)> flatten;
  std::string id_key = "id";  // of the server's object; what `--output id` prints
};

// Lines of cells as a table: aligned by display width, headings first.
struct TextTable {
  std::vector<std::string> headings;
  std::vector<bool> right_aligned;
  std::vector<std::vector<std::string>> rows;  // already printable
};

class Output {
 public:
  using Write = std::function<Result<void>(std::string_view)>;
  Output(OutputFormat format, Terminal terminal, Write write);

  // Values are whole in every format; only a table on a terminal clips its cells to the width.
  [[nodiscard]] Result<void> list(const json::array& records, const View& view);
  [[nodiscard]] Result<void> one(const json::object& record, const View& view);
  [[nodiscard]] Result<void> text(std::string_view text) { return write_(text); }

  [[nodiscard]] OutputFormat format() const { return format_; }
  [[nodiscard]] const Terminal& terminal() const { return terminal_; }
  // What list() prints as a table.
  [[nodiscard]] std::string table(const std::vector<json::object>& records, const View& view) const;
  // Ends with a line end. On a terminal no line is wider than it, as far as cells can be clipped.
  [[nodiscard]] std::string render(TextTable table) const;
  [[nodiscard]] std::string bold(std::string_view text) const;

 private:
  [[nodiscard]] std::string render_table(const std::vector<json::object>& rows, const View& view) const;

  OutputFormat format_;
  Terminal terminal_;
  Write write_;
};

// RFC 4180: quoted where it has a comma, a quote or a line end; null is empty.
[[nodiscard]] std::string csv_cell(const json::value& value);
// A cell for people: texts without quotes, null as "", the rest as JSON.
[[nodiscard]] std::string plain_text(const json::value& value);

}  // namespace lakelift::cli
