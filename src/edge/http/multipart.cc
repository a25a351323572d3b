#include "edge/http/multipart.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "edge/http/multipart_head.h"

namespace lakelift::http {
namespace {

constexpr std::size_t kPaddingBytes = 256;  // blanks behind a boundary

bool is_boundary_char(char c) {
  const bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_alnum || std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  const auto parsed = parse_header_value(content_type);
  if (!parsed || parsed->value != "multipart/form-data") return std::nullopt;
  const auto found = parsed->params.find("boundary");
  if (found == parsed->params.end()) return std::nullopt;
  const std::string& boundary = found->second;
  const bool is_one = !boundary.empty() && boundary.size() <= 70 && boundary.back() != ' ' &&
                      std::ranges::all_of(boundary, is_boundary_char);
  if (!is_one) return std::nullopt;
  return boundary;
}

class MultipartReader::Impl {
 public:
  Impl(std::string boundary, std::string file_field, std::function<Result<void>(std::span<const std::byte>)> on_file)
      : delimiter_("\r\n--" + std::move(boundary)), file_field_(std::move(file_field)), on_file_(std::move(on_file)) {}

  Result<void> write(std::string_view bytes) {
    while (!bytes.empty()) {
      switch (state_) {
        case State::kPreamble:
        case State::kContent:
          TRY_VOID(scan(bytes));
          break;
        case State::kBoundaryEnd:
          TRY_VOID(end_boundary(bytes));
          break;
        case State::kHead:
          TRY_VOID(read_head(bytes));
          break;
        case State::kEpilogue:
          return {};
      }
    }
    return {};
  }

  Result<void> finish() const {
    if (state_ != State::kEpilogue) return fail_multipart("the body ends before its last boundary");
    return {};
  }

  std::optional<PartHead> file_;
  std::map<std::string, std::string> fields_;

 private:
  enum class State {
    kPreamble,     // before the first boundary
    kBoundaryEnd,  // what follows a boundary: "--" or the end of its line
    kHead,
    kContent,
    kEpilogue,  // behind the last boundary
  };

  // Up to the next delimiter or, where there is none, all but what may be the beginning of one: of a delimiter, only
  // the first byte is a CR, so that beginning starts with the last CR.
  Result<void> scan(std::string_view& bytes) {
    if (held_ > 0) {
      const std::size_t more = std::min(delimiter_.size() - held_, bytes.size());
      if (bytes.starts_with(std::string_view(delimiter_).substr(held_, more))) {
        held_ += more;
        bytes.remove_prefix(more);
        if (held_ == delimiter_.size()) return end_part();
        return {};
      }
      TRY_VOID(take_content(std::string_view(delimiter_).substr(0, std::exchange(held_, 0))));
    }
    const void* found = memmem(bytes.data(), bytes.size(), delimiter_.data(), delimiter_.size());
    if (found != nullptr) {
      const auto length = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
      TRY_VOID(take_content(bytes.substr(0, length)));
      bytes.remove_prefix(length + delimiter_.size());
      return end_part();
    }
    held_ = beginning_at_end(bytes);
    TRY_VOID(take_content(bytes.substr(0, bytes.size() - held_)));
    bytes = {};
    return {};
  }

  [[nodiscard]] std::size_t beginning_at_end(std::string_view bytes) const {
    const std::size_t last = std::min(bytes.size(), delimiter_.size() - 1);
    const std::string_view end = bytes.substr(bytes.size() - last);
    const std::size_t cr = end.rfind('\r');
    if (cr == std::string_view::npos) return 0;
    const std::string_view tail = end.substr(cr);
    return std::string_view(delimiter_).starts_with(tail) ? tail.size() : 0;
  }

  Result<void> take_content(std::string_view bytes) {
    if (bytes.empty() || state_ == State::kPreamble) return {};
    if (is_file_) return on_file_(as_bytes(bytes));
    TRY_VOID(charge(bytes.size()));
    fields_[part_name_].append(bytes);
    return {};
  }

  // Fields stay in memory, so all of them together are limited.
  Result<void> charge(std::size_t bytes) {
    field_bytes_ += bytes;
    if (field_bytes_ <= limits::kMultipartFieldBytes) return {};
    return fail(Code::kTooLarge, "BODY_TOO_LARGE", "the fields of the form are too large");
  }

  Result<void> end_part() {
    held_ = 0;
    const bool is_field = state_ == State::kContent && !is_file_;
    state_ = State::kBoundaryEnd;
    line_.clear();
    if (is_field && !is_valid_utf8(fields_[part_name_])) {
      return fail_multipart("the field " + part_name_ + " is not UTF-8");
    }
    return {};
  }

  Result<void> end_boundary(std::string_view& bytes) {
    line_ += bytes.front();
    bytes.remove_prefix(1);
    if (line_ == "--") {
      state_ = State::kEpilogue;
      return {};
    }
    if (line_ == "-") return {};
    if (line_.ends_with("\r\n")) {
      state_ = State::kHead;
      line_ = "\r\n";  // so that an empty head ends like any other
      return {};
    }
    const bool is_blank = line_.find_first_not_of(" \t") == std::string::npos;
    const bool may_end = line_.ends_with('\r') && line_.find_first_not_of(" \t") == line_.size() - 1;
    if ((is_blank || may_end) && line_.size() <= kPaddingBytes) return {};
    return fail_multipart("a boundary is followed by something else than the end of its line");
  }

  Result<void> read_head(std::string_view& bytes) {
    const std::size_t had = line_.size();
    const std::size_t count = std::min(bytes.size(), limits::kMultipartHeaderBytes + 4 - had);
    line_.append(bytes.substr(0, count));
    const std::size_t end = line_.find("\r\n\r\n", had - std::min<std::size_t>(had, 3));
    if (end != std::string::npos) {
      bytes.remove_prefix(end + 4 - had);
      return begin_part(std::string_view(line_).substr(2, end));
    }
    bytes.remove_prefix(count);
    if (line_.size() < limits::kMultipartHeaderBytes + 4) return {};
    return fail(Code::kTooLarge, "BODY_TOO_LARGE", "the head of a part of the form is too large");
  }

  Result<void> begin_part(std::string_view block) {
    if (++parts_ > limits::kMultipartParts) {
      return fail(Code::kTooLarge, "BODY_TOO_LARGE", "the form has too many parts");
    }
    TRY(PartHead head, parse_part_head(block));
    state_ = State::kContent;
    is_file_ = head.name == file_field_;
    part_name_ = head.name;
    const bool is_twice = is_file_ ? file_.has_value() : fields_.contains(part_name_);
    if (is_twice) return fail_multipart("the form has " + part_name_ + " twice");
    if (is_file_) {
      file_ = std::move(head);
      return {};
    }
    fields_[part_name_];
    return charge(part_name_.size());
  }

  const std::string delimiter_;
  const std::string file_field_;
  const std::function<Result<void>(std::span<const std::byte>)> on_file_;

  State state_ = State::kPreamble;
  std::size_t held_ = 2;  // bytes of the delimiter that came last. The first one may begin the body, without its CRLF
  std::string line_;      // behind a boundary, or of a head
  std::size_t parts_ = 0;
  bool is_file_ = false;
  std::string part_name_;
  std::size_t field_bytes_ = 0;
};

MultipartReader::MultipartReader(std::string boundary, std::string file_field,
                                 std::function<Result<void>(std::span<const std::byte>)> on_file)
    : impl_(std::make_unique<Impl>(std::move(boundary), std::move(file_field), std::move(on_file))) {}
MultipartReader::~MultipartReader() = default;

Result<void> MultipartReader::write(std::span<const std::byte> bytes) {
  return impl_->write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}
Result<void> MultipartReader::finish() { return impl_->finish(); }
const std::optional<PartHead>& MultipartReader::file() const { return impl_->file_; }
const std::map<std::string, std::string>& MultipartReader::fields() const { return impl_->fields_; }

}  // namespace lakelift::http
