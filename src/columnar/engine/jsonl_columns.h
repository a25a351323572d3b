// Which type a column of JSON lines has, decided over all of its values, and the arrays made of them (docs/formats.md).
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "columnar/engine/csv_types.h"
#include "columnar/engine/gather.h"

namespace lakelift::columnar {

// Takes in the values of a column that are not null, one by one.
class JsonTypeGuess {
 public:
  // `line`: where it stands. False where it is of another kind than those before; then see clash().
  [[nodiscard]] bool add(const json::value& value, std::int64_t line);
  // "a text, but a number in line 3".
  [[nodiscard]] std::string clash(const json::value& value) const;
  // STRING where no value was seen. Lists and objects: an Arrow list and struct, which nothing offers.
  [[nodiscard]] TypePtr type() const;
  [[nodiscard]] bool is_nested() const { return kind_ == Kind::kList || kind_ == Kind::kObject; }
  [[nodiscard]] std::int64_t values() const { return values_; }

 private:
  enum class Kind { kNone, kBool, kNumber, kText, kList, kObject };
  [[nodiscard]] static Kind kind_of(const json::value& value);
  [[nodiscard]] static std::string_view words_of(Kind kind);

  Kind kind_ = Kind::kNone;
  std::int64_t first_line_ = 0;
  std::int64_t values_ = 0;
  bool fraction_ = false;
  bool negative_ = false;
  bool beyond_int64_ = false;
  CsvTypeGuess texts_;
};

class JsonColumn {
 public:
  virtual ~JsonColumn() = default;
  virtual void append_null() = 0;
  // A value that the type's guess has seen. Throws parquet::ParquetStatusException when memory runs out.
  virtual void append(const json::value& value) = 0;
  // What was appended since the last call.
  [[nodiscard]] virtual Result<ArrayPtr> finish() = 0;
};
[[nodiscard]] std::unique_ptr<JsonColumn> json_column(const TypePtr& type);

}  // namespace lakelift::columnar
