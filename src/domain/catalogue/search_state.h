// What SearchIndex holds; only its own .cc files see it.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <shared_mutex>

#include "domain/catalogue/search/facet_table.h"
#include "domain/catalogue/search/name_grams.h"
#include "domain/catalogue/search/slot_set.h"
#include "domain/catalogue/search/word_table.h"
#include "domain/catalogue/search_index.h"

namespace lakelift::catalogue {

// In the order of facet_names().
enum class Facet : std::size_t { kExecutorType, kMaintainer, kColumnType, kSize, kTag };
inline constexpr std::size_t kFacets = 5;

struct SearchIndex::State {
  struct Entry {
    std::int64_t item_id = 0;
    std::string name;
    std::vector<std::int64_t> reader_accounts;
    std::vector<std::int64_t> reader_groups;
  };
  using Readers = boost::unordered_flat_map<std::int64_t, SlotSet>;

  void put(std::vector<SearchDocument> documents);
  void remove(const std::vector<Slot>& slots);
  [[nodiscard]] const FacetTable& facet(Facet which) const { return facets[static_cast<std::size_t>(which)]; }
  [[nodiscard]] std::size_t slots() const { return entries.size(); }
  // Where in `by_name` the names after `name` begin.
  [[nodiscard]] std::size_t place_after(std::string_view name) const;
  // The first `most` of `among` in order of name, after that name where there is one.
  [[nodiscard]] std::vector<Slot> first_by_name(const Bitmap& among, const std::optional<std::string>& after,
                                                std::size_t most) const;

  mutable std::shared_mutex mutex;
  std::vector<Entry> entries;  // by slot
  std::vector<Slot> free_slots;
  boost::unordered_flat_map<std::int64_t, Slot> slot_of_item;
  std::vector<Slot> by_name;  // in byte order of the names
  SlotSet live;
  SlotSet with_samples;
  SlotSet for_everyone;
  Readers for_accounts;
  Readers for_groups;
  NameGrams names;
  WordTable words;
  std::array<FacetTable, kFacets> facets;

 private:
  [[nodiscard]] Slot new_slot();
  void add_names(std::vector<Slot> added);
  void add(Slot slot, const SearchDocument& document);
  void add_facets(Slot slot, const SearchDocument& document);
  void add_readers(Slot slot, const SearchDocument& document);
  void clear(Slot slot);
};

}  // namespace lakelift::catalogue
