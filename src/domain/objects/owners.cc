#include "domain/objects/owners.h"

#include <algorithm>
#include <optional>

namespace lakelift::objects {

Result<std::map<std::string, Reference>> Owners::referenced(metadata::Session& session,
                                                            const std::vector<std::string>& keys) const {
  std::map<std::string, Reference> out;
  if (keys.empty()) return out;
  for (ObjectOwner* owner : owners_) {
    TRY(auto some, owner->referenced(session, keys));
    for (auto& reference : some) out.emplace(reference.key, std::move(reference));
  }
  return out;
}

Result<std::vector<std::string>> Owners::subjects(metadata::Session& session, const std::string& key) const {
  std::vector<std::string> out;
  for (ObjectOwner* owner : owners_) {
    TRY(auto some, owner->subjects(session, key));
    std::ranges::move(some, std::back_inserter(out));
  }
  return out;
}

Result<ReferencePage> Owners::page(metadata::Session& session, const std::string& after, int limit) const {
  std::map<std::string, Reference> merged;
  // Behind the end of a full page its owner may have keys that another owner's page is already past: those wait.
  std::optional<std::string> horizon;
  for (ObjectOwner* owner : owners_) {
    TRY(auto some, owner->references(session, after, limit));
    if (some.size() >= static_cast<std::size_t>(limit)) {
      horizon = horizon ? std::min(*horizon, some.back().key) : some.back().key;
    }
    for (auto& reference : some) merged.emplace(reference.key, std::move(reference));
  }
  ReferencePage out;
  for (auto& [key, reference] : merged) {
    if (horizon && key > *horizon) break;
    out.references.push_back(std::move(reference));
  }
  out.next = horizon.value_or("");
  return out;
}

}  // namespace lakelift::objects
