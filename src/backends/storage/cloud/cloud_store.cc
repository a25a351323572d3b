#include "backends/storage/cloud/cloud_store.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "backends/storage/cloud/cloud_reader.h"
#include "base/file_bytes.h"
#include "base/limits.h"
#include "base/log.h"

namespace lakelift::storage {
namespace {

template <typename T>
Result<T> said(Result<T> result) {
  if (result) return result;
  return std::unexpected(storage::as_stores_say(std::move(result).error()));
}

std::unexpected<Error> taken() { return fail(Code::kConflict, "an object with this key exists already"); }

std::unexpected<Error> in_disorder() {
  return fail(Code::kUnavailable, "STORAGE_UNAVAILABLE", "the storage lists its objects in disorder");
}

// A text as bytes to send; it outlives this.
class TextBytes final : public RandomAccess {
 public:
  explicit TextBytes(std::string_view text) : text_(text) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return text_.size(); }
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    const std::string_view rest = text_.substr(std::min<std::uint64_t>(offset, text_.size()), out.size());
    std::ranges::copy(as_bytes(rest), out.begin());
    return rest.size();
  }

 private:
  std::string_view text_;
};

// Keys of uploads in parts that this process is at.
class LiveUploads {
 public:
  class Hold {
   public:
    Hold(LiveUploads& uploads, std::string key) : uploads_(uploads), key_(std::move(key)) {
      const std::lock_guard lock(uploads_.mutex_);
      uploads_.keys_.insert(key_);
    }
    ~Hold() {
      const std::lock_guard lock(uploads_.mutex_);
      uploads_.keys_.erase(uploads_.keys_.find(key_));
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    LiveUploads& uploads_;
    const std::string key_;
  };
  [[nodiscard]] bool has(const std::string& key) {
    const std::lock_guard lock(mutex_);
    return keys_.contains(key);
  }

 private:
  std::mutex mutex_;
  std::multiset<std::string> keys_;
};

// How an object is cut: all parts but the last are of one size.
struct Cut {
  std::uint64_t part_bytes = 0;
  int parts = 0;
};

Cut cut_of(std::uint64_t size_bytes, const PartLimits& limits) {
  const std::uint64_t least = (size_bytes + limits.parts - 1) / limits.parts;
  const std::uint64_t part_bytes = std::max(limits.part_bytes, least);
  return {part_bytes, static_cast<int>((size_bytes + part_bytes - 1) / part_bytes)};
}

// Sends all parts, some at once, and gathers what finish_parts() wants to know.
class PartSender {
 public:
  PartSender(BlobClient& client, const std::string& key, const std::string& upload, RandomAccess& bytes, Cut cut)
      : client_(client),
        key_(key),
        upload_(upload),
        bytes_(bytes),
        cut_(cut),
        sent_(static_cast<std::size_t>(cut.parts)) {}

  Result<std::vector<std::string>> run() {
    {
      std::vector<std::jthread> helpers;
      for (int i = 1; i < std::min(limits::kPartsAtOnce, cut_.parts); ++i) helpers.emplace_back([this] { work(); });
      work();
    }
    if (failure_) return std::unexpected(*failure_);
    return std::move(sent_);
  }

 private:
  void work() {
    for (int index = next_++; index < cut_.parts && !has_failed_; index = next_++) {
      const std::uint64_t offset = static_cast<std::uint64_t>(index) * cut_.part_bytes;
      auto done = client_.put_part(key_, upload_, index + 1,
                                   {bytes_, offset, std::min(cut_.part_bytes, bytes_.size_bytes() - offset)});
      const std::lock_guard lock(mutex_);
      if (done) {
        sent_[static_cast<std::size_t>(index)] = *std::move(done);
      } else {
        if (!failure_) failure_ = std::move(done).error();
        has_failed_ = true;
      }
    }
  }

  BlobClient& client_;
  const std::string& key_;
  const std::string& upload_;
  RandomAccess& bytes_;
  const Cut cut_;
  std::atomic<int> next_ = 0;
  std::atomic<bool> has_failed_ = false;
  std::mutex mutex_;  // of what follows
  std::vector<std::string> sent_;
  std::optional<Error> failure_;
};

class CloudStore final : public ObjectStore {
 public:
  CloudStore(std::unique_ptr<BlobClient> client, std::shared_ptr<StagingFolder> staging, const Clock& clock,
             CloudStoreOptions options)
      : client_(std::move(client)), staging_(std::move(staging)), clock_(clock), options_(options) {}

  Result<std::unique_ptr<StagedObject>> stage() override { return StagingFolder::stage(staging_); }
  Result<ObjectInfo> publish(std::unique_ptr<StagedObject> staged, const std::string& key) override;
  Result<std::shared_ptr<ObjectReader>> open(const std::string& key) override;
  Result<void> remove(const std::string& key) override {
    TRY_VOID(refuse_bad_key(key));
    return said(client_->remove(key));
  }
  Result<void> remove_all(const std::vector<std::string>& keys) override;
  Result<ObjectPage> list(const std::string& after, std::size_t limit) override;
  Result<std::size_t> sweep_staged() override;
  Result<void> check() override;
  [[nodiscard]] bool is_remote() const override { return true; }
  Result<std::optional<std::string>> signed_address(const std::string& key, const SignedTerms& terms) override;

 private:
  [[nodiscard]] Result<void> send_parts(const std::string& key, RandomAccess& bytes);
  [[nodiscard]] Result<bool> is_there_already(const std::string& key, const StagedContent& content);

  const std::unique_ptr<BlobClient> client_;
  const std::shared_ptr<StagingFolder> staging_;
  const Clock& clock_;
  const CloudStoreOptions options_;
  LiveUploads live_;
};

Result<void> CloudStore::send_parts(const std::string& key, RandomAccess& bytes) {
  const LiveUploads::Hold hold(live_, key);  // before it can be listed
  TRY(const std::string upload, client_->begin_parts(key));
  auto sent = PartSender(*client_, key, upload, bytes, cut_of(bytes.size_bytes(), client_->part_limits())).run();
  const Result<void> done = sent ? client_->finish_parts(key, upload, *sent) : std::unexpected(sent.error());
  if (done || done.error().code == Code::kNotFound) return done;
  if (const auto aborted = client_->abort_parts(key, upload); !aborted) {
    log_warning("an unfinished upload stays for the sweep", {{"object", key}, {"error", describe(aborted.error())}});
  }
  return done;
}

// An attempt whose answer was lost may have stored it; a key is used for one content alone.
Result<bool> CloudStore::is_there_already(const std::string& key, const StagedContent& content) {
  const auto info = client_->look(key);
  if (!info && info.error().code == Code::kNotFound) return false;
  if (!info) return std::unexpected(info.error());
  if (info->size_bytes != content.size_bytes) return false;
  CloudReader reader(*client_, key, *info);
  Sha256 hash;
  std::vector<std::byte> buffer(std::min<std::uint64_t>(content.size_bytes, limits::kStreamBufferBytes));
  for (std::uint64_t at = 0; at < content.size_bytes;) {
    TRY(const std::size_t got, reader.read_at(at, buffer));
    hash.update(std::span(buffer).first(got));
    at += got;
  }
  return hex_encode(hash.finish()) == content.sha256;
}

Result<ObjectInfo> CloudStore::publish(std::unique_ptr<StagedObject> staged, const std::string& key) {
  TRY_VOID(refuse_bad_key(key));
  const auto* file = dynamic_cast<const StagedFile*>(staged.get());
  if (file == nullptr || &file->folder() != staging_.get()) return fail(Code::kInternal, "staged in another store");
  TRY(const StagedContent content, content_of(*file));
  FileBytes bytes(file->fd(), content.size_bytes);
  const bool is_whole = content.size_bytes <= client_->part_limits().whole_bytes;
  auto done = is_whole ? client_->put(key, {bytes, 0, content.size_bytes}) : send_parts(key, bytes);
  if (!done && (done.error().code == Code::kConflict || done.error().code == Code::kNotFound)) {
    TRY(const bool is_there, said(is_there_already(key, content)));
    if (!is_there && done.error().code == Code::kConflict) return taken();
    if (!is_there) return fail(Code::kUnavailable, "STORAGE_UNAVAILABLE", "the storage lost an upload; try again");
    done = {};
  }
  if (!done) return std::unexpected(storage::as_stores_say(std::move(done).error()));
  return ObjectInfo{key, content.size_bytes, content.sha256, clock_.now()};
}

Result<std::shared_ptr<ObjectReader>> CloudStore::open(const std::string& key) {
  TRY_VOID(refuse_bad_key(key));
  TRY(BlobInfo info, said(client_->look(key)));
  return std::make_shared<CloudReader>(*client_, key, std::move(info));
}

Result<void> CloudStore::remove_all(const std::vector<std::string>& keys) {
  for (const auto& key : keys) TRY_VOID(refuse_bad_key(key));
  for (std::size_t from = 0; from < keys.size(); from += limits::kRemovedAtOnce) {
    const auto end = keys.begin() + static_cast<std::ptrdiff_t>(std::min(keys.size(), from + limits::kRemovedAtOnce));
    TRY_VOID(said(client_->remove_all({keys.begin() + static_cast<std::ptrdiff_t>(from), end})));
  }
  return {};
}

Result<ObjectPage> CloudStore::list(const std::string& after, std::size_t limit) {
  if (!after.empty()) TRY_VOID(refuse_bad_key(after));
  if (limit == 0) return fail(Code::kInvalid, "a page of a listing has at least one object");
  ObjectPage page;
  std::string from = after;
  for (;;) {
    TRY(const BlobPage some, said(client_->list(from, limit + 1 - page.objects.size())));
    for (const auto& blob : some.blobs) {
      // An answer may not make us remove or read what is not ours, nor go round in circles.
      if (!is_key(blob.key) || blob.key <= from) return in_disorder();
      from = blob.key;
      page.objects.push_back({blob.key, blob.size_bytes, {}, blob.modified});
    }
    if (page.objects.size() > limit) {
      page.objects.resize(limit);
      page.next = page.objects.back().key;
      return page;
    }
    if (some.is_last) return page;
    if (some.last_key < from || (some.blobs.empty() && some.last_key == from)) {
      return in_disorder();
    }
    from = some.last_key;
  }
}

Result<std::size_t> CloudStore::sweep_staged() {
  TRY(std::size_t swept, staging_->sweep());
  TRY(const auto unfinished, said(client_->unfinished()));
  for (const auto& upload : unfinished) {
    const bool is_old = clock_.now() - upload.begun > limits::kUnfinishedGraceSeconds * kMicrosPerSecond;
    if ((!options_.sole_owner && !is_old) || live_.has(upload.key)) continue;
    TRY_VOID(said(client_->abort_parts(upload.key, upload.upload)));
    ++swept;
  }
  return swept;
}

Result<void> CloudStore::check() { return said(client_->check()); }

Result<std::optional<std::string>> CloudStore::signed_address(const std::string& key, const SignedTerms& terms) {
  TRY_VOID(refuse_bad_key(key));
  if (!options_.signs_addresses) return std::nullopt;
  TRY(std::string address, said(client_->signed_address(key, terms)));
  return address;
}

}  // namespace

Result<void> claim(BlobClient& client, const std::string& owner) {
  const std::string name(kOwnerName);
  TextBytes text(owner);
  const auto claimed = client.put(name, {text, 0, owner.size()});
  if (claimed || claimed.error().code != Code::kConflict) return claimed;
  TRY(BlobInfo info, client.look(name));
  if (info.size_bytes == owner.size()) {
    std::string found(owner.size(), '\0');
    TRY(const std::size_t got,
        CloudReader(client, name, std::move(info)).read_at(0, std::as_writable_bytes(std::span(found))));
    if (got == owner.size() && found == owner) return {};
  }
  return fail(
      Code::kConflict, "STORAGE_HAS_ANOTHER_DATABASE",
      "the storage holds the content of another database: give --database as when it was first used, or another "
      "bucket, container or prefix");
}

std::unique_ptr<ObjectStore> make_cloud_store(std::unique_ptr<BlobClient> client,
                                              std::shared_ptr<StagingFolder> staging, const Clock& clock,
                                              CloudStoreOptions options) {
  return std::make_unique<CloudStore>(std::move(client), std::move(staging), clock, options);
}

}  // namespace lakelift::storage
