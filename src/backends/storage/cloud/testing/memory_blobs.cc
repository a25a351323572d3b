#include "backends/storage/cloud/testing/memory_blobs.h"

#include <algorithm>
#include <cstring>

namespace lakelift::storage::testing {
namespace {

Result<std::string> text_of(const Piece& piece) {
  std::string out(piece.length_bytes, '\0');
  std::size_t at = 0;
  while (at < out.size()) {
    TRY(const std::size_t got,
        piece.bytes.read_at(piece.offset + at, std::as_writable_bytes(std::span(out)).subspan(at)));
    if (got == 0) return fail(Code::kInternal, "a piece is shorter than was said");
    at += got;
  }
  return out;
}

class Answered final : public net::TransferAnswer {
 public:
  Answered(std::string body, bool breaks_off) : body_(std::move(body)), breaks_off_(breaks_off) {}
  [[nodiscard]] int status() const override { return 206; }
  [[nodiscard]] std::optional<std::string_view> header(std::string_view) const override { return std::nullopt; }
  [[nodiscard]] Result<std::size_t> read(std::span<std::byte> out) override {
    const std::size_t count = std::min({out.size(), body_.size() - at_, std::size_t{10'000}});
    if (count == 0 && breaks_off_) return fail(Code::kUnavailable, "PEER_UNREACHABLE", "the line broke");
    std::memcpy(out.data(), body_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  const std::string body_;
  const bool breaks_off_;
  std::size_t at_ = 0;
};

std::unexpected<Error> not_found() { return fail(Code::kNotFound, "no such object"); }

}  // namespace

void MemoryBlobs::set_before(Before before) {
  const std::lock_guard lock(mutex_);
  before_ = std::move(before);
}
void MemoryBlobs::set_after(Before after) {
  const std::lock_guard lock(mutex_);
  after_ = std::move(after);
}
void MemoryBlobs::break_reads_after(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  break_after_ = bytes;
}
void MemoryBlobs::change_reads(bool changes) {
  const std::lock_guard lock(mutex_);
  changes_reads_ = changes;
}
std::size_t MemoryBlobs::unfinished_count() {
  const std::lock_guard lock(mutex_);
  return uploads_.size();
}

Result<void> MemoryBlobs::before(const std::string& call) { return before_ ? before_(call) : Result<void>{}; }
Result<void> MemoryBlobs::after(const std::string& call) { return after_ ? after_(call) : Result<void>{}; }

Result<void> MemoryBlobs::store(const std::string& key, std::string content) {
  if (blobs_.contains(key)) return fail(Code::kConflict, "taken");
  blobs_[key] = {std::move(content), "\"" + std::to_string(++numbers_) + "\"", clock_.now()};
  return {};
}

Result<void> MemoryBlobs::put(const std::string& key, const Piece& whole) {
  TRY(std::string content, text_of(whole));
  const std::lock_guard lock(mutex_);
  TRY_VOID(before("put"));
  TRY_VOID(store(key, std::move(content)));
  return after("put");
}

Result<std::string> MemoryBlobs::begin_parts(const std::string& key) {
  const std::lock_guard lock(mutex_);
  TRY_VOID(before("begin_parts"));
  std::string upload = "upload-" + std::to_string(++numbers_);
  uploads_[upload] = {key, {}, clock_.now()};
  TRY_VOID(after("begin_parts"));
  return upload;
}

Result<std::string> MemoryBlobs::put_part(const std::string&, const std::string& upload, int number,
                                          const Piece& part) {
  TRY(std::string content, text_of(part));
  const std::lock_guard lock(mutex_);
  TRY_VOID(before("put_part"));
  const auto found = uploads_.find(upload);
  if (found == uploads_.end()) return not_found();
  found->second.parts[number] = std::move(content);
  TRY_VOID(after("put_part"));
  return "part-" + std::to_string(number);
}

Result<void> MemoryBlobs::finish_parts(const std::string& key, const std::string& upload,
                                       const std::vector<std::string>& parts) {
  const std::lock_guard lock(mutex_);
  TRY_VOID(before("finish_parts"));
  const auto found = uploads_.find(upload);
  if (found == uploads_.end()) return not_found();
  std::string content;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] != "part-" + std::to_string(i + 1)) return fail(Code::kCorrupt, "no such part");
    content += found->second.parts.at(static_cast<int>(i) + 1);
  }
  TRY_VOID(store(key, std::move(content)));
  uploads_.erase(found);
  return after("finish_parts");
}

Result<void> MemoryBlobs::abort_parts(const std::string&, const std::string& upload) {
  const std::lock_guard lock(mutex_);
  TRY_VOID(before("abort_parts"));
  uploads_.erase(upload);
  return {};
}

Result<std::vector<Unfinished>> MemoryBlobs::unfinished() {
  const std::lock_guard lock(mutex_);
  std::vector<Unfinished> out;
  for (const auto& [id, upload] : uploads_) out.push_back({upload.key, id, upload.begun});
  return out;
}

Result<BlobInfo> MemoryBlobs::look(const std::string& key) {
  const std::lock_guard lock(mutex_);
  TRY_VOID(before("look"));
  const auto found = blobs_.find(key);
  if (found == blobs_.end()) return not_found();
  return BlobInfo{found->second.content.size(), found->second.etag};
}

Result<std::unique_ptr<net::TransferAnswer>> MemoryBlobs::get(const std::string& key, const std::string& etag,
                                                              std::uint64_t offset, std::uint64_t length_bytes) {
  const std::lock_guard lock(mutex_);
  TRY_VOID(before("get"));
  const auto& from = blobs_.contains(key) ? blobs_ : removed_;
  const auto found = from.find(key);
  if (found == from.end()) return not_found();
  if (found->second.etag != etag) return fail(Code::kPrecondition, "changed");
  std::string body = found->second.content.substr(offset, length_bytes);
  if (changes_reads_) body[body.size() / 2] = static_cast<char>(body[body.size() / 2] ^ 1);
  const bool breaks = break_after_ > 0 && body.size() > break_after_;
  if (breaks) body.resize(break_after_);
  return std::make_unique<Answered>(std::move(body), breaks);
}

Result<void> MemoryBlobs::remove(const std::string& key) {
  const std::lock_guard lock(mutex_);
  TRY_VOID(before("remove"));
  if (auto taken = blobs_.extract(key)) removed_.insert_or_assign(key, std::move(taken.mapped()));
  return {};
}

Result<void> MemoryBlobs::remove_all(const std::vector<std::string>& keys) {
  const std::lock_guard lock(mutex_);
  TRY_VOID(before("remove_all"));
  for (const auto& key : keys) {
    if (auto taken = blobs_.extract(key)) removed_.insert_or_assign(key, std::move(taken.mapped()));
  }
  return {};
}

Result<BlobPage> MemoryBlobs::list(const std::string& after, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  TRY_VOID(before("list"));
  BlobPage page;
  std::size_t seen = 0;
  for (auto it = blobs_.upper_bound(after); it != blobs_.end(); ++it) {
    if (seen++ == std::min<std::size_t>(limit, 7)) {  // pages are as large as the server likes
      page.is_last = false;
      break;
    }
    page.last_key = it->first;
    if (lists_all_ || is_key(it->first))
      page.blobs.push_back({it->first, it->second.content.size(), it->second.modified});
  }
  return page;
}

Result<std::string> MemoryBlobs::signed_address(const std::string& key, const SignedTerms& terms) {
  return "https://blobs.example/" + key + "?seconds=" + std::to_string(terms.seconds);
}

Result<void> MemoryBlobs::check() {
  const std::lock_guard lock(mutex_);
  return before("check");
}

}  // namespace lakelift::storage::testing
