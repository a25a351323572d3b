// How a JSON document that breaks the contract's rules is answered: every fault with its place, up to a limit.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace lakelift::table {

inline constexpr std::size_t kReportedFaults = 20;
inline constexpr std::size_t kReportedNames = 10;

// "This field is required."
inline constexpr std::string_view kRequiredText = "This field is required.";

// Collects "JSON did not validate. PATH: '0.type' REASON: …" texts for one field of a body. Not threadsafe.
class Faults {
 public:
  // `path`: keys and indexes with dots between them; empty for the whole document.
  void add(std::string_view path, std::string_view reason);
  [[nodiscard]] bool none() const { return texts_.empty(); }
  // Enough was found to say so: callers may stop looking.
  [[nodiscard]] bool full() const { return texts_.size() >= kReportedFaults; }
  // kInvalid BODY_DID_NOT_VALIDATE with these texts under `field`.
  [[nodiscard]] Error as_error(std::string_view field) const;

 private:
  std::vector<std::string> texts_;
};

// Reports keys that are missing (of `required`) or not known (neither there nor in `optional`). True when all is well.
bool check_keys(const json::object& object, std::initializer_list<std::string_view> required,
                std::initializer_list<std::string_view> optional, const std::string& path, Faults& faults);

// "Unknown column 'dep_dely'. Did you mean 'dep_delay'? Known: a, b, … and 7 more." Time is linear in the known names.
[[nodiscard]] std::string unknown_name_text(std::string_view what, std::string_view name,
                                            const std::vector<std::string_view>& known);

// At most 80 bytes of it, cut at a character and then with "…": what strangers send does not fill our messages.
[[nodiscard]] std::string shortened(std::string_view text);

// "spec", "0" → "spec.0"; an empty prefix adds no dot.
[[nodiscard]] std::string join_path(std::string_view prefix, std::string_view key);
[[nodiscard]] std::string join_path(std::string_view prefix, std::size_t index);

}  // namespace lakelift::table
