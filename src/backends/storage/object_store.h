// Where content lives: objects under server-made keys. An object never changes; a name in the database points to it.
//
//   TRY(auto staged, store.stage());            // a local file to fill
//   … write to staged->fd() …
//   TRY(ObjectInfo info, store.publish(std::move(staged), key));   // durable when this returns
//
// Every backend passes the suite in testing/contract_suite.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/fd.h"
#include "base/random.h"
#include "base/random_access.h"
#include "base/result.h"

namespace lakelift::storage {

struct ObjectInfo {
  std::string key;
  std::uint64_t size_bytes = 0;
  std::string sha256;  // lower-case hex; empty in listings
  Micros modified = 0;
};

// A fresh key: 128 random bits as lower-case hex. Keys are [0-9a-f]{32}; anything else is refused.
[[nodiscard]] std::string new_key(Random& random);
[[nodiscard]] bool is_key(std::string_view key);

// An open object; keeps its bytes readable even when the object is removed meanwhile, unless the store is remote.
using ObjectReader = RandomAccess;

// A local file on its way to become an object; its bytes are gone when this is destroyed unpublished. Not threadsafe.
class StagedObject {
 public:
  virtual ~StagedObject() = default;
  [[nodiscard]] virtual int fd() const = 0;  // read and write
  // Adds to the end, hashes what it adds, and has the disk begin to take it: publish() then need not read it again. Not
  // together with writes to fd(). Errors: kNoSpace, kInternal.
  [[nodiscard]] Result<void> append(std::span<const std::byte> bytes);
  [[nodiscard]] std::uint64_t appended_bytes() const { return appended_bytes_; }
  // When all is appended: SHA-256 as lower-case hex. Nothing may be appended afterwards.
  [[nodiscard]] const std::string& seal();
  // What seal() said; empty: not sealed.
  [[nodiscard]] const std::string& sealed_sha256() const { return sealed_sha256_; }

 private:
  Sha256 hash_;
  std::uint64_t appended_bytes_ = 0;
  std::uint64_t handed_bytes_ = 0;  // that the disk was asked to take
  std::string sealed_sha256_;
};

// How a signed address answers.
struct SignedTerms {
  std::string content_type;
  std::string content_disposition;  // `attachment; filename*=…`
  int seconds = 0;                  // that it is good for
};

struct ObjectPage {
  std::vector<ObjectInfo> objects;  // in order of key
  std::string next;                 // pass as `after` for the next page; empty at the end
};

// Threadsafe. Errors: kNotFound (no such key), kConflict (key taken), kNoSpace, kUnavailable, kInternal.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  [[nodiscard]] virtual Result<std::unique_ptr<StagedObject>> stage() = 0;
  // Hashes what was staged, unless it is sealed, and makes it the object `key`: on the disk (file and folder) when this
  // returns. A key is never overwritten.
  [[nodiscard]] virtual Result<ObjectInfo> publish(std::unique_ptr<StagedObject> staged, const std::string& key) = 0;
  [[nodiscard]] virtual Result<std::shared_ptr<ObjectReader>> open(const std::string& key) = 0;
  // Fine when it is not there.
  [[nodiscard]] virtual Result<void> remove(const std::string& key) = 0;
  // The same of many, in fewer calls where the store can. An error: some may be left.
  [[nodiscard]] virtual Result<void> remove_all(const std::vector<std::string>& keys);
  [[nodiscard]] virtual Result<ObjectPage> list(const std::string& after, std::size_t limit) = 0;
  // Removes what was staged and left behind by a crash. At start, before anything is staged. Returns how many.
  [[nodiscard]] virtual Result<std::size_t> sweep_staged() = 0;
  // For /readyz.
  [[nodiscard]] virtual Result<void> check() = 0;

  // Whether it is reached over a network: an answer may then be wrong for a moment, and a reader that is open loses its
  // bytes when the object is removed.
  [[nodiscard]] virtual bool is_remote() const { return false; }
  // Where whoever has it may read the object without us, for a while; nothing where this store gives none.
  [[nodiscard]] virtual Result<std::optional<std::string>> signed_address(const std::string& key,
                                                                          const SignedTerms& terms);
};

}  // namespace lakelift::storage
