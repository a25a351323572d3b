// What differs between two states of an item, as its history tells it. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "domain/catalogue/item_store.h"

namespace lakelift::catalogue {

// {"name": {"from": …, "to": …}, …} of what differs: name, description (long ones cut), executor_type, tags,
// visibility, maintained_by (account ids), max_age_seconds, rows; spec: {"added": [names], "removed": [names],
// "changed": [{"name", "from", "to"}]} over what people and engines say of a column, not over its figures, at most
// limits::kHistoryColumns each; sample, source, figures (sizes, distributions …): true.
[[nodiscard]] json::object changes_between(const ItemRow& before, const ItemRow& after);

// Of those the fields that are worth a notice: new figures alone are not.
[[nodiscard]] std::vector<std::string> told_to_followers(const json::object& changes);

// At most limits::kHistoryTextChars characters; a longer text ends with its length and digest.
[[nodiscard]] std::string cut_text(const std::string& text);

}  // namespace lakelift::catalogue
