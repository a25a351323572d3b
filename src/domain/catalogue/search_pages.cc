// How the index is searched: bitmaps of what the caller may see, narrowed by each condition; then the page's order.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <mutex>

#include "base/encoding.h"
#include "base/limits.h"
#include "domain/catalogue/search/fold.h"
#include "domain/catalogue/search/ranking.h"
#include "domain/catalogue/search_state.h"

namespace lakelift::catalogue {
namespace {

using State = SearchIndex::State;

// Comparing so many bits of the order costs as much as sorting one found item.
constexpr std::size_t kStepsPerSorted = 64;

std::unexpected<Error> refuse(std::string field, std::string reason) {
  std::string message = field + ": " + reason;
  return fail(Code::kInvalid, "QUERY_DID_NOT_VALIDATE", std::move(message), {{std::move(field), {std::move(reason)}}});
}

// Where a ranked page ended.
struct Mark {
  Score score = 0;
  std::string name;
};

std::string to_text(const Mark& mark) {
  return base64url_encode(as_bytes(fmt::format("{}:{}", mark.score, mark.name)));
}

Result<Mark> mark_of(std::string_view text) {
  const auto broken = [] { return refuse("after", "Take it from `next` of the page before."); };
  const auto decoded = base64url_decode(text);
  if (!decoded) return broken();
  Mark mark;
  const char* end = decoded->data() + decoded->size();
  const auto [colon, failed] = std::from_chars(decoded->data(), end, mark.score);
  if (failed != std::errc() || colon == end || *colon != ':' || mark.score >= Score{1} << kScoreBits) return broken();
  mark.name.assign(colon + 1, end);
  return mark;
}

std::string_view without_spaces(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

// One search, under the index's lock.
class Search {
 public:
  Search(const State& state, const SearchQuery& query, const SearchReader& reader)
      : state_(state), query_(query), reader_(reader), text_(without_spaces(query.text)) {}

  Result<SearchPage> run() {
    found_ = visible();
    keep_filters();
    keep_names();
    if (!text_.empty()) TRY_VOID(keep_words());
    SearchPage page;
    page.total = static_cast<std::int64_t>(found_.count());
    if (text_.empty()) {
      page_by_name(page);
    } else {
      TRY_VOID(page_by_rank(page));
    }
    if (query_.facets) count_facets(page);
    return page;
  }

 private:
  Bitmap visible() const;
  void keep(const SlotSet* set);
  void keep(Facet facet, const std::string& value) { keep(state_.facet(facet).find(value)); }
  void keep_filters();
  void keep_names();
  Result<void> keep_words();
  void page_by_name(SearchPage& page) const;
  Result<void> page_by_rank(SearchPage& page) const;
  std::vector<Slot> ranked(const Ranking& ranking, const std::optional<Mark>& after, std::size_t most) const;
  std::size_t one_more() const { return query_.limit ? *query_.limit + 1 : state_.slots(); }
  bool has_next(std::vector<Slot>& slots, SearchPage& page) const;
  void count_facets(SearchPage& page) const;

  const State& state_;
  const SearchQuery& query_;
  const SearchReader& reader_;
  const std::string_view text_;
  Bitmap found_;
  std::vector<Leveled> words_;
};

Bitmap Search::visible() const {
  Bitmap seen(state_.slots());
  if (reader_.sees_all) {
    state_.live.add_to(seen);
    return seen;
  }
  const auto add = [&](const State::Readers& readers, std::int64_t id) {
    if (const auto found = readers.find(id); found != readers.end()) found->second.add_to(seen);
  };
  state_.for_everyone.add_to(seen);
  add(state_.for_accounts, reader_.account_id);
  for (const std::int64_t group : reader_.groups) add(state_.for_groups, group);
  const auto* maintained = state_.facet(Facet::kMaintainer).find(std::to_string(reader_.account_id));
  if (maintained != nullptr) maintained->add_to(seen);
  return seen;
}

// Nothing: no slot has it.
void Search::keep(const SlotSet* set) {
  if (set == nullptr) {
    found_ = Bitmap(state_.slots());
  } else {
    set->keep_in(found_);
  }
}

void Search::keep_filters() {
  if (query_.name) {
    const Slot* at = nullptr;
    const std::size_t after = state_.place_after(*query_.name);
    if (after > 0 && state_.entries[state_.by_name[after - 1]].name == *query_.name) at = &state_.by_name[after - 1];
    SlotSet exactly;
    if (at != nullptr) exactly.add(*at);
    keep(&exactly);
  }
  if (query_.has_samples && *query_.has_samples) keep(&state_.with_samples);
  if (query_.has_samples && !*query_.has_samples) state_.with_samples.remove_from(found_);
  if (query_.executor_type) keep(Facet::kExecutorType, *query_.executor_type);
  if (query_.maintainer) keep(Facet::kMaintainer, std::to_string(*query_.maintainer));
  if (query_.column_type) keep(Facet::kColumnType, std::string(table::name_of(*query_.column_type)));
  if (query_.size_class) keep(Facet::kSize, *query_.size_class);
  for (const auto& tag : query_.tags) keep(Facet::kTag, tag);
}

// As NameSearch::matches folds, for all names at once; a word is looked for only where it could change something.
void Search::keep_names() {
  const auto& terms = query_.names.terms();
  if (terms.empty()) return;
  const Bitmap& scope = found_;
  Bitmap result = terms.front().fold == NameSearch::Fold::kOr ? Bitmap(state_.slots()) : scope;
  for (const auto& [fold, word] : terms) {
    if (fold == NameSearch::Fold::kOr) {
      Bitmap others = scope;
      others -= result;
      result |= state_.names.containing(word, others);
    } else if (fold == NameSearch::Fold::kAnd) {
      result = state_.names.containing(word, result);
    } else {
      result -= state_.names.containing(word, result);
    }
  }
  found_ = std::move(result);
}

Result<void> Search::keep_words() {
  if (text_.size() > limits::kSearchQueryBytes) {
    return refuse("q", fmt::format("A search has at most {} bytes.", limits::kSearchQueryBytes));
  }
  if (!is_valid_utf8(text_)) return refuse("q", "A search is UTF-8.");
  const auto runs = runs_of(text_);
  if (runs.size() > limits::kSearchWords) {
    return refuse("q", fmt::format("A search has at most {} words.", limits::kSearchWords));
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const bool is_last = i + 1 == runs.size();
    words_.push_back(is_last ? state_.words.beginning_with(runs[i], state_.slots())
                             : state_.words.with(runs[i], state_.slots()));
    found_ &= words_.back().front();
  }
  if (runs.empty()) found_ = Bitmap(state_.slots());
  return {};
}

// Cuts what stands after the page; true where there is more of it.
bool Search::has_next(std::vector<Slot>& slots, SearchPage& page) const {
  const bool is_more = query_.limit && slots.size() > *query_.limit;
  if (is_more) slots.resize(*query_.limit);
  page.item_ids.reserve(slots.size());
  for (const Slot slot : slots) page.item_ids.push_back(state_.entries[slot].item_id);
  return is_more && !slots.empty();
}

void Search::page_by_name(SearchPage& page) const {
  auto slots = state_.first_by_name(found_, query_.after, one_more());
  if (has_next(slots, page)) page.next = state_.entries[slots.back()].name;
}

Result<void> Search::page_by_rank(SearchPage& page) const {
  std::optional<Mark> after;
  if (query_.after) {
    TRY(after, mark_of(*query_.after));
  }
  Ranking ranking(words_, found_, visible());
  ranking.put_first(state_.names.equal_to(folded(text_), found_));
  auto slots = ranked(ranking, after, one_more());
  if (has_next(slots, page))
    page.next = to_text(Mark{ranking.score_of(slots.back()), state_.entries[slots.back()].name});
  return {};
}

std::vector<Slot> Search::ranked(const Ranking& ranking, const std::optional<Mark>& after, std::size_t most) const {
  std::vector<Slot> slots;
  const auto append = [&](const std::vector<Slot>& more) { slots.insert(slots.end(), more.begin(), more.end()); };
  Bitmap rest = found_;
  if (after) {
    append(state_.first_by_name(ranking.equal(found_, after->score), after->name, most));
    rest = ranking.below(found_, after->score);
  }
  if (slots.size() >= most) return slots;
  const auto best = ranking.best(rest, most - slots.size());
  std::vector<std::pair<Score, Slot>> above;
  best.above.for_each([&](Slot slot) { above.emplace_back(ranking.score_of(slot), slot); });
  std::ranges::sort(above, [&](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : state_.entries[a.second].name < state_.entries[b.second].name;
  });
  for (const auto& [score, slot] : above) slots.push_back(slot);
  append(state_.first_by_name(best.tied, std::nullopt, most - slots.size()));
  return slots;
}

void Search::count_facets(SearchPage& page) const {
  for (std::size_t i = 0; i < kFacets; ++i) {
    const std::string name(facet_names()[i]);
    auto values = state_.facets[i].top(found_, limits::kFacetValues, query_.is_late);
    if (values) {
      page.facets[name] = *std::move(values);
    } else {
      page.facets_timed_out.push_back(name);
    }
  }
}

}  // namespace

std::size_t State::place_after(std::string_view name) const {
  const auto at =
      std::ranges::upper_bound(by_name, name, {}, [this](Slot slot) { return std::string_view(entries[slot].name); });
  return static_cast<std::size_t>(at - by_name.begin());
}

std::vector<Slot> State::first_by_name(const Bitmap& among, const std::optional<std::string>& after,
                                       std::size_t most) const {
  std::vector<Slot> out;
  const std::size_t count = among.count();
  if (count == 0 || most == 0) return out;
  const std::size_t steps = by_name.size() * std::min(most, count) / count;
  if (count * kStepsPerSorted > steps) {
    for (std::size_t at = after ? place_after(*after) : 0; at < by_name.size() && out.size() < most; ++at) {
      if (among.test(by_name[at])) out.push_back(by_name[at]);
    }
    return out;
  }
  among.for_each([&](Slot slot) {
    if (!after || entries[slot].name > *after) out.push_back(slot);
  });
  std::ranges::sort(out, {}, [this](Slot slot) -> const std::string& { return entries[slot].name; });
  if (out.size() > most) out.resize(most);
  return out;
}

Result<SearchPage> SearchIndex::search(const SearchQuery& query, const SearchReader& reader) const {
  const std::shared_lock lock(state_->mutex);
  return Search(*state_, query, reader).run();
}

}  // namespace lakelift::catalogue
