#include "backends/storage/azure/md5.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/encoding.h"

namespace lakelift::storage {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

std::unexpected<Error> no_md5() { return fail(Code::kInternal, "OpenSSL offers no MD5 here"); }

Result<Context> begin() {
  Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), EVP_md5(), nullptr) != 1) return no_md5();
  return context;
}

Result<std::string> finish(const Context& context) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_DigestFinal_ex(context.get(), digest, &length) != 1) return no_md5();
  return base64_encode(std::as_bytes(std::span(digest, length)));
}

}  // namespace

Result<std::string> content_md5(const Piece& piece) {
  TRY(const Context context, begin());
  std::vector<std::byte> buffer(std::min<std::uint64_t>(kBufferBytes, piece.length_bytes));
  for (std::uint64_t done = 0; done < piece.length_bytes;) {
    const std::span<std::byte> out(buffer.data(), std::min<std::uint64_t>(buffer.size(), piece.length_bytes - done));
    TRY(const std::size_t got, piece.bytes.read_at(piece.offset + done, out));
    if (got == 0) return fail(Code::kInternal, "what is to be stored is shorter than was said");
    if (EVP_DigestUpdate(context.get(), buffer.data(), got) != 1) return no_md5();
    done += got;
  }
  return finish(context);
}

Result<std::string> content_md5(std::string_view text) {
  TRY(const Context context, begin());
  if (EVP_DigestUpdate(context.get(), text.data(), text.size()) != 1) return no_md5();
  return finish(context);
}

}  // namespace lakelift::storage
