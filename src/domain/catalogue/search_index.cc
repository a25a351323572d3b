// How the index changes; search_pages.cc is how it is searched.
#include "domain/catalogue/search_index.h"

#include <algorithm>
#include <mutex>

#include "domain/catalogue/search/fold.h"
#include "domain/catalogue/search_state.h"

namespace lakelift::catalogue {
namespace {

constexpr std::array<std::string_view, kFacets> kFacetNames{"executor_type", "maintainer", "column_type", "size",
                                                            "tag"};
constexpr std::array<std::string_view, 6> kSizeClasses{"unknown",    "<1MB",     "1MB-100MB",
                                                       "100MB-10GB", "10GB-1TB", ">=1TB"};

// What a word says in each field, and how many runs such a field usually has.
constexpr double kNameWeight = 10, kNameRuns = 4;
constexpr double kTagWeight = 6, kTagRuns = 3;
constexpr double kColumnWeight = 3, kColumnRuns = 20;
constexpr double kDescriptionWeight = 1.5, kDescriptionRuns = 40;
constexpr double kColumnDescriptionWeight = 1, kColumnDescriptionRuns = 60;

constexpr std::size_t kFewNames = 16;

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out.append(text).push_back('\n');
  return out;
}

void remove_reader(SearchIndex::State::Readers& readers, std::int64_t id, Slot slot) {
  const auto found = readers.find(id);
  if (found == readers.end()) return;
  found->second.remove(slot);
  if (found->second.empty()) readers.erase(found);
}

}  // namespace

std::span<const std::string_view> facet_names() { return kFacetNames; }
std::span<const std::string_view> size_classes() { return kSizeClasses; }

std::string_view size_class_of(std::optional<std::int64_t> bytes) {
  constexpr std::int64_t kMegabyte = 1'000'000;
  if (!bytes) return kSizeClasses[0];
  if (*bytes < kMegabyte) return kSizeClasses[1];
  if (*bytes < 100 * kMegabyte) return kSizeClasses[2];
  if (*bytes < 10'000 * kMegabyte) return kSizeClasses[3];
  if (*bytes < 1'000'000 * kMegabyte) return kSizeClasses[4];
  return kSizeClasses[5];
}

SearchIndex::SearchIndex() : state_(std::make_unique<State>()) {}
SearchIndex::~SearchIndex() = default;

void SearchIndex::put(std::vector<SearchDocument> documents) {
  const std::unique_lock lock(state_->mutex);
  state_->put(std::move(documents));
}

void SearchIndex::remove(std::int64_t item_id) {
  const std::unique_lock lock(state_->mutex);
  const auto known = state_->slot_of_item.find(item_id);
  if (known != state_->slot_of_item.end()) state_->remove({known->second});
}

std::size_t SearchIndex::size() const {
  const std::shared_lock lock(state_->mutex);
  return state_->slot_of_item.size();
}

void SearchIndex::State::put(std::vector<SearchDocument> documents) {
  std::vector<Slot> replaced;
  for (const auto& document : documents) {
    const auto known = slot_of_item.find(document.item_id);
    if (known != slot_of_item.end()) replaced.push_back(known->second);
  }
  std::ranges::sort(replaced);
  replaced.erase(std::unique(replaced.begin(), replaced.end()), replaced.end());
  remove(replaced);
  std::vector<Slot> added;
  // From the last: of two documents of one item it is the one that counts.
  for (auto document = documents.rbegin(); document != documents.rend(); ++document) {
    if (slot_of_item.contains(document->item_id)) continue;
    added.push_back(new_slot());
    add(added.back(), *document);
  }
  add_names(std::move(added));
  for (auto& table : facets) table.settle();
}

// A few find their places one by one; many are merged in, which looks at every name.
void SearchIndex::State::add_names(std::vector<Slot> added) {
  const auto name = [this](Slot slot) -> const std::string& { return entries[slot].name; };
  if (added.size() <= kFewNames) {
    for (const Slot slot : added) {
      by_name.insert(std::ranges::upper_bound(by_name, name(slot), {}, name), slot);
    }
    return;
  }
  std::ranges::sort(added, {}, name);
  const auto old_size = static_cast<std::ptrdiff_t>(by_name.size());
  by_name.insert(by_name.end(), added.begin(), added.end());
  std::ranges::inplace_merge(by_name, by_name.begin() + old_size, {}, name);
}

void SearchIndex::State::remove(const std::vector<Slot>& slots) {
  if (slots.empty()) return;
  for (const Slot slot : slots) clear(slot);
  if (slots.size() == 1) {
    const auto name = [this](Slot slot) -> const std::string& { return entries[slot].name; };
    const auto same = std::ranges::equal_range(by_name, entries[slots.front()].name, {}, name);
    by_name.erase(std::ranges::find(same, slots.front()));
  } else {
    std::erase_if(by_name, [this](Slot slot) { return !live.contains(slot); });
  }
  for (const Slot slot : slots) entries[slot] = {};
  free_slots.insert(free_slots.end(), slots.begin(), slots.end());
  for (auto& table : facets) table.settle();
}

Slot SearchIndex::State::new_slot() {
  if (!free_slots.empty()) {
    const Slot slot = free_slots.back();
    free_slots.pop_back();
    return slot;
  }
  entries.emplace_back();
  return static_cast<Slot>(entries.size() - 1);
}

void SearchIndex::State::add(Slot slot, const SearchDocument& document) {
  slot_of_item[document.item_id] = slot;
  entries[slot] = {document.item_id,
                   document.name,
                   {document.reader_accounts.begin(), document.reader_accounts.end()},
                   {document.reader_groups.begin(), document.reader_groups.end()}};
  live.add(slot);
  if (document.has_samples) with_samples.add(slot);
  add_readers(slot, document);
  add_facets(slot, document);
  names.put(slot, folded(document.name));
  const std::string tags = joined(document.tags);
  const std::string columns = joined(document.columns);
  const std::string column_descriptions = joined(document.column_descriptions);
  words.put(slot, {{document.name, kNameWeight, kNameRuns},
                   {tags, kTagWeight, kTagRuns},
                   {columns, kColumnWeight, kColumnRuns},
                   {document.description, kDescriptionWeight, kDescriptionRuns},
                   {column_descriptions, kColumnDescriptionWeight, kColumnDescriptionRuns}});
}

void SearchIndex::State::add_readers(Slot slot, const SearchDocument& document) {
  if (document.for_everyone) for_everyone.add(slot);
  for (const std::int64_t id : document.reader_accounts) for_accounts[id].add(slot);
  for (const std::int64_t id : document.reader_groups) for_groups[id].add(slot);
}

void SearchIndex::State::add_facets(Slot slot, const SearchDocument& document) {
  const auto put = [&](Facet which, std::string_view value, std::string_view label) {
    facets[static_cast<std::size_t>(which)].put(slot, std::string(value), std::string(label));
  };
  put(Facet::kExecutorType, document.executor_type, document.executor_type);
  if (document.maintainer) put(Facet::kMaintainer, std::to_string(*document.maintainer), document.maintainer_email);
  for (const auto type : document.column_types) put(Facet::kColumnType, table::name_of(type), table::name_of(type));
  put(Facet::kSize, size_class_of(document.bytes), size_class_of(document.bytes));
  for (const auto& tag : document.tags) put(Facet::kTag, tag, tag);
}

void SearchIndex::State::clear(Slot slot) {
  const Entry& entry = entries[slot];
  slot_of_item.erase(entry.item_id);
  live.remove(slot);
  with_samples.remove(slot);
  for_everyone.remove(slot);
  for (const std::int64_t id : entry.reader_accounts) remove_reader(for_accounts, id, slot);
  for (const std::int64_t id : entry.reader_groups) remove_reader(for_groups, id, slot);
  for (auto& table : facets) table.remove(slot);
  names.remove(slot);
  words.remove(slot);
}

}  // namespace lakelift::catalogue
