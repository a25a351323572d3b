// Content comes in.
#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "domain/files/changing.h"
#include "domain/files/file_errors.h"
#include "domain/files/file_service_impl.h"

namespace lakelift::files {
namespace {

std::unexpected<Error> file_too_large() {
  return fail(Code::kTooLarge, "FILE_TOO_LARGE", fmt::format("a file has at most {} bytes", limits::kFileBytes));
}

std::unexpected<Error> over_quota() {
  return fail(Code::kTooLarge, "QUOTA_EXCEEDED",
              "this place has no room for that: its quota of bytes would be exceeded; delete something, empty the "
              "trash, or ask an administrator for more");
}

class StagedUpload final : public Upload {
 public:
  StagedUpload(std::unique_ptr<storage::StagedObject> object, Address address, std::int64_t owner, UploadTerms asked,
               std::uint64_t room)
      : staged(std::move(object)), at(std::move(address)), owner_id(owner), terms(std::move(asked)), room_(room) {}

  Result<void> write(std::span<const std::byte> bytes) override {
    if (failed) return std::unexpected(*failed);
    auto written = try_write(bytes);
    if (!written) {
      failed = written.error();
      staged.reset();  // its bytes are of no use any more
    }
    return written;
  }
  [[nodiscard]] std::uint64_t size_bytes() const override { return size_; }

  std::unique_ptr<storage::StagedObject> staged;  // nothing once it failed
  Address at;
  std::int64_t owner_id;
  UploadTerms terms;
  std::optional<Error> failed;

 private:
  Result<void> try_write(std::span<const std::byte> bytes) {
    if (bytes.size() > limits::kFileBytes - size_) return file_too_large();
    if (bytes.size() > room_ - size_) return over_quota();
    TRY_VOID(staged->append(bytes));
    size_ += bytes.size();
    return {};
  }

  std::uint64_t size_ = 0;
  std::uint64_t room_;  // what the quota had left at the beginning
};

// Where the file may be stored now: right, kinds, conditions.
Result<Place> target_of(metadata::Session& session, const accounts::Account& caller, const Address& at,
                        const Conditions& conditions) {
  TRY(Place place, look_writable(session, caller, at));
  TRY_VOID(check_file_may_be(place));
  TRY_VOID(check_conditions(place.node, conditions));
  return place;
}

// How many bytes more the owner may have; as many as a file may have where there is no quota.
Result<std::uint64_t> room_of(const Core& core, metadata::Session& session, const Place& place,
                              std::uint64_t announced) {
  TRY(const Amount now, amount_of(session, place.owner.id));
  TRY(const Quota quota, quota_of(session, core.options, place.owner.id));
  Amount more{.bytes = static_cast<std::int64_t>(announced)};
  // What is replaced goes into the trash, and counts there.
  if (!place.node || core.options.trash_days > 0) more.files = 1;
  if (place.node && core.options.trash_days == 0)
    more.bytes -= static_cast<std::int64_t>(place.node->content.size_bytes);
  TRY_VOID(check_room(now, quota, more));
  if (quota.bytes == 0) return limits::kFileBytes;
  std::int64_t left = quota.bytes - now.all_bytes();
  if (place.node && core.options.trash_days == 0) left += static_cast<std::int64_t>(place.node->content.size_bytes);
  return static_cast<std::uint64_t>(std::max<std::int64_t>(left, 0));
}

// The disk's own room, where it says so.
Result<void> check_disk(int fd, std::uint64_t announced) {
  struct statvfs disk = {};
  if (announced == 0 || fd < 0 || ::fstatvfs(fd, &disk) != 0 || disk.f_blocks == 0) return {};
  if (announced / disk.f_frsize < disk.f_bavail) return {};
  return fail(Code::kNoSpace, "NO_SPACE", "the disk has no room for so many bytes; try again later");
}

Result<void> check_bytes(StagedUpload& upload) {
  if (upload.failed) return std::unexpected(*upload.failed);
  if (upload.terms.announced_bytes && *upload.terms.announced_bytes != upload.size_bytes()) {
    return fail(Code::kInvalid, "BODY_IS_INCOMPLETE",
                fmt::format("{} bytes were announced, and {} came: send it again", *upload.terms.announced_bytes,
                            upload.size_bytes()));
  }
  const std::string& sha256 = upload.staged->seal();
  if (upload.terms.expected_sha256 && *upload.terms.expected_sha256 != sha256) {
    return fail(Code::kInvalid, "DIGEST_DID_NOT_MATCH",
                "other bytes came than were sent: their SHA-256 is not the one that was announced; send it again");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Upload>> FileService::begin_upload(const accounts::Account& caller, const Address& at,
                                                          const UploadTerms& terms) {
  const Core& core = impl_->core;
  const std::uint64_t announced = terms.announced_bytes.value_or(0);
  std::int64_t owner_id = 0;
  TRY(const std::uint64_t room, core.parts.database.read([&](metadata::Session& session) -> Result<std::uint64_t> {
    TRY(const Place place, target_of(session, caller, at, terms.conditions));
    if (announced > limits::kFileBytes) return file_too_large();
    owner_id = place.owner.id;
    return room_of(core, session, place, announced);
  }));
  TRY(auto staged, core.parts.store.stage());
  TRY_VOID(check_disk(staged->fd(), announced));
  return std::make_unique<StagedUpload>(std::move(staged), at, owner_id, terms, room);
}

Result<Stored> FileService::finish(const accounts::Account& caller, std::unique_ptr<Upload> upload) {
  const Core& core = impl_->core;
  auto& mine = static_cast<StagedUpload&>(*upload);  // begin_upload makes no others
  TRY_VOID(check_bytes(mine));
  const auto pending = core.parts.keeper.begin();
  const auto published = core.parts.keeper.publish(std::move(mine.staged), *pending);
  if (!published) {
    core.parts.keeper.abandon(*pending);
    return std::unexpected(published.error());
  }
  auto stored = change(core, caller, [&](const Change& one) -> Result<Stored> {
    TRY(Place place, target_of(one.transaction, one.caller, mine.at, mine.terms.conditions));
    // Another account of the same name, after the first was deleted.
    if (place.owner.id != mine.owner_id) return no_such_file();
    return put_content(one, std::move(place), {published->key, published->size_bytes, published->sha256},
                       "file.uploaded");
  });
  if (!stored) core.parts.keeper.abandon(*pending);
  return stored;
}

Result<Stored> FileService::make_folder(const accounts::Account& caller, const Address& at) {
  return change(impl_->core, caller, [&](const Change& one) -> Result<Stored> {
    TRY(Place place, look_writable(one.transaction, one.caller, at));
    const bool is_there = place.is_there();
    if (is_there && !place.is_folder()) return is_no_folder(place.path.text());
    if (!is_there) {
      TRY(Amount more, make_folders(one, place));
      Node folder;
      folder.owner_id = place.owner.id;
      folder.path = place.path;
      folder.created_at = folder.changed_at = one.now;
      folder.changed_by = one.caller.id;
      TRY_VOID(insert_node(one.transaction, folder));
      ++more.folders;
      TRY_VOID(charge(one, place.owner.id, more));
      TRY_VOID(record(one, place.owner, {"folder.created", folder.id, folder.path}));
      place.node = std::move(folder);
    }
    TRY(FileInfo file, describe(one.transaction, place));
    return Stored{std::move(file), !is_there};
  });
}

Result<Stored> FileService::adopt(const accounts::Account& caller, const Address& at, const objects::Reference& object,
                                  bool overwrite) {
  return change(impl_->core, caller, [&](const Change& one) -> Result<Stored> {
    TRY(Place place, target_of(one.transaction, one.caller, at, {}));
    if (place.node && !overwrite) return exists_already();
    // What nobody refers to may be on its way out.
    TRY(const bool is_kept, one.core.parts.keeper.is_referenced(one.transaction, object.key));
    if (!is_kept) return fail(Code::kConflict, "OBJECT_IS_GONE", "the content is not kept any more: make it again");
    return put_content(one, std::move(place), {object.key, object.size_bytes, object.sha256}, "file.kept");
  });
}

}  // namespace lakelift::files
