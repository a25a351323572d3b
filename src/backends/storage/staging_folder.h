// The folder ROOT/staging, where files are filled that are on their way to become objects. Stores of one process may
// share it: what was staged for one can be published by another.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "backends/storage/object_store.h"
#include "base/fd.h"
#include "base/random.h"
#include "base/result.h"

namespace lakelift::storage {

// Threadsafe.
class StagingFolder {
 public:
  // `root` is an existing folder that this process alone uses; `random` outlives this.
  [[nodiscard]] static Result<std::shared_ptr<StagingFolder>> open(const std::string& root, Random& random);

  // An empty file of mode 0600, with no bytes left when it is destroyed before it was taken.
  [[nodiscard]] static Result<std::unique_ptr<StagedObject>> stage(const std::shared_ptr<StagingFolder>& folder);
  // Removes the files that nobody of this process fills: left behind by a crash. Returns how many.
  [[nodiscard]] Result<std::size_t> sweep();
  [[nodiscard]] int fd() const { return folder_.get(); }

 private:
  friend class StagedFile;
  StagingFolder(UniqueFd folder, Random& random) : folder_(std::move(folder)), random_(random) {}
  void begin(const std::string& name);
  void end(const std::string& name);
  [[nodiscard]] bool is_filled(const std::string& name);

  UniqueFd folder_;
  Random& random_;
  std::mutex mutex_;
  std::set<std::string> names_;  // that are being filled now
};

class StagedFile final : public StagedObject {
 public:
  StagedFile(std::shared_ptr<StagingFolder> folder, std::string name, UniqueFd file)
      : folder_(std::move(folder)), name_(std::move(name)), file_(std::move(file)) {}
  ~StagedFile() override;
  [[nodiscard]] int fd() const override { return file_.get(); }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const StagingFolder& folder() const { return *folder_; }
  // It was moved elsewhere: there is nothing to remove.
  void mark_moved() { is_moved_ = true; }

 private:
  std::shared_ptr<StagingFolder> folder_;
  std::string name_;
  UniqueFd file_;
  bool is_moved_ = false;
};

// What a store publishes: the staged file's length and SHA-256, as sealed or else read now. Errors: kConflict: it was
// written to meanwhile; kInternal: sealed, but with bytes that were not appended.
struct StagedContent {
  std::uint64_t size_bytes = 0;
  std::string sha256;
};
[[nodiscard]] Result<StagedContent> content_of(const StagedObject& staged);

// The names in a folder, sorted; "." and ".." left out.
[[nodiscard]] Result<std::vector<std::string>> names_in(int parent, const std::string& name);
[[nodiscard]] Result<void> refuse_bad_key(std::string_view key);

}  // namespace lakelift::storage
