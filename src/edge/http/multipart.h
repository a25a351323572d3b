// multipart/form-data (RFC 7578), streamed: fields in memory, one file to where it shall go.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/http/body_sink.h"

namespace lakelift::http {

// The boundary of a Content-Type; nothing where it is no multipart/form-data or the boundary is not one (RFC 2046).
[[nodiscard]] std::optional<std::string> multipart_boundary(std::string_view content_type);

struct PartHead {
  std::string name;
  std::optional<std::string> file_name;
  std::string content_type;
};

// Takes a body apart as it comes. Its errors: kInvalid BODY_MULTIPART_DID_NOT_PARSE (a broken or unfinished body),
// kTooLarge above limits::kMultipart….
class MultipartReader final : public BodySink {
 public:
  // `on_file`: bytes of the part named `file_field`; exactly one such part is expected. Other parts are fields.
  MultipartReader(std::string boundary, std::string file_field,
                  std::function<Result<void>(std::span<const std::byte>)> on_file);
  ~MultipartReader() override;
  [[nodiscard]] Result<void> write(std::span<const std::byte> bytes) override;
  [[nodiscard]] Result<void> finish() override;

  // After finish().
  [[nodiscard]] const std::optional<PartHead>& file() const;  // nothing: no such part came
  [[nodiscard]] const std::map<std::string, std::string>& fields() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lakelift::http
