// The contract's search language over names.
//
//   weather                one word: names that contain it, whatever the case
//   weather flights        OR: names with either word
//   weather &2013          AND
//   weather ~hourly        AND NOT
//
// Words are separated by spaces and folded from left to right without precedence: `a |b &c` is (a OR b) AND c. A sign
// may be followed by spaces; a sign without a word is left out, as while somebody still types. The first word stands
// for itself: `&a` is a, `~a` everything but a. Everything after a sign and up to the next space is the word: `a&b` is
// one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lakelift::catalogue {

class NameSearch {
 public:
  // Linear in the query. Error: kInvalid QUERY_DID_NOT_VALIDATE with the field "query": longer than
  // limits::kSearchQueryBytes, not UTF-8.
  [[nodiscard]] static Result<NameSearch> parse(std::string_view query);
  // An empty query matches every name. Case is folded as Unicode says.
  [[nodiscard]] bool matches(std::string_view name) const;

  // How a word joins what those before it gave.
  enum class Fold { kOr, kAnd, kAndNot };
  struct Term {
    Fold fold = Fold::kOr;
    std::string word;  // case-folded
  };
  [[nodiscard]] const std::vector<Term>& terms() const { return terms_; }

 private:
  std::vector<Term> terms_;
};

}  // namespace lakelift::catalogue
