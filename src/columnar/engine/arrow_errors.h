// From Arrow's and Parquet's ways of failing (Status, exceptions) to Error, with words for people: which file, which
// column. No exception leaves this folder.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <exception>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace lakelift::columnar {

// What was being read or written: "month=11/part-0.parquet", or with the column: "…, column 'temp'".
[[nodiscard]] std::string place(std::string_view path, std::string_view column = {});

// kTooLarge where memory ran out, kUnsupported where Arrow can't, the output's own kinds kept (ENOSPC), else kCorrupt:
// the bytes are not what they claim to be.
[[nodiscard]] std::unexpected<Error> fail_status(const arrow::Status& status, std::string_view where);
[[nodiscard]] std::unexpected<Error> fail_exception(std::string_view where);  // only inside a catch block

[[nodiscard]] inline Result<void> checked(const arrow::Status& status, std::string_view where) {
  if (!status.ok()) return fail_status(status, where);
  return {};
}

template <typename T>
[[nodiscard]] Result<T> checked(arrow::Result<T> result, std::string_view where) {
  if (!result.ok()) return fail_status(result.status(), where);
  return result.MoveValueUnsafe();
}

// Runs `work`, which returns a Result, and turns what it throws into an Error.
template <typename Work>
[[nodiscard]] std::invoke_result_t<Work> guarded(std::string_view where, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (...) {
    return fail_exception(where);
  }
}

}  // namespace lakelift::columnar
