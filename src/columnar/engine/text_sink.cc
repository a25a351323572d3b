// CSV and JSON lines.
#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/cell_text.h"
#include "columnar/engine/table_sink.h"

namespace lakelift::columnar {
namespace {

constexpr std::size_t kFlushBytes = 1 << 20;

class TextSink final : public TableSink {
 public:
  TextSink(const arrow::Schema& schema, OutputPtr output, TextStyle style)
      : output_(std::move(output)),
        style_(style),
        where_(style == TextStyle::kCsv ? "writing CSV" : "writing JSON lines") {
    for (const auto& field : schema.fields()) {
      std::string prefix = prefixes_.empty() ? "" : ",";
      if (style == TextStyle::kJson) {
        if (prefixes_.empty()) prefix = "{";
        append_json_text(field->name(), prefix);
        prefix.push_back(':');
      } else {
        buffer_.append(prefix);
        append_csv_text(field->name(), buffer_);
      }
      prefixes_.push_back(std::move(prefix));
    }
    row_end_ = style == TextStyle::kJson ? "}\n" : "\n";
    if (style == TextStyle::kCsv) buffer_.push_back('\n');
  }

  Result<void> write(Batch batch) override {
    return guarded(where_, [&]() -> Result<void> {
      std::vector<std::unique_ptr<CellText>> cells;
      cells.reserve(batch.columns.size());
      for (const auto& column : batch.columns) cells.push_back(cell_text(*column, style_));
      for (std::int64_t row = 0; row < batch.rows; ++row) {
        for (std::size_t i = 0; i < cells.size(); ++i) {
          buffer_.append(prefixes_[i]);
          cells[i]->append(row, buffer_);
        }
        buffer_.append(row_end_);
        if (buffer_.size() >= kFlushBytes) TRY_VOID(flush());
      }
      return {};
    });
  }

  Result<void> finish() override { return flush(); }

 private:
  Result<void> flush() {
    const auto status = output_->Write(buffer_.data(), static_cast<std::int64_t>(buffer_.size()));
    buffer_.clear();
    return checked(status, where_);
  }

  OutputPtr output_;
  TextStyle style_;
  std::string where_;
  std::string buffer_;
  std::vector<std::string> prefixes_;  // what stands before each cell
  std::string row_end_;
};

}  // namespace

Result<std::unique_ptr<TableSink>> open_csv_sink(const SchemaPtr& schema, const OutputPtr& output) {
  return std::make_unique<TextSink>(*schema, output, TextStyle::kCsv);
}

Result<std::unique_ptr<TableSink>> open_jsonl_sink(const SchemaPtr& schema, const OutputPtr& output) {
  return std::make_unique<TextSink>(*schema, output, TextStyle::kJson);
}

}  // namespace lakelift::columnar
