#include "domain/catalogue/name_search.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "domain/catalogue/search/fold.h"

namespace lakelift::catalogue {
namespace {

std::unexpected<Error> refuse(std::string reason) {
  return fail(Code::kInvalid, "QUERY_DID_NOT_VALIDATE", "query: " + reason, {{"query", {reason}}});
}

}  // namespace

Result<NameSearch> NameSearch::parse(std::string_view query) {
  if (query.size() > limits::kSearchQueryBytes) {
    return refuse(fmt::format("A query has at most {} bytes.", limits::kSearchQueryBytes));
  }
  if (!is_valid_utf8(query)) return refuse("A query is UTF-8.");
  NameSearch search;
  std::size_t at = 0;
  const auto skip_spaces = [&] { at = std::min(query.find_first_not_of(' ', at), query.size()); };
  for (skip_spaces(); at < query.size(); skip_spaces()) {
    Term term;
    const char sign = query[at];
    if (sign == '&') term.fold = Fold::kAnd;
    if (sign == '~') term.fold = Fold::kAndNot;
    if (sign == '&' || sign == '~' || sign == '|') {
      ++at;
      skip_spaces();
    }
    const std::size_t end = std::min(query.find(' ', at), query.size());
    if (end == at) break;
    term.word = folded(query.substr(at, end - at));
    search.terms_.push_back(std::move(term));
    at = end;
  }
  return search;
}

bool NameSearch::matches(std::string_view name) const {
  if (terms_.empty()) return true;
  const std::string text = folded(name);
  bool result = terms_.front().fold != Fold::kOr;
  for (const auto& [fold, word] : terms_) {
    const bool found = text.find(word) != std::string::npos;
    switch (fold) {
      case Fold::kOr:
        result = result || found;
        break;
      case Fold::kAnd:
        result = result && found;
        break;
      case Fold::kAndNot:
        result = result && !found;
        break;
    }
  }
  return result;
}

}  // namespace lakelift::catalogue
