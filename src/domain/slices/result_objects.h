// What results and renditions refer to: slices as an owner of objects.
#pragma once

#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/objects/object_owner.h"

namespace lakelift::slices::store {

[[nodiscard]] Result<std::vector<objects::Reference>> referenced_objects(metadata::Session& session,
                                                                         const std::vector<std::string>& keys);
// In order of key, from key > after on, at most `limit`.
[[nodiscard]] Result<std::vector<objects::Reference>> object_references(metadata::Session& session,
                                                                        const std::string& after, int limit);
// "slice 12", "slice 12 as csv": of the first requests that have the result.
[[nodiscard]] Result<std::vector<std::string>> object_subjects(metadata::Session& session, const std::string& key);

}  // namespace lakelift::slices::store
