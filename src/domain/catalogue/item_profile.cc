#include "domain/catalogue/item_profile.h"

namespace lakelift::catalogue {

void keep_columns(ItemProfile& profile, const table::Columns& spec) {
  std::vector<table::ColumnStatistics> kept;
  for (const auto& column : spec) {
    const auto* known = table::find_statistics(profile.columns, column.name);
    if (known != nullptr && known->type == column.type) kept.push_back(*known);
  }
  profile.columns = std::move(kept);
}

json::object to_json(const ItemProfile& profile) {
  if (!profile.profiled_at && !profile.error) return {};
  json::object out{
      {"columns", table::to_json(profile.columns)}, {"is_partial", profile.is_partial}, {"is_stale", profile.is_stale}};
  if (profile.profiled_at) out["profiled_at"] = *profile.profiled_at;
  if (profile.rows) out["rows"] = *profile.rows;
  if (profile.error) out["error"] = *profile.error;
  return out;
}

Result<ItemProfile> item_profile_from_json(const json::value& json) {
  const auto* object = json.if_object();
  if (object == nullptr) return fail(Code::kInvalid, "a stored profile is an object");
  ItemProfile profile;
  if (object->empty()) return profile;
  const auto* columns = find(*object, "columns");
  if (columns == nullptr) return fail(Code::kInvalid, "a stored profile has columns");
  TRY(profile.columns, table::statistics_list_from_json(*columns));
  profile.is_partial = find_bool(*object, "is_partial").value_or(false);
  profile.is_stale = find_bool(*object, "is_stale").value_or(false);
  profile.profiled_at = find_int(*object, "profiled_at");
  profile.rows = find_int(*object, "rows");
  profile.error = find_string(*object, "error");
  return profile;
}

}  // namespace lakelift::catalogue
