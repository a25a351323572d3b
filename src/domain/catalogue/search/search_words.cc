#include "domain/catalogue/search/search_words.h"

#include <utf8proc.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "domain/catalogue/search/fold.h"

namespace lakelift::catalogue {
namespace {

enum class Kind { kNone, kUpper, kLower, kOther, kDigit, kMark };

Kind kind_of_ascii(char c) {
  if (c >= 'a' && c <= 'z') return Kind::kLower;
  if (c >= 'A' && c <= 'Z') return Kind::kUpper;
  return c >= '0' && c <= '9' ? Kind::kDigit : Kind::kNone;
}

Kind kind_of(utf8proc_int32_t point) {
  switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT:
      return Kind::kUpper;
    case UTF8PROC_CATEGORY_LL:
      return Kind::kLower;
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return Kind::kOther;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return Kind::kDigit;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
      return Kind::kMark;
    default:
      return Kind::kNone;
  }
}

struct Point {
  Kind kind = Kind::kNone;
  std::size_t bytes = 1;
};

Point point_at(std::string_view text, std::size_t at) {
  if (static_cast<unsigned char>(text[at]) < 0x80) return {kind_of_ascii(text[at]), 1};
  utf8proc_int32_t point = 0;
  const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                     static_cast<utf8proc_ssize_t>(text.size() - at), &point);
  if (size <= 0) return {};
  return {kind_of(point), static_cast<std::size_t>(size)};
}

std::string word_of(std::string_view text) {
  std::string word = folded(text);
  if (word.size() <= limits::kSearchWordBytes) return word;
  std::size_t end = limits::kSearchWordBytes;
  while (end > 0 && (static_cast<unsigned char>(word[end]) & 0xC0) == 0x80) --end;
  word.resize(end);
  return word;
}

// Where parts begin, from the kinds of a run's characters: at a digit after a letter and the other way round, at the
// capital after a small letter, and at the last of several capitals before a small one (HTTPServer).
class Parts {
 public:
  void see(Kind kind, std::size_t at) {
    if (kind != Kind::kMark) {
      const bool is_digit = kind == Kind::kDigit;
      if (last_ != Kind::kNone && is_digit != (last_ == Kind::kDigit)) {
        starts_.push_back(at);
      } else if (kind == Kind::kUpper && last_ == Kind::kLower) {
        starts_.push_back(at);
      } else if (kind == Kind::kLower && last_ == Kind::kUpper && before_last_ == Kind::kUpper) {
        starts_.push_back(last_at_);
      }
      before_last_ = last_;
      last_ = kind;
      last_at_ = at;
    }
  }
  [[nodiscard]] Run take(std::string_view text, std::size_t begin, std::size_t end) {
    Run run{word_of(text.substr(begin, end - begin)), {}};
    if (!starts_.empty()) {
      starts_.push_back(end);
      std::size_t from = begin;
      for (const std::size_t to : starts_) {
        if (to > from) run.parts.push_back(word_of(text.substr(from, to - from)));
        from = to;
      }
      if (run.parts.size() < 2) run.parts.clear();
    }
    *this = {};
    return run;
  }

 private:
  std::vector<std::size_t> starts_;
  Kind before_last_ = Kind::kNone;
  Kind last_ = Kind::kNone;
  std::size_t last_at_ = 0;
};

}  // namespace

void for_each_run(std::string_view raw, const std::function<bool(const Run&)>& visit) {
  if (!is_valid_utf8(raw)) return;
  const std::string text = composed(raw);
  Parts parts;
  std::size_t begin = 0;
  bool is_inside = false;
  for (std::size_t at = 0; at <= text.size();) {
    const Point point = at < text.size() ? point_at(text, at) : Point{};
    const bool is_word = point.kind != Kind::kNone && (is_inside || point.kind != Kind::kMark);
    if (is_word) {
      if (!is_inside) begin = at;
      parts.see(point.kind, at);
    } else if (is_inside && !visit(parts.take(text, begin, at))) {
      return;
    }
    is_inside = is_word;
    at += point.bytes;
  }
}

std::vector<Run> runs_of(std::string_view text) {
  std::vector<Run> runs;
  for_each_run(text, [&](const Run& run) {
    runs.push_back(run);
    return true;
  });
  return runs;
}

}  // namespace lakelift::catalogue
