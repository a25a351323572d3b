#include "backends/storage/s3/s3_bodies.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "backends/net/xml/xml.h"

namespace lakelift::storage {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::string_view kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";

}  // namespace

Result<Digest> digest_of(const Piece& piece) {
  Sha256 hash;
  std::vector<std::byte> buffer(std::min<std::uint64_t>(kReadBytes, piece.length_bytes));
  for (std::uint64_t done = 0; done < piece.length_bytes;) {
    const auto wanted = std::min<std::uint64_t>(buffer.size(), piece.length_bytes - done);
    TRY(const std::size_t got, piece.bytes.read_at(piece.offset + done, std::span(buffer).first(wanted)));
    if (got == 0) return fail(Code::kInternal, "what is to be stored is shorter than it was");
    hash.update(std::span(buffer).first(got));
    done += got;
  }
  return hash.finish();
}

std::string md5_base64(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr) != 1) return "";
  return base64_encode(std::as_bytes(std::span(digest).first(size)));
}

// A line each: neither an ETag, which came in a header, nor base64 has a line's end.
std::string StoredPart::text() const { return etag + "\n" + sha256; }

StoredPart StoredPart::of(const std::string& text) {
  const auto end = text.find('\n');
  return {text.substr(0, end), end == std::string::npos ? "" : text.substr(end + 1)};
}

std::string parts_document(const std::vector<std::string>& parts) {
  std::string out = fmt::format("<CompleteMultipartUpload xmlns=\"{}\">", kNamespace);
  int number = 0;
  for (const auto& text : parts) {
    const StoredPart part = StoredPart::of(text);
    out += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag>", ++number, net::xml_escape(part.etag));
    if (!part.sha256.empty()) out += fmt::format("<ChecksumSHA256>{}</ChecksumSHA256>", net::xml_escape(part.sha256));
    out += "</Part>";
  }
  return out + "</CompleteMultipartUpload>";
}

std::string removals_document(const std::string& prefix, const std::vector<std::string>& keys) {
  std::string out = fmt::format("<Delete xmlns=\"{}\">", kNamespace);
  for (const auto& key : keys) out += fmt::format("<Object><Key>{}</Key></Object>", net::xml_escape(prefix + key));
  return out + "<Quiet>true</Quiet></Delete>";
}

}  // namespace lakelift::storage
