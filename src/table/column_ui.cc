#include "table/column_ui.h"

#include "table/slice_spec.h"

namespace lakelift::table {

json::array column_ui(const Columns& columns) {
  json::array out;
  for (const auto& column : columns) {
    json::array operators;
    for (const auto op : operators_of(column.type)) operators.push_back(json::string(symbol_of(op)));
    out.push_back(
        json::object{{"name", column.name}, {"type", name_of(column.type)}, {"operators", std::move(operators)}});
  }
  return out;
}

}  // namespace lakelift::table
