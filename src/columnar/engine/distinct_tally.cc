#include "columnar/engine/distinct_tally.h"

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

namespace lakelift::columnar {
namespace {

constexpr std::size_t kFirstPlaces = 64;

// SplitMix64's finaliser: one to one, and every bit of the key moves every bit of the hash.
std::uint64_t hash_of(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

}  // namespace

void DistinctTally::add(std::uint64_t key, std::int64_t weight) {
  if (sketch_) {
    sketch_->add(hash_of(key));
    return;
  }
  if (2 * used_ >= places_.size()) grow();
  Entry& place = place_of(key);
  if (place.count == 0) {
    if (used_ == capacity_) {
      give_up_counting();
      sketch_->add(hash_of(key));
      return;
    }
    place.key = key;
    ++used_;
  }
  place.count += weight;
}

DistinctTally::Entry& DistinctTally::place_of(std::uint64_t key) {
  const std::size_t mask = places_.size() - 1;
  std::size_t at = hash_of(key) & mask;
  while (places_[at].count != 0 && places_[at].key != key) at = (at + 1) & mask;
  return places_[at];
}

void DistinctTally::grow() {
  std::vector<Entry> before(places_.empty() ? kFirstPlaces : places_.size() * 2);
  std::swap(before, places_);
  for (const Entry& entry : before) {
    if (entry.count != 0) place_of(entry.key) = entry;
  }
}

void DistinctTally::give_up_counting() {
  sketch_.emplace();
  for (const Entry& entry : places_) {
    if (entry.count != 0) sketch_->add(hash_of(entry.key));
  }
  places_ = {};
}

std::int64_t DistinctTally::distinct() const {
  return sketch_ ? sketch_->estimate() : static_cast<std::int64_t>(used_);
}

std::vector<DistinctTally::Entry> DistinctTally::entries() const {
  std::vector<Entry> out;
  out.reserve(sketch_ ? 0 : used_);
  for (const Entry& entry : places_) {
    if (entry.count != 0) out.push_back(entry);
  }
  return out;
}

std::uint64_t key_of(__int128 whole) { return static_cast<std::uint64_t>(whole); }

std::uint64_t key_of(double number) {
  if (std::isnan(number)) number = std::numeric_limits<double>::quiet_NaN();
  return std::bit_cast<std::uint64_t>(number == 0 ? 0.0 : number);
}

std::uint64_t key_of(std::string_view text) { return std::hash<std::string_view>{}(text); }

std::uint64_t key_of(const table::Datetime& at) { return hash_of(static_cast<std::uint64_t>(at.seconds)) + at.nanos; }

double double_of(std::uint64_t key) { return std::bit_cast<double>(key); }

}  // namespace lakelift::columnar
