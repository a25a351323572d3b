// SQL as the folders write it, made ready for SOCI.
#pragma once

#include <string>
#include <string_view>

namespace lakelift::metadata {

struct NamedSql {
  std::string text;
  int parameters = 0;
};

// `?` becomes `:p1`, `:p2`, …, SOCI's form for every backend. What stands in '…' and "…" stays; comments go, since SOCI
// takes a `:` in them for a parameter.
[[nodiscard]] NamedSql with_named_parameters(std::string_view sql);

}  // namespace lakelift::metadata
