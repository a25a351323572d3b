#include "backends/storage/azure/azure_client.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "backends/storage/azure/account.h"
#include "backends/storage/azure/blocks.h"
#include "backends/storage/azure/calls.h"
#include "backends/storage/azure/md5.h"
#include "backends/storage/azure/signing.h"

namespace lakelift::storage {
namespace {

constexpr std::uint64_t kMostBlockBytes = std::uint64_t{4'000} << 20;
constexpr std::size_t kMostListed = 2'000;                  // of a call: what Azure tells of so many fits kXmlBytes
constexpr std::string_view kAborted = "x-ms-meta-aborted";  // the upload whose blocks an empty blob was made to drop
constexpr std::string_view kBytes = "application/octet-stream";

class AzureClient final : public BlobClient {
 public:
  AzureClient(AzureAccount account, const AzureParts& parts)
      : calls_(std::move(account), parts), random_(parts.random), clock_(parts.clock) {}

  [[nodiscard]] PartLimits part_limits() const override {
    return {limits::kWholeObjectBytes, limits::kPartBytes, kMostBlockBytes, kMostBlocks};
  }
  Result<void> put(const std::string& key, const Piece& whole) override;
  Result<std::string> begin_parts(const std::string&) override { return new_upload(clock_.now(), random_); }
  Result<std::string> put_part(const std::string& key, const std::string& upload, int number,
                               const Piece& part) override;
  Result<void> finish_parts(const std::string& key, const std::string& upload,
                            const std::vector<std::string>& parts) override;
  Result<void> abort_parts(const std::string& key, const std::string& upload) override;
  Result<std::vector<Unfinished>> unfinished() override;
  Result<BlobInfo> look(const std::string& key) override;
  Result<std::unique_ptr<net::TransferAnswer>> get(const std::string& key, const std::string& etag,
                                                   std::uint64_t offset, std::uint64_t length_bytes) override;
  Result<void> remove(const std::string& key) override { return remove_version(key, {}); }
  Result<void> remove_all(const std::vector<std::string>& keys) override;
  Result<BlobPage> list(const std::string& after, std::size_t limit) override;
  Result<std::string> signed_address(const std::string& key, const SignedTerms& terms) override;
  Result<void> check() override;

 private:
  [[nodiscard]] std::string path(const std::string& key) const { return calls_.account().blob_path(key); }
  [[nodiscard]] Result<AzureAnswer> commit(const std::string& key, const std::vector<std::string>& ids,
                                           net::Headers headers);
  // The uploads whose blocks are there, uncommitted; "": somebody else's.
  [[nodiscard]] Result<std::set<std::string>> uploads(const std::string& key);
  // An empty blob that was made to drop the upload's blocks: its ETag; "": there is none.
  [[nodiscard]] Result<std::string> make_empty(const std::string& key, const std::string& upload);
  // Of a read that was refused for the ETag's sake: what is not there has none either.
  [[nodiscard]] std::unexpected<Error> why_not_the_same(const std::string& key);
  // The blob, or only if its ETag is this one. Fine when it is not.
  [[nodiscard]] Result<void> remove_version(const std::string& key, const std::string& etag);
  [[nodiscard]] Result<AzureListing> list_once(const net::Headers& parameters, std::size_t limit);

  AzureCalls calls_;
  Random& random_;
  const Clock& clock_;
};

net::TransferBody body_of(const Piece& piece) {
  return {.text = "", .bytes = &piece.bytes, .offset = piece.offset, .length_bytes = piece.length_bytes};
}

std::unexpected<Error> replaced() { return fail(Code::kPrecondition, "the object was replaced meanwhile"); }

std::unexpected<Error> taken() { return fail(Code::kConflict, "the object store has an object of that key"); }

Result<void> AzureClient::put(const std::string& key, const Piece& whole) {
  TRY(const std::string md5, content_md5(whole));
  TRY(const AzureAnswer answer, calls_.send({.method = "PUT",
                                             .path = path(key),
                                             .headers = {{"Content-Type", std::string(kBytes)},
                                                         {"Content-MD5", md5},
                                                         {"If-None-Match", "*"},
                                                         {"x-ms-blob-type", "BlockBlob"}},
                                             .body = body_of(whole)}));
  if (answer.is_conflict()) return taken();
  if (!answer.is_bare(201)) return calls_.refusal(answer);
  const std::string stored = answer.header("content-md5");
  if (!stored.empty() && stored != md5) return fail(Code::kCorrupt, "the object store took other bytes than were sent");
  return {};
}

Result<std::string> AzureClient::put_part(const std::string& key, const std::string& upload, int number,
                                          const Piece& part) {
  if (!begun_of(upload) || number < 1 || number > kMostBlocks || part.length_bytes > kMostBlockBytes) {
    return fail(Code::kInternal, "that is no part of an upload");
  }
  TRY(const std::string md5, content_md5(part));
  std::string id = block_id(upload, number);
  TRY(const AzureAnswer answer, calls_.send({.method = "PUT",
                                             .path = path(key),
                                             .query = {{"comp", "block"}, {"blockid", id}},
                                             .headers = {{"Content-Type", std::string(kBytes)}, {"Content-MD5", md5}},
                                             .body = body_of(part)}));
  if (!answer.is_bare(201)) return calls_.refusal(answer);
  return id;
}

Result<AzureAnswer> AzureClient::commit(const std::string& key, const std::vector<std::string>& ids,
                                        net::Headers headers) {
  std::string document = block_list_document(ids);
  TRY(std::string md5, content_md5(document));
  headers.emplace_back("Content-Type", "application/xml");
  headers.emplace_back("Content-MD5", std::move(md5));
  headers.emplace_back("If-None-Match", "*");
  return calls_.send({.method = "PUT",
                      .path = path(key),
                      .query = {{"comp", "blocklist"}},
                      .headers = std::move(headers),
                      .body = {.text = std::move(document)}});
}

Result<void> AzureClient::finish_parts(const std::string& key, const std::string& upload,
                                       const std::vector<std::string>& parts) {
  const auto is_ours = [&](const std::string& id) { return upload_of(id) == upload; };
  if (!std::ranges::all_of(parts, is_ours)) return fail(Code::kInternal, "a part belongs to another upload");
  TRY(const AzureAnswer answer, commit(key, parts, {{"x-ms-blob-content-type", std::string(kBytes)}}));
  if (answer.is_bare(201)) return {};
  if (answer.is_conflict()) return taken();
  if (answer.code == "InvalidBlockList") {
    return fail(Code::kNotFound, "the object store has no such upload, or not all of its parts");
  }
  return calls_.refusal(answer);
}

Result<std::set<std::string>> AzureClient::uploads(const std::string& key) {
  TRY(const AzureAnswer answer,
      calls_.send(
          {.method = "GET", .path = path(key), .query = {{"comp", "blocklist"}, {"blocklisttype", "uncommitted"}}}));
  if (answer.is_blob_missing()) return std::set<std::string>{};
  if (!answer.is(200)) return calls_.refusal(answer);
  TRY(const std::vector<std::string> ids, parse_uncommitted_blocks(answer.body));
  std::set<std::string> found;
  for (const std::string& id : ids) found.insert(upload_of(id).value_or(""));
  return found;
}

Result<std::string> AzureClient::make_empty(const std::string& key, const std::string& upload) {
  TRY(const AzureAnswer made, commit(key, {}, {{std::string(kAborted), upload}}));
  if (made.is_bare(201)) return made.header("etag");
  if (!made.is_conflict()) return calls_.refusal(made);
  // What is there may have been made by an attempt whose answer was lost.
  TRY(const AzureAnswer there, calls_.send({.method = "HEAD", .path = path(key)}));
  if (there.is_blob_missing()) return "";
  if (!there.is(200)) return calls_.refusal(there);
  return there.header(kAborted) == upload ? there.header("etag") : "";
}

// Committing nothing drops all blocks of the name that are not committed, so it is done only where all are this
// upload's. What it makes is an empty blob, removed at once.
Result<void> AzureClient::abort_parts(const std::string& key, const std::string& upload) {
  TRY(const auto found, uploads(key));
  if (found != std::set<std::string>{upload}) return {};
  TRY(const std::string etag, make_empty(key, upload));
  return etag.empty() ? Result<void>{} : remove_version(key, etag);
}

Result<std::vector<Unfinished>> AzureClient::unfinished() {
  std::vector<Unfinished> found;
  std::string marker;
  do {
    TRY(AzureListing listing, list_once({{"include", "uncommittedblobs"}, {"marker", marker}}, kMostListed));
    for (const auto& blob : listing.blobs) {
      if (blob.is_committed || !is_key(blob.name)) continue;
      TRY(const auto there, uploads(blob.name));
      for (const std::string& upload : there) {
        if (const auto begun = begun_of(upload)) found.push_back({blob.name, upload, *begun});
      }
    }
    marker = std::move(listing.marker);
  } while (!marker.empty());
  return found;
}

Result<BlobInfo> AzureClient::look(const std::string& key) {
  TRY(const AzureAnswer answer, calls_.send({.method = "HEAD", .path = path(key)}));
  if (!answer.is(200)) return calls_.refusal(answer);
  BlobInfo info{0, answer.header("etag")};
  const std::string length = answer.header("content-length");
  const auto [end, problem] = std::from_chars(length.data(), length.data() + length.size(), info.size_bytes);
  if (info.etag.empty() || length.empty() || problem != std::errc() || end != length.data() + length.size()) {
    return calls_.refusal(answer);
  }
  return info;
}

std::unexpected<Error> AzureClient::why_not_the_same(const std::string& key) {
  const auto there = look(key);
  return there ? replaced() : std::unexpected(there.error());
}

Result<std::unique_ptr<net::TransferAnswer>> AzureClient::get(const std::string& key, const std::string& etag,
                                                              std::uint64_t offset, std::uint64_t length_bytes) {
  if (length_bytes == 0) return fail(Code::kInternal, "no bytes were asked for");
  const std::string range = "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + length_bytes - 1);
  TRY(AzureAnswer answer,
      calls_.send(
          {.method = "GET", .path = path(key), .headers = {{"Range", range}, {"If-Match", etag}}, .streams_at = 206}));
  if (answer.status == 412) return why_not_the_same(key);
  if (answer.is(206) && answer.header("etag") != etag) return replaced();
  if (!answer.is(206)) return calls_.refusal(answer);
  if (!is_content_range(answer.header("content-range"), offset, length_bytes)) {
    return fail(Code::kCorrupt, "the object store sent another range than was asked for");
  }
  return std::move(answer.head);
}

Result<void> AzureClient::remove_version(const std::string& key, const std::string& etag) {
  net::Headers headers{{"x-ms-delete-snapshots", "include"}};
  if (!etag.empty()) headers.emplace_back("If-Match", etag);
  TRY(const AzureAnswer answer, calls_.send({.method = "DELETE", .path = path(key), .headers = std::move(headers)}));
  const bool is_other = !etag.empty() && answer.status == 412;
  if (answer.is_bare(202) || answer.is_blob_missing() || is_other) return {};
  return calls_.refusal(answer);
}

Result<void> AzureClient::remove_all(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) TRY_VOID(remove(key));
  return {};
}

Result<AzureListing> AzureClient::list_once(const net::Headers& parameters, std::size_t limit) {
  const AzureAccount& account = calls_.account();
  AzureRequest request{.method = "GET", .path = account.container_path()};
  request.query = {{"restype", "container"},
                   {"comp", "list"},
                   {"prefix", account.prefix},
                   {"maxresults", std::to_string(std::min(limit, kMostListed))}};
  for (const auto& parameter : parameters) request.query.push_back(parameter);
  std::erase_if(request.query, [](const auto& parameter) { return parameter.second.empty(); });
  TRY(const AzureAnswer answer, calls_.send(request));
  if (!answer.is(200)) return calls_.refusal(answer);
  TRY(AzureListing listing, parse_azure_listing(answer.body, account.prefix));
  const auto marker = std::ranges::find(parameters, "marker", &net::Headers::value_type::first);
  if (marker != parameters.end() && !listing.marker.empty() && marker->second == listing.marker) {
    return fail(Code::kCorrupt, "the object store's listing does not go on");
  }
  return listing;
}

// What lies behind `after`; no `last_key` where nothing of the listing does.
Result<BlobPage> page_of(const AzureListing& listing, const std::string& after, std::size_t limit, bool lists_all) {
  BlobPage page{{}, listing.marker.empty(), ""};
  std::size_t looked_at = 0;
  for (const auto& blob : listing.blobs) {
    if (blob.name <= after || !blob.is_committed) continue;
    if (looked_at++ == limit) {
      page.is_last = false;
      break;
    }
    page.last_key = blob.name;
    if (!lists_all && !is_key(blob.name)) continue;
    if (!page.blobs.empty() && blob.name <= page.blobs.back().key) {
      return fail(Code::kCorrupt, "the object store's listing is not in order");
    }
    page.blobs.push_back({blob.name, blob.size_bytes, blob.modified});
  }
  return page;
}

// `startFrom` has the service begin at `after`; where it is not heeded, markers lead there.
Result<BlobPage> AzureClient::list(const std::string& after, std::size_t limit) {
  const std::string from = after.empty() ? "" : calls_.account().prefix + after;
  std::string marker;
  for (;;) {
    TRY(AzureListing listing, list_once({{"startFrom", from}, {"marker", marker}}, limit + 1));
    TRY(BlobPage page, page_of(listing, after, limit, calls_.account().lists_all));
    if (page.is_last || !page.last_key.empty()) return page;
    marker = std::move(listing.marker);
  }
}

Result<std::string> AzureClient::signed_address(const std::string& key, const SignedTerms& terms) {
  const AzureAccount& account = calls_.account();
  const BlobSas sas{.container = account.container,
                    .blob = account.prefix + key,
                    .expires = calls_.now() + terms.seconds * kMicrosPerSecond,
                    .https_only = account.is_https,
                    .content_type = terms.content_type,
                    .content_disposition = terms.content_disposition};
  return account.origin + path(key) + "?" + sas_query(sas, account.name, account.key);
}

Result<void> AzureClient::check() {
  TRY_VOID(list_once({}, 1));
  return {};
}

}  // namespace

Result<std::unique_ptr<BlobClient>> make_azure_client(const AzureOptions& options, const AzureParts& parts) {
  TRY(AzureAccount account, check_azure_options(options));
  return std::make_unique<AzureClient>(std::move(account), parts);
}

}  // namespace lakelift::storage
