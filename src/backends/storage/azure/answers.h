// What answers of Azure Blob Storage mean. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/net/transport.h"
#include "backends/storage/cloud/retry.h"
#include "base/clock.h"
#include "base/result.h"

namespace lakelift::storage {

struct AzureAnswer {
  int status = 0;
  std::string code;  // of the error, as the vendor names it; empty: none was told
  std::string body;  // empty where it is a stream that the caller reads
  std::unique_ptr<net::TransferAnswer> head;

  [[nodiscard]] bool is(int wanted) const { return status == wanted && code.empty(); }
  // The same, with nothing said besides.
  [[nodiscard]] bool is_bare(int wanted) const;
  // What was to be made is there already.
  [[nodiscard]] bool is_conflict() const;
  [[nodiscard]] bool is_blob_missing() const;
  [[nodiscard]] std::string header(std::string_view lower_case_name) const;
};

// The code of an error: the header's, else that of a document <Error><Code>; empty where there is none. A status of
// success does not keep a body from being an error.
[[nodiscard]] std::string azure_error_code(const net::TransferAnswer& head, std::string_view body);
// Whether the same call may go well next time.
[[nodiscard]] Attempt azure_attempt(int status, std::string_view code);
// What to tell of an answer that is not what was asked for; BlobClient says which codes there are.
[[nodiscard]] std::unexpected<Error> azure_refusal(const AzureAnswer& answer, std::string_view host,
                                                   std::string_view container);

struct AzureListing {
  struct Blob {
    std::string name;  // without the prefix
    std::uint64_t size_bytes = 0;
    Micros modified = 0;
    bool is_committed = true;
  };
  std::vector<Blob> blobs;
  std::string marker;  // of what follows; empty: nothing does
};

// Errors: kCorrupt: it is no listing, is cut off, or has names without the prefix.
[[nodiscard]] Result<AzureListing> parse_azure_listing(std::string_view document, std::string_view prefix);

// "Sun, 22 Nov 2026 17:35:15 GMT".
[[nodiscard]] std::optional<Micros> parse_http_date(std::string_view text);
// Whether this Content-Range is exactly that of the bytes asked for.
[[nodiscard]] bool is_content_range(std::string_view header, std::uint64_t offset, std::uint64_t length_bytes);

}  // namespace lakelift::storage
