#include "backends/storage/s3/s3_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/storage/s3/s3_bodies.h"
#include "backends/storage/s3/s3_calls.h"
#include "backends/storage/s3/s3_listing.h"

namespace lakelift::storage {
namespace {

// Amazon's limits of uploads in parts.
constexpr std::uint64_t kLeastPartBytes = 5ULL << 20;
constexpr std::uint64_t kMostPartBytes = 5ULL << 30;
constexpr std::uint64_t kMostParts = 10'000;
constexpr std::size_t kMostListed = 1'000;  // of one page
static_assert(limits::kPartBytes >= kLeastPartBytes);
static_assert(limits::kRemovedAtOnce <= 1'000, "of one DeleteObjects");

constexpr std::string_view kContentType = "application/octet-stream";
const std::pair<std::string, std::string> kOnlyIfNew{"If-None-Match", "*"};

Result<void> conflict_if_taken(Result<void> done) {
  if (done || done.error().code != Code::kPrecondition) return done;
  return fail(Code::kConflict, done.error().message);
}

Result<void> fine_if_missing(Result<void> done) {
  if (!done && done.error().code == Code::kNotFound) return {};
  return done;
}

std::string header_of(const net::TransferAnswer& answer, std::string_view name) {
  return std::string(answer.header(name).value_or(""));
}

class S3Client final : public BlobClient {
 public:
  S3Client(const S3Options& options, BucketAddress address, S3Parts parts)
      : prefix_(options.prefix), lists_all_(options.lists_all), calls_(options, std::move(address), std::move(parts)) {}

  [[nodiscard]] PartLimits part_limits() const override {
    return {limits::kWholeObjectBytes, limits::kPartBytes, kMostPartBytes, kMostParts};
  }

  Result<void> put(const std::string& key, const Piece& whole) override {
    TRY(S3Request request, storing(key, whole));
    request.headers.emplace_back("Content-Type", kContentType);
    request.headers.push_back(kOnlyIfNew);
    StoredPart stored;
    return conflict_if_taken(store(request, stored));
  }

  Result<std::string> begin_parts(const std::string& key) override {
    const S3Request request{
        .method = "POST",
        .key = key,
        .query = {{"uploads", ""}},
        .headers = {{"Content-Type", std::string(kContentType)}, {"x-amz-checksum-algorithm", "SHA256"}},
        .body = {},
        .payload_sha256 = {}};
    std::string upload;
    TRY_VOID(calls_.ask(request, "InitiateMultipartUploadResult", [&](const net::XmlElement& root) -> Result<void> {
      upload = root.text_of("UploadId");
      if (upload.empty()) return fail(Code::kCorrupt, "an upload has no name");
      return {};
    }));
    return upload;
  }

  Result<std::string> put_part(const std::string& key, const std::string& upload, int number,
                               const Piece& part) override {
    TRY(S3Request request, storing(key, part));
    request.query = {{"partNumber", fmt::format("{}", number)}, {"uploadId", upload}};
    StoredPart stored;
    TRY_VOID(store(request, stored));
    return stored.text();
  }

  Result<void> finish_parts(const std::string& key, const std::string& upload,
                            const std::vector<std::string>& parts) override {
    const S3Request request{.method = "POST",
                            .key = key,
                            .query = {{"uploadId", upload}},
                            .headers = {{"Content-Type", "application/xml"}, kOnlyIfNew},
                            .body = {.text = parts_document(parts)},
                            .payload_sha256 = {}};
    return conflict_if_taken(
        calls_.ask(request, "CompleteMultipartUploadResult", [](const net::XmlElement& root) -> Result<void> {
          if (root.text_of("ETag").empty()) return fail(Code::kCorrupt, "what was stored has no ETag");
          return {};
        }));
  }

  Result<void> abort_parts(const std::string& key, const std::string& upload) override {
    return fine_if_missing(calls_.tell(bare("DELETE", key, {{"uploadId", upload}})));
  }

  Result<std::vector<Unfinished>> unfinished() override {
    std::vector<Unfinished> all;
    UploadListing page{.uploads = {}, .is_last = false, .next_key = {}, .next_upload = {}};
    for (int pages = 0; !page.is_last && pages < limits::kUnfinishedPages; ++pages) {
      TRY(page, uploads_behind(page));
      std::ranges::move(page.uploads, std::back_inserter(all));
    }
    return all;
  }

  Result<BlobInfo> look(const std::string& key) override {
    BlobInfo info;
    const auto found = calls_.run(bare("HEAD", key), [&](std::unique_ptr<net::TransferAnswer>& answer) -> Outcome {
      const auto size = number_of(header_of(*answer, "content-length"));
      info.etag = header_of(*answer, "etag");
      if (answer->status() != 200 || !size || info.etag.empty()) {
        return senseless(calls_.host(), "it does not say how large an object is, or has no ETag");
      }
      info.size_bytes = *size;
      return {};
    });
    if (found) return info;
    // A HEAD's answer has no body, so its 404 does not say whether it is the bucket that is missing.
    if (found.error().code == Code::kNotFound) TRY_VOID(check());
    return std::unexpected(found.error());
  }

  Result<std::unique_ptr<net::TransferAnswer>> get(const std::string& key, const std::string& etag,
                                                   std::uint64_t offset, std::uint64_t length_bytes) override {
    S3Request request = bare("GET", key);
    const std::string range = fmt::format("{}-{}", offset, offset + length_bytes - 1);
    request.headers = {{"Range", "bytes=" + range}, {"If-Match", etag}};
    std::unique_ptr<net::TransferAnswer> body;
    TRY_VOID(calls_.run(request, [&](std::unique_ptr<net::TransferAnswer>& answer) -> Outcome {
      const bool is_range = answer->status() == 206 &&
                            header_of(*answer, "content-range").starts_with("bytes " + range + "/") &&
                            number_of(header_of(*answer, "content-length")) == length_bytes;
      if (!is_range) return senseless(calls_.host(), "it is not the range that was asked for");
      if (header_of(*answer, "etag") != etag) return senseless(calls_.host(), "it is of another ETag");
      body = std::move(answer);
      return {};
    }));
    return body;
  }

  Result<void> remove(const std::string& key) override { return fine_if_missing(calls_.tell(bare("DELETE", key))); }

  Result<void> remove_all(const std::vector<std::string>& keys) override {
    if (keys.empty()) return {};
    if (keys.size() > limits::kRemovedAtOnce) return fail(Code::kInvalid, "these are too many keys to remove at once");
    S3Request request = bare("POST", "", {{"delete", ""}});
    request.body.text = removals_document(prefix_, keys);
    request.headers = {{"Content-Type", "application/xml"},
                       {"x-amz-checksum-sha256", base64_encode(sha256(as_bytes(request.body.text)))}};
    if (std::string md5 = md5_base64(request.body.text); !md5.empty()) {
      request.headers.emplace_back("Content-MD5", std::move(md5));
    }
    std::string left;  // the code of what could not be removed
    return calls_.run(request, [&](std::unique_ptr<net::TransferAnswer>& answer) {
      left.clear();
      const auto outcome = read_document(calls_.host(), *answer, "DeleteResult", [&](const net::XmlElement& root) {
        left = code_of_leftover(root);
        return Result<void>();
      });
      return left.empty() ? outcome : failed(calls_.host(), answer->status(), left);
    });
  }

  Result<BlobPage> list(const std::string& after, std::size_t limit) override {
    std::string continuation;
    for (int pages = 0; pages < limits::kEmptyPages; ++pages) {
      TRY(ObjectListing listing, objects_behind(after, continuation, limit));
      if (!listing.is_empty || listing.page.is_last) return std::move(listing.page);
      continuation = std::move(listing.continuation);
    }
    return fail(Code::kCorrupt, fmt::format("the object store {} lists nothing, without an end", calls_.host()));
  }

  Result<std::string> signed_address(const std::string& key, const SignedTerms& terms) override {
    S3Request request = bare("GET", key);
    if (!terms.content_type.empty()) request.query.emplace_back("response-content-type", terms.content_type);
    if (!terms.content_disposition.empty()) {
      request.query.emplace_back("response-content-disposition", terms.content_disposition);
    }
    return calls_.presigned(request, terms.seconds);
  }

  Result<void> check() override {
    TRY_VOID(objects_behind("", "", 1));
    return {};
  }

 private:
  static S3Request bare(std::string method, std::string key, aws::QueryParameters query = {}) {
    return {.method = std::move(method),
            .key = std::move(key),
            .query = std::move(query),
            .headers = {},
            .body = {},
            .payload_sha256 = {}};
  }

  // A PUT of these bytes, with the digests that the server verifies.
  Result<S3Request> storing(const std::string& key, const Piece& piece) {
    TRY(const Digest digest, digest_of(piece));
    return S3Request{
        .method = "PUT",
        .key = key,
        .query = {},
        .headers = {{"x-amz-checksum-sha256", base64_encode(digest)}},
        .body = {.text = {}, .bytes = &piece.bytes, .offset = piece.offset, .length_bytes = piece.length_bytes},
        .payload_sha256 = hex_encode(digest)};
  }

  Result<void> store(const S3Request& request, StoredPart& stored) {
    const std::string& wanted = request.headers.front().second;  // its checksum
    return calls_.run(request, [&](std::unique_ptr<net::TransferAnswer>& answer) -> Outcome {
      if (Outcome outcome = read_nothing(calls_.host(), *answer); outcome.error) return outcome;
      stored = {header_of(*answer, "etag"), header_of(*answer, "x-amz-checksum-sha256")};
      if (stored.etag.empty()) return senseless(calls_.host(), "what was stored has no ETag");
      if (!stored.sha256.empty() && stored.sha256 != wanted) {
        return senseless(calls_.host(), "what was stored has another checksum");
      }
      return {};
    });
  }

  Result<ObjectListing> objects_behind(const std::string& after, const std::string& continuation, std::size_t limit) {
    S3Request request = bare("GET", "",
                             {{"list-type", "2"},
                              {"encoding-type", "url"},
                              {"max-keys", fmt::format("{}", std::clamp<std::size_t>(limit, 1, kMostListed))}});
    if (!prefix_.empty()) request.query.emplace_back("prefix", prefix_);
    if (!continuation.empty()) {
      request.query.emplace_back("continuation-token", continuation);
    } else if (!after.empty()) {
      request.query.emplace_back("start-after", prefix_ + after);
    }
    ObjectListing listing;
    TRY_VOID(calls_.ask(request, "ListBucketResult", [&](const net::XmlElement& root) -> Result<void> {
      TRY(listing, objects_of(root, prefix_, after, lists_all_));
      return {};
    }));
    return listing;
  }

  Result<UploadListing> uploads_behind(const UploadListing& last) {
    S3Request request = bare("GET", "", {{"uploads", ""}, {"encoding-type", "url"}});
    if (!prefix_.empty()) request.query.emplace_back("prefix", prefix_);
    if (!last.next_key.empty()) request.query.emplace_back("key-marker", last.next_key);
    if (!last.next_upload.empty()) request.query.emplace_back("upload-id-marker", last.next_upload);
    UploadListing page;
    TRY_VOID(calls_.ask(request, "ListMultipartUploadsResult", [&](const net::XmlElement& root) -> Result<void> {
      TRY(page, uploads_of(root, prefix_));
      const bool stands_still = page.next_key == last.next_key && page.next_upload == last.next_upload;
      if (!page.is_last && stands_still) return fail(Code::kCorrupt, "a listing goes on where it began");
      return {};
    }));
    return page;
  }

  // Of the first that is still there; empty: all are gone.
  static std::string code_of_leftover(const net::XmlElement& root) {
    for (const auto& entry : root.children) {
      if (entry.name != "Error") continue;
      std::string code = entry.text_of("Code");
      if (code == "NoSuchKey") continue;
      return code.empty() ? "InternalError" : code;
    }
    return "";
  }

  const std::string prefix_;
  const bool lists_all_;
  S3Calls calls_;
};

}  // namespace

Result<std::unique_ptr<BlobClient>> make_s3_client(const S3Options& options, S3Parts parts) {
  TRY(BucketAddress address, bucket_address(options));
  return std::make_unique<S3Client>(options, std::move(address), std::move(parts));
}

}  // namespace lakelift::storage
