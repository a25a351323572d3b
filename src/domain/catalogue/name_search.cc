#include "domain/catalogue/name_search.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/encoding.h"
#include "base/limits.h"

namespace lakelift::catalogue {
namespace {

// Composed and case-folded, so that "É" typed in either way finds "é". The text itself where it is not Unicode.
std::string folded(std::string_view text) {
  utf8proc_uint8_t* raw = nullptr;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
  const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &raw, options);
  if (length < 0) return std::string(text);
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(raw, &std::free);
  return {reinterpret_cast<const char*>(raw), static_cast<std::size_t>(length)};
}

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
