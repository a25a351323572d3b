#include "edge/http/routes/assets.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>

#include "base/encoding.h"
#include "edge/http/routes/lakey.h"

namespace lakelift::http {
namespace {

class EmbeddedBytes final : public RandomAccess {
 public:
  explicit EmbeddedBytes(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return bytes_.size(); }
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset >= bytes_.size()) return 0;
    const std::size_t count = std::min<std::size_t>(out.size(), bytes_.size() - offset);
    std::memcpy(out.data(), bytes_.data() + offset, count);
    return count;
  }

 private:
  std::string_view bytes_;
};

// Hashed when first asked for: until then the bytes need no memory.
struct Ready {
  std::once_flag once;
  std::string sha256;
};

}  // namespace

Route asset_route(const Asset& asset, std::string_view policy) {
  auto ready = std::make_shared<Ready>();
  return lakey::route(
      Method::kGet, asset.path, Access::kPublic, asset.summary,
      [ready, content_type = asset.content_type, bytes = asset.bytes, policy = std::string(policy)](RequestContext&) {
        std::call_once(ready->once, [&] { ready->sha256 = sha256_hex(bytes()); });
        Response response = Response::content({.bytes = std::make_shared<EmbeddedBytes>(bytes()),
                                               .content_type = content_type,
                                               .sha256 = ready->sha256,
                                               .file_name = {}});
        response.headers.emplace_back("Cache-Control", "no-cache");
        response.headers.emplace_back("Content-Security-Policy", policy);
        return response;
      });
}

}  // namespace lakelift::http
