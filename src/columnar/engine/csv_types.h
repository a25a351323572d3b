// Which type a CSV column has: decided over all of its cells, never over some (the rule: docs/formats.md).
#pragma once

#include <optional>
#include <string_view>

#include "columnar/engine/column_types.h"

namespace lakelift::columnar {

// What single texts are. Strict: what would not come back as it was written is text ("007", "+1", " 5").
[[nodiscard]] std::optional<bool> csv_bool(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> csv_integer(std::string_view text);
[[nodiscard]] std::optional<double> csv_float(std::string_view text);

// Takes in the cells of a column that are not null, one by one, and keeps what they can all be.
class CsvTypeGuess {
 public:
  void add(std::string_view text);
  // STRING where no cell was seen.
  [[nodiscard]] TypePtr type() const;
  // The same where texts are known to be texts: a time or STRING, never a number.
  [[nodiscard]] TypePtr text_type() const;

 private:
  void add_datetime(std::string_view text);

  bool any_ = false;
  bool bool_ = true;
  bool integer_ = true;
  bool float_ = true;
  bool date_ = true;  // 2013-01-05 alone
  bool datetime_ = true;
  bool zoned_ = true;    // every time has Z or an offset
  bool unzoned_ = true;  // none has
  bool nanos_ = false;   // some has more than 6 digits of a second
  bool nanos_fit_ = true;
};

}  // namespace lakelift::columnar
