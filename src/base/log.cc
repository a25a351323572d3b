#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

#include "base/clock.h"
#include "base/json.h"

namespace lakelift {
namespace {

std::atomic<LogFormat> g_format = LogFormat::kText;

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_logger_mt("lakelift");
    made->set_pattern("%v");
    made->flush_on(spdlog::level::debug);
    made->set_level(spdlog::level::info);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarning:
      return "WARNING";
    case LogLevel::kError:
      return "ERROR";
  }
  return "ERROR";
}

// Nothing that a stranger sent may forge a line of its own: values that are not plain are quoted as JSON.
std::string quoted(const std::string& value) {
  const bool plain = !value.empty() && std::ranges::all_of(value, [](unsigned char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != '=';
  });
  return plain ? value : to_text(json::value(value));
}

}  // namespace

void configure_log(LogLevel least, LogFormat format) {
  g_format = format;
  logger().set_level(level_of(least));
}

void log(LogLevel level, std::string_view message, LogFields fields) {
  if (!logger().should_log(level_of(level))) return;
  const std::string at = iso8601(SystemClock().now());
  std::string line;
  if (g_format == LogFormat::kJson) {
    json::object object{{"at", at}, {"level", name_of(level)}, {"message", message}};
    for (const auto& field : fields) object[field.key] = field.value;
    line = to_text(object);
  } else {
    line = fmt::format("{} {} {}", at, name_of(level), message);
    for (const auto& field : fields) line += fmt::format(" {}={}", field.key, quoted(field.value));
  }
  logger().log(level_of(level), "{}", line);
}

std::string describe(const Error& error) {
  return fmt::format("{}: {}", error.event.empty() ? std::string(code_name(error.code)) : error.event, error.message);
}

}  // namespace lakelift
