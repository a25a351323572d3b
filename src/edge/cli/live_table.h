// A table that is drawn again in its place on a terminal; elsewhere its lines that changed, one after the other.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "edge/cli/output.h"

namespace lakelift::cli {

// A line of it: what it is called, and the server's object.
struct LiveRow {
  std::string key;
  json::object record;
};

// Not threadsafe.
class LiveTable {
 public:
  LiveTable(Output& output, View view) : output_(output), view_(std::move(view)) {}

  // All rows as they are now, and lines of text below them (on a terminal alone; already printable).
  [[nodiscard]] Result<void> show(const std::vector<LiveRow>& rows, const std::vector<std::string>& below);

 private:
  [[nodiscard]] Result<void> draw(const std::vector<LiveRow>& rows, const std::vector<std::string>& below);
  [[nodiscard]] Result<void> tell(const std::vector<LiveRow>& rows);

  Output& output_;
  View view_;
  std::size_t drawn_lines_ = 0;
  std::map<std::string, std::string> told_;  // record by key
};

}  // namespace lakelift::cli
