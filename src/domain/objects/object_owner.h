// Who refers to which stored object. Each folder that keeps objects implements this; app connects them with
// ObjectKeeper::add_owner.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "base/result.h"

namespace lakelift::objects {

// An object as a row of its owner knows it.
struct Reference {
  std::string key;
  std::uint64_t size_bytes = 0;
  std::string sha256;  // lower-case hex
};

// Threadsafe.
class ObjectOwner {
 public:
  virtual ~ObjectOwner() = default;
  // Of these keys those that rows of this owner refer to; each once.
  [[nodiscard]] virtual Result<std::vector<Reference>> referenced(metadata::Session& session,
                                                                  const std::vector<std::string>& keys) = 0;
  // All that it refers to, in order of key, from key > after on, at most `limit`; each key once.
  [[nodiscard]] virtual Result<std::vector<Reference>> references(metadata::Session& session, const std::string& after,
                                                                  int limit) = 0;
  // What hangs on the object, for people: "file alice/reports/may.csv", "slice 12".
  [[nodiscard]] virtual Result<std::vector<std::string>> subjects(metadata::Session& session,
                                                                  const std::string& key) = 0;
};

}  // namespace lakelift::objects
