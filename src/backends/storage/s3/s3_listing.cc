#include "backends/storage/s3/s3_listing.h"

#include <optional>

#include "backends/net/aws/timestamps.h"
#include "backends/storage/s3/s3_answers.h"
#include "base/encoding.h"

namespace lakelift::storage {
namespace {

// Names are asked for as they stand in addresses, because XML cannot carry all that S3 allows in them. A plus stays
// one: some write a blank as such, but none of our names has either.
Result<std::string> name_of(const net::XmlElement& root, const std::string& text) {
  if (root.text_of("EncodingType") != "url") return text;
  auto decoded = percent_decode(text);
  if (!decoded) return fail(Code::kCorrupt, "a name in it is not encoded as it says");
  return *std::move(decoded);
}

Result<bool> is_truncated(const net::XmlElement& root) {
  const std::string text = root.text_of("IsTruncated");
  if (text == "true") return true;
  if (text == "false") return false;
  return fail(Code::kCorrupt, "a listing does not say whether it is whole");
}

// Without the prefix.
Result<std::string> own_name_of(const net::XmlElement& root, const net::XmlElement& entry, const std::string& prefix) {
  TRY(std::string name, name_of(root, entry.text_of("Key")));
  if (name.empty() || !name.starts_with(prefix))
    return fail(Code::kCorrupt, "a listing has a name that was not asked for");
  return name.substr(prefix.size());
}

Result<ListedBlob> blob_of(std::string key, const net::XmlElement& entry) {
  const auto size = number_of(entry.text_of("Size"));
  const auto modified = aws::parse_utc(entry.text_of("LastModified"));
  if (!size || !modified) return fail(Code::kCorrupt, "a listing does not say how large an object is, and of when");
  return ListedBlob{std::move(key), *size, *modified};
}

}  // namespace

Result<ObjectListing> objects_of(const net::XmlElement& root, const std::string& prefix, const std::string& after,
                                 bool lists_all) {
  ObjectListing out;
  TRY(const bool has_more, is_truncated(root));
  out.page.is_last = !has_more;
  out.page.last_key = after;
  for (const auto& entry : root.children) {
    if (entry.name != "Contents") continue;
    TRY(std::string name, own_name_of(root, entry, prefix));
    const bool is_first_of_all = out.is_empty && after.empty();  // a name may be the prefix itself
    if (!is_first_of_all && name <= out.page.last_key) return fail(Code::kCorrupt, "a listing is not in order of name");
    out.is_empty = false;
    out.page.last_key = name;
    if (!lists_all && !is_key(name)) continue;
    TRY(ListedBlob blob, blob_of(std::move(name), entry));
    out.page.blobs.push_back(std::move(blob));
  }
  if (!has_more || !out.is_empty) return out;
  out.continuation = root.text_of("NextContinuationToken");
  if (out.continuation.empty()) return fail(Code::kCorrupt, "a listing goes on nowhere");
  return out;
}

Result<UploadListing> uploads_of(const net::XmlElement& root, const std::string& prefix) {
  UploadListing out;
  TRY(const bool has_more, is_truncated(root));
  out.is_last = !has_more;
  for (const auto& entry : root.children) {
    if (entry.name != "Upload") continue;
    TRY(std::string name, own_name_of(root, entry, prefix));
    if (!is_key(name)) continue;
    const auto begun = aws::parse_utc(entry.text_of("Initiated"));
    std::string upload = entry.text_of("UploadId");
    if (!begun || upload.empty()) return fail(Code::kCorrupt, "a listing does not say which upload it is, and of when");
    out.uploads.push_back({std::move(name), std::move(upload), *begun});
  }
  if (out.is_last) return out;
  TRY(out.next_key, name_of(root, root.text_of("NextKeyMarker")));
  out.next_upload = root.text_of("NextUploadIdMarker");
  if (out.next_key.empty()) return fail(Code::kCorrupt, "a listing goes on nowhere");
  return out;
}

}  // namespace lakelift::storage
