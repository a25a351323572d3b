#include "backends/storage/places.h"

#include <algorithm>

namespace lakelift::storage {

std::shared_ptr<ObjectStore> Places::find(const std::string& name) const {
  const auto found = std::ranges::find(places_, name, &Place::name);
  return found == places_.end() ? nullptr : found->store;
}

std::string Places::current_name() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::find(places_, current_, &Place::store)->name;
}

void Places::set_current(const std::string& name) {
  auto store = find(name);
  if (!store) return;
  const std::lock_guard lock(mutex_);
  current_ = std::move(store);
  std::erase(empty_, name);
}

void Places::set_empty(const std::string& name, bool is_empty) {
  const std::lock_guard lock(mutex_);
  std::erase(empty_, name);
  if (is_empty) empty_.push_back(name);
}

std::vector<std::shared_ptr<ObjectStore>> Places::in_order() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<ObjectStore>> out{current_};
  for (const auto& place : places_) {
    if (place.store != current_ && std::ranges::find(empty_, place.name) == empty_.end()) out.push_back(place.store);
  }
  return out;
}

Result<std::unique_ptr<StagedObject>> Places::stage() { return in_order().front()->stage(); }

Result<ObjectInfo> Places::publish(std::unique_ptr<StagedObject> staged, const std::string& key) {
  return in_order().front()->publish(std::move(staged), key);
}

Result<std::shared_ptr<ObjectReader>> Places::open(const std::string& key) {
  auto stores = in_order();
  if (stores.size() > 1) stores.push_back(stores.front());  // it may have been moved while we looked
  std::optional<Error> away;                                // of a place that could not say
  for (const auto& store : stores) {
    auto opened = store->open(key);
    if (opened) return opened;
    if (opened.error().code != Code::kNotFound) away = std::move(opened).error();
  }
  if (away) return std::unexpected(*std::move(away));
  return fail(Code::kNotFound, "no such object");
}

Result<void> Places::remove(const std::string& key) {
  for (const auto& store : in_order()) TRY_VOID(store->remove(key));
  return {};
}

Result<void> Places::remove_all(const std::vector<std::string>& keys) {
  for (const auto& store : in_order()) TRY_VOID(store->remove_all(keys));
  return {};
}

Result<ObjectPage> Places::list(const std::string& after, std::size_t limit) {
  ObjectPage merged;
  std::string end;  // the first page that is not the last one ends here; behind it others may have more
  for (const auto& store : in_order()) {
    TRY(auto page, store->list(after, limit));
    if (!page.next.empty() && (end.empty() || page.next < end)) end = page.next;
    std::ranges::move(page.objects, std::back_inserter(merged.objects));
  }
  std::ranges::stable_sort(merged.objects, {}, &ObjectInfo::key);
  const auto twice = std::ranges::unique(merged.objects, {}, &ObjectInfo::key);
  merged.objects.erase(twice.begin(), twice.end());
  if (!end.empty()) std::erase_if(merged.objects, [&](const ObjectInfo& object) { return object.key > end; });
  const bool is_cut = merged.objects.size() > limit;
  if (is_cut) merged.objects.resize(limit);
  if (is_cut || !end.empty()) merged.next = merged.objects.back().key;
  return merged;
}

Result<std::size_t> Places::sweep_staged() {
  std::size_t swept = 0;
  for (const auto& store : in_order()) {
    TRY(const std::size_t some, store->sweep_staged());
    swept += some;
  }
  return swept;
}

Result<void> Places::check() { return in_order().front()->check(); }

bool Places::is_remote() const {
  return std::ranges::any_of(in_order(), [](const auto& store) { return store->is_remote(); });
}

Result<std::optional<std::string>> Places::signed_address(const std::string& key, const SignedTerms& terms) {
  const auto stores = in_order();
  if (stores.size() > 1) return std::nullopt;
  return stores.front()->signed_address(key, terms);
}

}  // namespace lakelift::storage
