#include "backends/storage/azure/blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "backends/net/xml/xml.h"
#include "base/encoding.h"

namespace lakelift::storage {
namespace {

constexpr std::size_t kBegunChars = 16;
constexpr std::size_t kUploadChars = 48;
constexpr std::size_t kNumberChars = 6;  // makes 54 bytes with the upload: no padding in base64, and no more than 64

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

std::string new_upload(Micros now, Random& random) {
  std::array<std::byte, (kUploadChars - kBegunChars) / 2> bits;
  random.fill(bits);
  return fmt::format("{:016x}", static_cast<std::uint64_t>(now)) + hex_encode(bits);
}

std::optional<Micros> begun_of(std::string_view upload) {
  if (upload.size() != kUploadChars || !std::ranges::all_of(upload, is_hex)) return std::nullopt;
  std::uint64_t begun = 0;
  const std::string text(upload.substr(0, kBegunChars));
  std::from_chars(text.data(), text.data() + text.size(), begun, 16);
  return static_cast<Micros>(begun);
}

std::string block_id(std::string_view upload, int number) {
  return base64_encode(as_bytes(fmt::format("{}{:06d}", upload, number)));
}

std::optional<std::string> upload_of(std::string_view id) {
  auto plain = base64_decode(id);
  if (!plain || plain->size() != kUploadChars + kNumberChars) return std::nullopt;
  plain->resize(kUploadChars);
  return begun_of(*plain) ? plain : std::nullopt;
}

std::string block_list_document(const std::vector<std::string>& ids) {
  std::string out = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>";
  for (const std::string& id : ids) out += "<Uncommitted>" + net::xml_escape(id) + "</Uncommitted>";
  return out + "</BlockList>";
}

Result<std::vector<std::string>> parse_uncommitted_blocks(std::string_view document) {
  const auto root = net::parse_xml(document);
  const net::XmlElement* blocks = root && root->name == "BlockList" ? root->find("UncommittedBlocks") : nullptr;
  if (blocks == nullptr) return fail(Code::kCorrupt, "the object store's list of blocks makes no sense or is cut off");
  std::vector<std::string> ids;
  ids.reserve(blocks->children.size());
  for (const net::XmlElement& block : blocks->children) ids.push_back(block.text_of("Name"));
  return ids;
}

}  // namespace lakelift::storage
