// Names of files and folders (threats F1; docs/files.md, Names).
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lakelift::files {

// A path that is known to be good, in normal form C: parts joined by '/', no slash at an end; "" is the owner's root.
class FilePath {
 public:
  FilePath() = default;
  // `text`: decoded, without a leading slash; one slash at the end is taken off. Error: kInvalid
  // FILE_NAME_DID_NOT_VALIDATE, field "path", with what is wrong and where.
  [[nodiscard]] static Result<FilePath> parse(std::string_view text);
  // LiftBit's narrower set: letters, digits, space, '.', '_', '-' and '/' between parts.
  [[nodiscard]] static Result<FilePath> parse_liftbit(std::string_view text);

  // What text() of a path said before, out of a row of ours: not checked again.
  [[nodiscard]] static FilePath stored(std::string text) { return FilePath(std::move(text)); }

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool is_root() const { return text_.empty(); }
  [[nodiscard]] std::string_view name() const;  // the last part
  [[nodiscard]] FilePath parent() const;        // of the root: the root
  // The folders above, the root's child first; without this path itself.
  [[nodiscard]] std::vector<FilePath> ancestors() const;
  // Whether it is this path or lies beneath it.
  [[nodiscard]] bool covers(const FilePath& other) const;
  // This path's place when `from`, which covers it, becomes `to`. Error: kInvalid where it gets too long.
  [[nodiscard]] Result<FilePath> moved(const FilePath& from, const FilePath& to) const;
  auto operator<=>(const FilePath&) const = default;

 private:
  explicit FilePath(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// "text/csv", by the ending; "application/octet-stream" for one that is not known.
[[nodiscard]] std::string_view media_type_of_name(std::string_view name);

}  // namespace lakelift::files
