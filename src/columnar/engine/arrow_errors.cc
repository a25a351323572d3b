#include "columnar/engine/arrow_errors.h"

#include <arrow/util/io_util.h>
#include <parquet/exception.h>

#include <new>

namespace lakelift::columnar {
namespace {

constexpr std::size_t kMessageBytes = 512;

// One line, of a bounded length: messages of libraries may quote what a file holds.
std::string tidy(std::string_view message) {
  std::string text(message.substr(0, kMessageBytes));
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) text.pop_back();
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

std::unexpected<Error> fail_memory(std::string_view where) {
  return fail(Code::kTooLarge, std::string(where) + ": needs more memory than a worker may have (memory_bytes)");
}

}  // namespace

std::string place(std::string_view path, std::string_view column) {
  std::string text(path);
  if (!column.empty()) text.append(", column '").append(column).append("'");
  return text;
}

std::unexpected<Error> fail_status(const arrow::Status& status, std::string_view where) {
  const std::string prefix = std::string(where) + ": ";
  if (status.IsOutOfMemory()) return fail_memory(where);
  if (const int number = arrow::internal::ErrnoFromStatus(status); number != 0) return fail_errno(where, number);
  if (status.IsNotImplemented()) return fail(Code::kUnsupported, prefix + "not supported: " + tidy(status.message()));
  return fail(Code::kCorrupt, prefix + tidy(status.message()));
}

std::unexpected<Error> fail_exception(std::string_view where) {
  try {
    throw;
  } catch (const parquet::ParquetStatusException& e) {
    return fail_status(e.status(), where);
  } catch (const std::bad_alloc&) {
    return fail_memory(where);
  } catch (const std::length_error&) {
    return fail_memory(where);
  } catch (const std::exception& e) {
    return fail(Code::kCorrupt, std::string(where) + ": " + tidy(e.what()));
  } catch (...) {
    return fail(Code::kInternal, std::string(where) + ": an unknown failure");
  }
}

}  // namespace lakelift::columnar
