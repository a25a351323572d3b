// The values of one facet (tags, say): which slots have which, and how often each occurs among some slots.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "domain/catalogue/search/slot_set.h"

namespace lakelift::catalogue {

struct FacetValue {
  std::string value;
  std::string label;  // the same, or what a person reads (a maintainer's email)
  std::int64_t count = 0;
};

// Not threadsafe for changes; reads run side by side.
class FacetTable {
 public:
  void put(Slot slot, const std::string& value, const std::string& label);
  void remove(Slot slot);  // all its values
  // After changes and before top().
  void settle();

  // Nothing where no slot has it.
  [[nodiscard]] const SlotSet* find(const std::string& value) const;
  // The most frequent of `among` first, ties by value, at most `limit` (not 0). Nothing: `is_late` said so before the
  // end.
  [[nodiscard]] std::optional<std::vector<FacetValue>> top(const Bitmap& among, std::size_t limit,
                                                           const std::function<bool()>& is_late) const;

 private:
  struct Value {
    std::string value;
    std::string label;
    SlotSet slots;
  };

  [[nodiscard]] std::vector<FacetValue> top_by_slots(const Bitmap& among, std::size_t limit) const;
  [[nodiscard]] std::optional<std::vector<FacetValue>> top_by_values(const Bitmap& among, std::size_t limit,
                                                                     const std::function<bool()>& is_late) const;

  boost::unordered_flat_map<std::string, std::uint32_t> ids_;
  std::vector<Value> values_;
  std::vector<std::uint32_t> free_values_;
  std::vector<std::vector<std::uint32_t>> values_of_slot_;
  std::vector<std::uint32_t> by_size_;  // the values with the most slots first
  bool is_settled_ = true;
};

}  // namespace lakelift::catalogue
