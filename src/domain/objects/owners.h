// All who refer to objects, asked as one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "domain/objects/object_owner.h"

namespace lakelift::objects {

struct ReferencePage {
  std::vector<Reference> references;  // in order of key, each key once
  std::string next;                   // pass as `after` for the next page; empty at the end
};

// Threadsafe once all owners are added.
class Owners {
 public:
  void add(ObjectOwner& owner) { owners_.push_back(&owner); }
  // Of these keys those that any row refers to.
  [[nodiscard]] Result<std::map<std::string, Reference>> referenced(metadata::Session& session,
                                                                    const std::vector<std::string>& keys) const;
  [[nodiscard]] Result<std::vector<std::string>> subjects(metadata::Session& session, const std::string& key) const;
  // What all refer to, behind `after`. A page may be empty although others follow it.
  [[nodiscard]] Result<ReferencePage> page(metadata::Session& session, const std::string& after, int limit) const;

 private:
  std::vector<ObjectOwner*> owners_;
};

}  // namespace lakelift::objects
