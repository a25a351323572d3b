// What several files of this folder say in the same words.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace lakelift::files {

// Of what is not there, and of what the caller may not read: nobody can tell the two apart.
[[nodiscard]] inline std::unexpected<Error> no_such_file() {
  return fail(Code::kNotFound, "COULD_NOT_FIND_FILE", "there is no such file or folder, or it is not shared with you");
}
[[nodiscard]] inline std::unexpected<Error> may_only_read() {
  return fail(Code::kForbidden, "ACCESS_DENIED", "you may read this, but not change it: ask its owner for the right");
}
// Its own place is not theirs to change, though what is in it is.
[[nodiscard]] inline std::unexpected<Error> was_shared_itself() {
  return fail(
      Code::kForbidden, "ACCESS_DENIED",
      "you may change this, but not take it away from where it is: that needs the right to write in its folder");
}
[[nodiscard]] inline std::unexpected<Error> owner_only() {
  return fail(Code::kForbidden, "ACCESS_DENIED", "only the owner and administrators may do this");
}
[[nodiscard]] inline std::unexpected<Error> no_such_account() {
  return fail(Code::kNotFound, "COULD_NOT_FIND_ACCOUNT", "there is no such account");
}
[[nodiscard]] inline std::unexpected<Error> is_a_folder(const std::string& path) {
  return fail(Code::kConflict, "FILE_IS_A_FOLDER", "\"" + path + "\" is a folder: name a file");
}
[[nodiscard]] inline std::unexpected<Error> is_no_folder(const std::string& path) {
  return fail(Code::kConflict, "FILE_IS_NO_FOLDER", "\"" + path + "\" is a file, not a folder");
}
[[nodiscard]] inline std::unexpected<Error> exists_already() {
  return fail(Code::kConflict, "FILE_EXISTS_ALREADY",
              "something is there already: say overwrite, or name another place");
}
[[nodiscard]] inline std::unexpected<Error> precondition_failed(std::string text) {
  return fail(Code::kPrecondition, "PRECONDITION_FAILED", std::move(text));
}
[[nodiscard]] inline std::unexpected<Error> too_many_files(std::int64_t most) {
  return fail(Code::kTooLarge, "TOO_MANY_FILES",
              "one call changes at most " + std::to_string(most) + " files and folders: do it folder by folder");
}
[[nodiscard]] inline std::unexpected<Error> not_valid(std::string event, std::string_view field, std::string text) {
  std::string message = std::string(field) + ": " + text;
  return fail(Code::kInvalid, std::move(event), std::move(message), {{std::string(field), {std::move(text)}}});
}
// The root has no row, and so nothing hangs on it.
[[nodiscard]] inline std::unexpected<Error> not_the_root() {
  return not_valid("FILE_NAME_DID_NOT_VALIDATE", "path",
                   "The root itself can't be shared, moved, copied or deleted: name a file or folder in it.");
}

}  // namespace lakelift::files
