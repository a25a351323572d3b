#include "table/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lakelift::table {
namespace {

constexpr std::size_t kShownNameBytes = 80;
constexpr std::size_t kComparedNameBytes = 64;
constexpr int kTypos = 2;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Edit distance (insert, delete, replace), without regard to ASCII case; kTypos + 1 stands for "more". Only the band
// of kTypos around the diagonal is looked at, so a look at 10,000 names stays cheap.
int typos_between(std::string_view a, std::string_view b) {
  const auto m = static_cast<int>(a.size());
  const auto n = static_cast<int>(b.size());
  constexpr int kMany = kTypos + 1;
  if (a.size() > kComparedNameBytes || b.size() > kComparedNameBytes || std::abs(m - n) > kTypos) return kMany;
  std::array<int, kComparedNameBytes + 1> before;
  std::array<int, kComparedNameBytes + 1> row;
  before.fill(kMany);
  for (int j = 0; j <= std::min(n, kTypos); ++j) before[j] = j;
  for (int i = 1; i <= m; ++i) {
    row.fill(kMany);
    int least = kMany;
    for (int j = std::max(0, i - kTypos); j <= std::min(n, i + kTypos); ++j) {
      int best = before[j] + 1;
      if (j > 0) best = std::min({best, row[j - 1] + 1, before[j - 1] + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1)});
      row[j] = std::min(best, kMany);
      least = std::min(least, row[j]);
    }
    if (least == kMany) return kMany;
    before = row;
  }
  return before[n];
}

std::string_view nearest(std::string_view name, const std::vector<std::string_view>& known) {
  int least = static_cast<int>(std::min<std::size_t>(kTypos, name.size() / 2)) + 1;
  std::string_view best;
  for (const std::string_view candidate : known) {
    const int typos = typos_between(name, candidate);
    if (typos < least) {
      least = typos;
      best = candidate;
    }
  }
  return best;
}

}  // namespace

std::string shortened(std::string_view text) {
  if (text.size() <= kShownNameBytes) return std::string(text);
  std::size_t end = kShownNameBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

void Faults::add(std::string_view path, std::string_view reason) {
  if (full()) return;
  texts_.push_back(fmt::format("JSON did not validate. PATH: '{}' REASON: {}", path, reason));
}

Error Faults::as_error(std::string_view field) const {
  return Error{Code::kInvalid,
               "BODY_DID_NOT_VALIDATE",
               texts_.empty() ? std::string("the body did not validate") : fmt::format("{}: {}", field, texts_.front()),
               {{std::string(field), texts_}}};
}

bool check_keys(const json::object& object, std::initializer_list<std::string_view> required,
                std::initializer_list<std::string_view> optional, const std::string& path, Faults& faults) {
  bool good = true;
  for (const auto key : required) {
    if (find(object, key) != nullptr) continue;
    faults.add(join_path(path, key), kRequiredText);
    good = false;
  }
  std::vector<std::string_view> known(required);
  known.insert(known.end(), optional);
  for (const auto& member : object) {
    const std::string_view key(member.key().data(), member.key().size());
    if (std::ranges::find(known, key) != known.end()) continue;
    if (faults.full()) return false;
    faults.add(join_path(path, shortened(key)), unknown_name_text("field", key, known));
    good = false;
  }
  return good;
}

std::string unknown_name_text(std::string_view what, std::string_view name,
                              const std::vector<std::string_view>& known) {
  std::string text = fmt::format("Unknown {} '{}'.", what, shortened(name));
  if (const auto near = nearest(name, known); !near.empty()) text += fmt::format(" Did you mean '{}'?", near);
  if (known.empty()) return text + " None is known.";
  text += " Known: ";
  const std::size_t listed = std::min(known.size(), kReportedNames);
  for (std::size_t i = 0; i < listed; ++i) text += (i == 0 ? "" : ", ") + shortened(known[i]);
  if (known.size() > listed) text += fmt::format(" and {} more", known.size() - listed);
  return text + ".";
}

std::string join_path(std::string_view prefix, std::string_view key) {
  return prefix.empty() ? std::string(key) : fmt::format("{}.{}", prefix, key);
}

std::string join_path(std::string_view prefix, std::size_t index) { return join_path(prefix, std::to_string(index)); }

}  // namespace lakelift::table
