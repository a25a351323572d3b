// The log: one line a thing that happened, on stderr (stdout belongs to the address and to data).
//
//   log_info("server started", {{"address", address}});
//   2026-11-22T17:35:15.000001Z INFO server started address=http://127.0.0.1:3000
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace lakelift {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

struct LogField {
  template <typename T>
  LogField(std::string_view k, const T& v) : key(k), value(fmt::format("{}", v)) {}
  std::string_view key;
  std::string value;
};
using LogFields = std::initializer_list<LogField>;

// Once, before threads start. Never logs secrets: callers pass none (signatures in addresses are masked by the edge).
void configure_log(LogLevel least, LogFormat format);
void log(LogLevel level, std::string_view message, LogFields fields = {});
inline void log_debug(std::string_view message, LogFields fields = {}) { log(LogLevel::kDebug, message, fields); }
inline void log_info(std::string_view message, LogFields fields = {}) { log(LogLevel::kInfo, message, fields); }
inline void log_warning(std::string_view message, LogFields fields = {}) { log(LogLevel::kWarning, message, fields); }
inline void log_error(std::string_view message, LogFields fields = {}) { log(LogLevel::kError, message, fields); }
// The error's code, event and message as one text, for a field.
[[nodiscard]] std::string describe(const Error& error);

}  // namespace lakelift
