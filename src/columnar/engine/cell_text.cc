#include "columnar/engine/cell_text.h"

#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>
#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "columnar/engine/cell_view.h"

namespace lakelift::columnar {
namespace {

template <typename T>
void append_any_float(T value, std::string& out) {
  if (std::isnan(value)) {
    out.append("nan");
    return;
  }
  if (std::isinf(value)) {
    out.append(value < 0 ? "-inf" : "inf");
    return;
  }
  const auto before = out.size();
  fmt::format_to(std::back_inserter(out), "{}", value);
  if (out.find_first_of(".e", before) == std::string::npos) out.append(".0");
}

// Whole cells: null or what `Append` writes.
template <typename Append>
class Cells final : public CellText {
 public:
  Cells(const arrow::Array& array, TextStyle style, Append append)
      : array_(array),
        has_nulls_(array.null_count() != 0),
        null_(style == TextStyle::kJson ? "null" : ""),
        append_(std::move(append)) {}
  void append(std::int64_t row, std::string& out) const override {
    if (has_nulls_ && array_.IsNull(row)) {
      out.append(null_);
    } else {
      append_(row, out);
    }
  }

 private:
  const arrow::Array& array_;
  bool has_nulls_;
  std::string_view null_;
  Append append_;
};

template <typename Append>
std::unique_ptr<CellText> cells(const arrow::Array& array, TextStyle style, Append append) {
  return std::make_unique<Cells<Append>>(array, style, std::move(append));
}

template <typename T>
std::unique_ptr<CellText> whole_cells(const arrow::Array& array, TextStyle style) {
  const T* values = array.data()->GetValues<T>(1);
  return cells(array, style, [values](std::int64_t row, std::string& out) {
    if constexpr (std::is_signed_v<T>) {
      const fmt::format_int text(static_cast<std::int64_t>(values[row]));
      out.append(text.data(), text.size());
    } else {
      const fmt::format_int text(static_cast<std::uint64_t>(values[row]));
      out.append(text.data(), text.size());
    }
  });
}

// JSON has no word for what is not finite: null.
template <typename Value>
std::unique_ptr<CellText> float_cells(const arrow::Array& array, TextStyle style, Value value) {
  return cells(array, style, [value, style](std::int64_t row, std::string& out) {
    const auto x = value(row);
    if (style == TextStyle::kJson && !std::isfinite(x)) {
      out.append("null");
    } else {
      append_float(x, out);
    }
  });
}

std::string unscaled_text(const arrow::Array& array, std::int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::DECIMAL32:
      return arrow::Decimal32(static_cast<const arrow::Decimal32Array&>(array).GetValue(row)).ToIntegerString();
    case arrow::Type::DECIMAL64:
      return arrow::Decimal64(static_cast<const arrow::Decimal64Array&>(array).GetValue(row)).ToIntegerString();
    case arrow::Type::DECIMAL128:
      return arrow::Decimal128(static_cast<const arrow::Decimal128Array&>(array).GetValue(row)).ToIntegerString();
    default:
      return arrow::Decimal256(static_cast<const arrow::Decimal256Array&>(array).GetValue(row)).ToIntegerString();
  }
}

// All digits, no exponent: "-0.00000001", "1200".
std::string decimal_text(const arrow::Array& array, std::int64_t row) {
  const int scale = static_cast<const arrow::DecimalType&>(*array.type()).scale();
  std::string text = unscaled_text(array, row);
  if (scale <= 0) return text == "0" ? text : text.append(static_cast<std::size_t>(-scale), '0');
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  const auto digits = static_cast<std::size_t>(scale);
  if (text.size() - first <= digits) text.insert(first, digits + 1 - (text.size() - first), '0');
  return text.insert(text.size() - digits, 1, '.');
}

void append_text(std::string_view text, TextStyle style, std::string& out) {
  if (style == TextStyle::kJson) {
    append_json_text(text, out);
  } else {
    append_csv_text(text, out);
  }
}

std::unique_ptr<CellText> datetime_cells(const arrow::Array& array, TextStyle style) {
  const bool date = arrow::is_date(array.type_id());
  const std::string_view quote = style == TextStyle::kJson ? "\"" : "";
  return cells(array, style, [&array, date, quote](std::int64_t row, std::string& out) {
    std::string text = table::format_datetime(datetime_at(array, row));
    if (date) text.resize(text.find('T'));
    out.append(quote).append(text).append(quote);
  });
}

// Every entry is rendered once a batch.
std::unique_ptr<CellText> dictionary_cells(const arrow::Array& array, TextStyle style) {
  const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
  std::vector<std::string> entries(static_cast<std::size_t>(dictionary.dictionary()->length()));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    append_text(text_at(*dictionary.dictionary(), static_cast<std::int64_t>(i)), style, entries[i]);
  }
  return cells(array, style, [&dictionary, entries = std::move(entries)](std::int64_t row, std::string& out) {
    out.append(entries[static_cast<std::size_t>(dictionary.GetValueIndex(row))]);
  });
}

}  // namespace

void append_float(double value, std::string& out) { append_any_float(value, out); }
void append_float(float value, std::string& out) { append_any_float(value, out); }

void append_csv_text(std::string_view text, std::string& out) {
  if (!text.empty() && text.find_first_of("\",\r\n") == std::string_view::npos) {
    out.append(text);
    return;
  }
  out.push_back('"');
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

void append_json_text(std::string_view text, std::string& out) {
  out.push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
        out.append("\\\"");
        break;
      case '\\':
        out.append("\\\\");
        break;
      case '\n':
        out.append("\\n");
        break;
      case '\r':
        out.append("\\r");
        break;
      case '\t':
        out.append("\\t");
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
}

std::unique_ptr<CellText> cell_text(const arrow::Array& array, TextStyle style) {
  switch (array.type_id()) {
    case arrow::Type::DICTIONARY:
      return dictionary_cells(array, style);
    case arrow::Type::BOOL: {
      const auto& values = static_cast<const arrow::BooleanArray&>(array);
      return cells(array, style,
                   [&values](std::int64_t row, std::string& out) { out.append(values.Value(row) ? "true" : "false"); });
    }
    case arrow::Type::INT8:
      return whole_cells<std::int8_t>(array, style);
    case arrow::Type::INT16:
      return whole_cells<std::int16_t>(array, style);
    case arrow::Type::INT32:
      return whole_cells<std::int32_t>(array, style);
    case arrow::Type::INT64:
      return whole_cells<std::int64_t>(array, style);
    case arrow::Type::UINT8:
      return whole_cells<std::uint8_t>(array, style);
    case arrow::Type::UINT16:
      return whole_cells<std::uint16_t>(array, style);
    case arrow::Type::UINT32:
      return whole_cells<std::uint32_t>(array, style);
    case arrow::Type::UINT64:
      return whole_cells<std::uint64_t>(array, style);
    case arrow::Type::DOUBLE: {
      const double* values = array.data()->GetValues<double>(1);
      return float_cells(array, style, [values](std::int64_t row) { return values[row]; });
    }
    case arrow::Type::FLOAT: {
      const float* values = array.data()->GetValues<float>(1);
      return float_cells(array, style, [values](std::int64_t row) { return values[row]; });
    }
    case arrow::Type::HALF_FLOAT: {
      const auto* values = array.data()->GetValues<std::uint16_t>(1);
      return float_cells(array, style,
                         [values](std::int64_t row) { return arrow::util::Float16::FromBits(values[row]).ToFloat(); });
    }
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
      return cells(array, style,
                   [&array](std::int64_t row, std::string& out) { out.append(decimal_text(array, row)); });
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIMESTAMP:
      return datetime_cells(array, style);
    default:
      return cells(array, style, [&array, style](std::int64_t row, std::string& out) {
        append_text(text_at(array, row), style, out);
      });
  }
}

}  // namespace lakelift::columnar
