#include "columnar/engine/column_profile.h"

#include <endian.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/limits.h"
#include "columnar/engine/cell_view.h"
#include "columnar/engine/distinct_tally.h"
#include "columnar/engine/number_profile.h"
#include "columnar/engine/value_counter.h"

namespace lakelift::columnar {
namespace {

constexpr std::size_t kAllCountersBytes = 256 << 20;
constexpr std::size_t kCounterBytes = 4 << 20;
constexpr std::size_t kCounterValues = 32 * 1024;
constexpr std::size_t kBytesAValue = 128;  // of overhead, roughly
constexpr std::size_t kAllTalliesBytes = 256 << 20;
constexpr std::size_t kTallyValues = 1 << 20;
constexpr std::size_t kTallyValuesAtLeast = 512;

// All but numbers: top values, by a key of bytes a value.
class CountedProfile : public ColumnProfile {
 public:
  explicit CountedProfile(std::size_t columns)
      : counter_(
            std::clamp(kAllCountersBytes / columns / kBytesAValue, limits::kDistributionValues * 4, kCounterValues),
            std::clamp<std::size_t>(kAllCountersBytes / columns, limits::kSampleCellBytes * 64, kCounterBytes)),
        tally_(tally_capacity(columns)) {}
  bool start_second_pass() override {
    first_pass_ = false;
    if (!counter_.exact()) counter_.recount();
    return !counter_.exact();
  }
  void add_again(const arrow::Array& array) override { count(array); }

 protected:
  virtual void count(const arrow::Array& array) = 0;
  // Nothing for a value that can't be shown.
  [[nodiscard]] virtual std::optional<table::Value> value_of(const std::string& key) const = 0;
  void fill(table::Column& column, table::ColumnStatistics& figures) const override {
    for (const auto& [key, count] : counter_.top(limits::kDistributionValues)) {
      if (auto value = value_of(key)) figures.top_values.push_back({*std::move(value), count});
    }
    if (!figures.top_values.empty()) column.distribution = figures.top_values;
    figures.distinct = tally_.distinct();
    figures.distinct_is_exact = tally_.exact();
  }
  [[nodiscard]] bool first_pass() const { return first_pass_; }

  ValueCounter counter_;
  DistinctTally tally_;

 private:
  void look(const arrow::Array& array) override { count(array); }
  bool first_pass_ = true;
};

std::int64_t characters_of(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

class TextProfile final : public CountedProfile {
 public:
  using CountedProfile::CountedProfile;

 private:
  void count(const arrow::Array& array) override {
    if (array.type_id() != arrow::Type::DICTIONARY) {
      for_each_valid(array, [&](std::int64_t row) { take(text_at(array, row), 1); });
      return;
    }
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
    std::vector<std::int64_t> counts(static_cast<std::size_t>(dictionary.dictionary()->length()));
    for_each_valid(array, [&](std::int64_t row) { ++counts[static_cast<std::size_t>(dictionary.GetValueIndex(row))]; });
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] > 0) take(text_at(*dictionary.dictionary(), static_cast<std::int64_t>(i)), counts[i]);
    }
  }

  void take(std::string_view text, std::int64_t weight) {
    counter_.add(cut_text(text, scratch_), weight);
    if (!first_pass()) return;
    tally_.add(key_of(text), weight);
    const std::int64_t length = characters_of(text);
    // A byte more than is shown: enough to know that it was longer.
    const std::string_view kept = text.substr(0, limits::kSampleCellBytes + 1);
    if (!least_ || kept < *least_) least_ = kept;
    if (!most_ || kept > *most_) most_ = kept;
    shortest_ = shortest_ ? std::min(*shortest_, length) : length;
    longest_ = longest_ ? std::max(*longest_, length) : length;
  }

  std::optional<table::Value> value_of(const std::string& key) const override { return key; }

  void fill(table::Column& column, table::ColumnStatistics& figures) const override {
    CountedProfile::fill(column, figures);
    column.is_enum = counter_.exact() && counter_.distinct() > 0 && counter_.distinct() <= kEnumValues;
    figures.minimum_length = shortest_;
    figures.maximum_length = longest_;
    if (!least_) return;
    std::string scratch;
    figures.minimum = std::string(cut_text(*least_, scratch));
    figures.maximum = std::string(cut_text(*most_, scratch));
  }

  std::string scratch_;
  std::optional<std::string> least_, most_;
  std::optional<std::int64_t> shortest_, longest_;
};

class BooleanProfile final : public CountedProfile {
 public:
  using CountedProfile::CountedProfile;

 private:
  void count(const arrow::Array& array) override {
    const auto& values = static_cast<const arrow::BooleanArray&>(array);
    std::int64_t counts[2] = {0, 0};
    for_each_valid(array, [&](std::int64_t row) { ++counts[values.Value(row) ? 1 : 0]; });
    for (const bool value : {false, true}) {
      if (counts[value] == 0) continue;
      counter_.add(value ? "t" : "f", counts[value]);
      tally_.add(value, counts[value]);
    }
  }
  std::optional<table::Value> value_of(const std::string& key) const override { return key == "t"; }

  void fill(table::Column& column, table::ColumnStatistics& figures) const override {
    CountedProfile::fill(column, figures);
    double all = 0;
    double true_ones = 0;
    for (const auto& [key, count] : counter_.top(2)) {
      all += static_cast<double>(count);
      if (key == "t") true_ones = static_cast<double>(count);
    }
    if (all > 0) figures.true_share = true_ones / all;
  }
};

// Years beyond four digits have a text, but nobody reads it back.
std::optional<table::Value> shown(const table::Datetime& at) {
  if (table::parse_datetime(table::format_datetime(at)) != at) return std::nullopt;
  return at;
}

// A text whose bytes have the order of the times.
struct DatetimeKey {
  static constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  explicit DatetimeKey(const table::Datetime& at) {
    const std::uint64_t seconds = htobe64(static_cast<std::uint64_t>(at.seconds) ^ kSign);
    const std::uint32_t nanos = htobe32(at.nanos);
    std::memcpy(bytes, &seconds, sizeof seconds);
    std::memcpy(bytes + sizeof seconds, &nanos, sizeof nanos);
  }
  [[nodiscard]] static table::Datetime read(const std::string& key) {
    std::uint64_t seconds = 0;
    std::uint32_t nanos = 0;
    std::memcpy(&seconds, key.data(), sizeof seconds);
    std::memcpy(&nanos, key.data() + sizeof seconds, sizeof nanos);
    return {static_cast<std::int64_t>(be64toh(seconds) ^ kSign), be32toh(nanos)};
  }
  char bytes[sizeof(std::uint64_t) + sizeof(std::uint32_t)];
};

class DatetimeProfile final : public CountedProfile {
 public:
  using CountedProfile::CountedProfile;

 private:
  void count(const arrow::Array& array) override {
    for_each_valid(array, [&](std::int64_t row) {
      const auto at = datetime_at(array, row);
      const DatetimeKey key(at);
      counter_.add({key.bytes, sizeof key.bytes});
      if (!first_pass()) return;
      tally_.add(key_of(at));
      first_ = first_ ? std::min(*first_, at) : at;
      last_ = last_ ? std::max(*last_, at) : at;
    });
  }
  std::optional<table::Value> value_of(const std::string& key) const override { return shown(DatetimeKey::read(key)); }

  void fill(table::Column& column, table::ColumnStatistics& figures) const override {
    CountedProfile::fill(column, figures);
    if (!first_ || !shown(*first_) || !shown(*last_)) return;
    figures.minimum = *first_;
    figures.maximum = *last_;
  }

  std::optional<table::Datetime> first_, last_;
};

}  // namespace

std::size_t tally_capacity(std::size_t columns) {
  return std::clamp(kAllTalliesBytes / columns / DistinctTally::kBytesAValue, kTallyValuesAtLeast, kTallyValues);
}

std::string_view cut_text(std::string_view text, std::string& scratch) {
  constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
  if (text.size() <= limits::kSampleCellBytes) return text;
  std::size_t end = limits::kSampleCellBytes - kEllipsis.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  scratch.assign(text.substr(0, end)).append(kEllipsis);
  return scratch;
}

std::unique_ptr<ColumnProfile> column_profile(table::ColumnType type, std::size_t columns) {
  switch (type) {
    case table::ColumnType::kInteger:
      return whole_number_profile(columns);
    case table::ColumnType::kFloat:
      return float_profile(columns);
    case table::ColumnType::kString:
      return std::make_unique<TextProfile>(columns);
    case table::ColumnType::kBoolean:
      return std::make_unique<BooleanProfile>(columns);
    case table::ColumnType::kDatetime:
      return std::make_unique<DatetimeProfile>(columns);
  }
  return nullptr;
}

}  // namespace lakelift::columnar
