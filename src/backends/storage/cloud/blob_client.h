// What a CloudStore needs of a cloud's object storage: one class a vendor, which knows addresses, signatures and XML.
//
// Each call is tried again as cloud/retry.h says, so a call may have been done more than once, and the last answer may
// tell of an earlier attempt's success: put() and finish_parts() answer kConflict then, as they do when the key was
// taken before. Whoever calls looks what is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backends/net/transport.h"
#include "backends/storage/object_store.h"
#include "base/clock.h"
#include "base/random_access.h"
#include "base/result.h"
#include "base/transfer_limits.h"

namespace lakelift::storage {

// A part of a staged file: what one call sends.
struct Piece {
  RandomAccess& bytes;
  std::uint64_t offset = 0;
  std::uint64_t length_bytes = 0;
};

struct BlobInfo {
  std::uint64_t size_bytes = 0;
  std::string etag;  // as the server wrote it, quotes and all
};

struct ListedBlob {
  std::string key;
  std::uint64_t size_bytes = 0;
  Micros modified = 0;
};

struct BlobPage {
  std::vector<ListedBlob> blobs;  // in order of key; what is no key of ours is left out
  bool is_last = true;            // else there is more behind `last_key`
  std::string last_key;           // the last that was looked at; it may have been left out
};

// An upload in parts that nobody has finished.
struct Unfinished {
  std::string key;
  std::string upload;  // as begin_parts gave it
  Micros begun = 0;
};

struct PartLimits {
  std::uint64_t whole_bytes;      // what is no larger is sent by put()
  std::uint64_t part_bytes;       // of a part, at least; all but the last are of one size
  std::uint64_t most_part_bytes;  // of a part, at most
  std::uint64_t parts;            // at most
};

// Threadsafe. Errors of all: kUnavailable STORAGE_UNAVAILABLE: it can't be reached, or says that it can't now, after
// all attempts; kForbidden STORAGE_REFUSED: it does not take our credentials, or lacks the bucket, which whoever runs
// the server must mend; kNoSpace; kCorrupt: an answer that makes no sense. Messages name the host and the vendor's code
// of the error, never a key, a signature or a secret.
class BlobClient {
 public:
  virtual ~BlobClient() = default;

  [[nodiscard]] virtual PartLimits part_limits() const = 0;
  // The whole object; the server verifies what it got by a digest. kConflict: there is one of that key (see above).
  [[nodiscard]] virtual Result<void> put(const std::string& key, const Piece& whole) = 0;

  // An upload in parts: begin, parts in any order and at once, finish. Nothing is to be seen of it before.
  [[nodiscard]] virtual Result<std::string> begin_parts(const std::string& key) = 0;
  // `number` from 1. What finish_parts() wants to know of it.
  [[nodiscard]] virtual Result<std::string> put_part(const std::string& key, const std::string& upload, int number,
                                                     const Piece& part) = 0;
  // kConflict: there is one of that key; kNotFound: there is no such upload (any more), it may be finished.
  [[nodiscard]] virtual Result<void> finish_parts(const std::string& key, const std::string& upload,
                                                  const std::vector<std::string>& parts) = 0;
  // Fine when it is not there.
  [[nodiscard]] virtual Result<void> abort_parts(const std::string& key, const std::string& upload) = 0;
  [[nodiscard]] virtual Result<std::vector<Unfinished>> unfinished() = 0;

  // kNotFound.
  [[nodiscard]] virtual Result<BlobInfo> look(const std::string& key) = 0;
  // Exactly these bytes (at least one) of the object whose ETag this is: status and Content-Range are verified.
  // kNotFound; kPrecondition: it has another ETag now.
  [[nodiscard]] virtual Result<std::unique_ptr<net::TransferAnswer>> get(const std::string& key,
                                                                         const std::string& etag, std::uint64_t offset,
                                                                         std::uint64_t length_bytes) = 0;
  // Fine when it is not there.
  [[nodiscard]] virtual Result<void> remove(const std::string& key) = 0;
  // Fine when some are not there. An error: some may be left. At most limits::kRemovedAtOnce.
  [[nodiscard]] virtual Result<void> remove_all(const std::vector<std::string>& keys) = 0;
  [[nodiscard]] virtual Result<BlobPage> list(const std::string& after, std::size_t limit) = 0;
  // Signed, for whoever has it; good for terms.seconds.
  [[nodiscard]] virtual Result<std::string> signed_address(const std::string& key, const SignedTerms& terms) = 0;
  // One cheap call: is it there, and does it take our credentials.
  [[nodiscard]] virtual Result<void> check() = 0;
};

}  // namespace lakelift::storage
