// `lakelift receipt verify`: whether a receipt is a server's, and whether a file is what it speaks of.
#include <fcntl.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <memory>
#include <span>
#include <vector>

#include "base/ed25519.h"
#include "base/encoding.h"
#include "base/fd.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/commands.h"
#include "edge/cli/items.h"

namespace lakelift::cli {
namespace {

struct Options {
  std::string file;
  std::string data;
  std::string key;
};

struct ReceiptFile {
  json::object receipt;
  std::string key_id;
  std::string signature;  // raw
};

std::unexpected<Error> no_receipt(const std::string& file) {
  return fail(Code::kCorrupt, "RECEIPT_NOT_VALID",
              file + " is no receipt: `lakelift slice receipt ID -o FILE` makes one");
}

Result<ReceiptFile> read(const std::string& file) {
  TRY(const std::string text, read_file(file, limits::kReceiptBytes));
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return no_receipt(file);
  const json::value* receipt = find(parsed->get_object(), "receipt");
  const json::value* signature = find(parsed->get_object(), "signature");
  if (receipt == nullptr || !receipt->is_object() || signature == nullptr || !signature->is_object()) {
    return no_receipt(file);
  }
  const auto raw = base64_decode(find_string(signature->get_object(), "value").value_or(""));
  if (find_string(signature->get_object(), "algorithm") != "Ed25519" || !raw) return no_receipt(file);
  return ReceiptFile{receipt->get_object(), find_string(signature->get_object(), "key_id").value_or(""), *raw};
}

// Raw: the one that was given, else the server's of that id.
Result<std::string> key_of(Session& session, const Options& options, const std::string& key_id) {
  if (!options.key.empty()) {
    const auto raw = base64_decode(options.key);
    if (!raw || raw->size() != kEd25519PublicKeyBytes) {
      return fail(Code::kInvalid, "", "--key must be the public_key of GET /receipts/key: base64 of 32 bytes");
    }
    return *raw;
  }
  TRY(Api * api, session.api());
  TRY(const json::object answer, api->get("/receipts/key"));
  TRY(const json::array keys, array_of(answer, "keys"));
  for (const auto& key : keys) {
    if (!key.is_object() || find_string(key.get_object(), "id") != key_id) continue;
    if (auto raw = base64_decode(find_string(key.get_object(), "public_key").value_or(""))) return *std::move(raw);
  }
  return fail(Code::kNotFound, "COULD_NOT_FIND_RECEIPT_KEY",
              "the server has no key " + key_id + ": the receipt is another server's, or the key was retired");
}

Result<std::string> sha256_of_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno("opening " + path, errno);
  TRY(const std::uint64_t size, file_size(fd.get()));
  Sha256 hash;
  std::vector<std::byte> buffer(limits::kReceiptReadBytes);
  std::size_t got = 0;
  for (std::uint64_t at = 0; at < size; at += got) {
    TRY(got, read_at(fd.get(), at, buffer));
    if (got == 0) break;
    hash.update(std::span(buffer).first(got));
  }
  return hex_encode(hash.finish());
}

// The format in which the receipt knows the file; an error where in none.
Result<std::string> check_data(const json::object& receipt, const std::string& path) {
  TRY(const std::string sha256, sha256_of_file(path));
  TRY(const json::array formats, array_of(receipt, "formats"));
  for (const auto& format : formats) {
    if (format.is_object() && find_string(format.get_object(), "sha256") == sha256) {
      return find_string(format.get_object(), "format").value_or("");
    }
  }
  return fail(Code::kCorrupt, "DATA_NOT_OF_RECEIPT",
              fmt::format("{} is not what the receipt speaks of: its SHA-256 is {}", path, sha256));
}

const View& verified_view() {
  static const View view{
      {{"verified"}, {"request_id"}, {"rows", FieldKind::kCount}, {"data"}, {"key_id"}, {"citation"}},
      [](const json::object& record) { return record; },
      "request_id"};
  return view;
}

Result<void> verify(Session& session, const Options& options) {
  TRY(const ReceiptFile file, read(options.file));
  TRY(const std::string key, key_of(session, options, file.key_id));
  if (!ed25519_verify(key, to_canonical_text(file.receipt), file.signature)) {
    return fail(Code::kCorrupt, "RECEIPT_NOT_VALID",
                options.file + " is not as it was signed, or was signed with another key: don't trust it");
  }
  json::object record{{"verified", true}, {"key_id", file.key_id}, {"data", nullptr}};
  for (const char* name : {"request_id", "rows", "citation"}) {
    if (const json::value* value = find(file.receipt, name)) record[name] = *value;
  }
  if (!options.data.empty()) {
    TRY(const std::string format, check_data(file.receipt, options.data));
    record["data"] = format;
  }
  return session.output().one(record, verified_view());
}

}  // namespace

void add_receipt_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group(
      "receipt", "Receipts of slices: whether they hold",
      {"lakelift receipt verify late.receipt.json --slice late.parquet", "lakelift receipt verify late.receipt.json"});
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      tree.add(*group, "verify", "Whether a receipt is as it was signed, and a file what it speaks of",
               {"lakelift receipt verify late.receipt.json --slice late.parquet",
                "lakelift receipt verify late.receipt.json --key 3UAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="},
               [options](Session& session) { return verify(session, *options); });
  command->add_option("FILE", options->file, "Of `lakelift slice receipt`")->required();
  command->add_option("--slice", options->data, "The slice, in any format that the receipt lists");
  command->add_option("--key", options->key,
                      "The server's public key (GET /receipts/key), so that no server is asked; else it is");
}

}  // namespace lakelift::cli
