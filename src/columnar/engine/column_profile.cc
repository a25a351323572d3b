#include "columnar/engine/column_profile.h"

#include <algorithm>
#include <cstring>

#include "base/limits.h"
#include "columnar/engine/cell_view.h"
#include "columnar/engine/histogram.h"
#include "columnar/engine/value_counter.h"

namespace lakelift::columnar {
namespace {

constexpr std::size_t kAllCountersBytes = 256 << 20;
constexpr std::size_t kCounterBytes = 4 << 20;
constexpr std::size_t kCounterValues = 32 * 1024;
constexpr std::size_t kBytesAValue = 128;  // of overhead, roughly

template <typename Visit>
void for_each_valid(const arrow::Array& array, Visit visit) {
  const bool nulls = array.null_count() != 0;
  for (std::int64_t row = 0; row < array.length(); ++row) {
    if (!nulls || array.IsValid(row)) visit(row);
  }
}

// Numbers: bins. `At` reads a cell.
template <typename Histogram, auto At>
class NumberProfile final : public ColumnProfile {
 public:
  bool start_second_pass() override {
    histogram_.start();
    return true;
  }
  void add_again(const arrow::Array& array) override {
    for_each_valid(array, [&](std::int64_t row) { histogram_.count(At(array, row)); });
  }
  void finish(table::Column& column) const override {
    if (auto bins = histogram_.bins(); !bins.empty()) column.distribution = std::move(bins);
  }

 private:
  void look(const arrow::Array& array) override {
    for_each_valid(array, [&](std::int64_t row) { histogram_.widen(At(array, row)); });
  }
  Histogram histogram_;
};

// All else: top values, by a key of bytes a value.
class CountedProfile : public ColumnProfile {
 public:
  explicit CountedProfile(std::size_t columns)
      : counter_(
            std::clamp(kAllCountersBytes / columns / kBytesAValue, limits::kDistributionValues * 4, kCounterValues),
            std::clamp<std::size_t>(kAllCountersBytes / columns, limits::kSampleCellBytes * 64, kCounterBytes)) {}
  bool start_second_pass() override {
    if (!exact()) counter_.recount();
    return !exact();
  }
  void add_again(const arrow::Array& array) override { count(array); }
  void finish(table::Column& column) const override {
    std::vector<table::ValueCount> counts;
    for (const auto& [key, count] : counter_.top(limits::kDistributionValues)) counts.push_back({value_of(key), count});
    if (!counts.empty()) column.distribution = std::move(counts);
  }

 protected:
  [[nodiscard]] bool exact() const { return counter_.exact(); }
  virtual void count(const arrow::Array& array) = 0;
  [[nodiscard]] virtual table::Value value_of(const std::string& key) const = 0;
  ValueCounter counter_;

 private:
  void look(const arrow::Array& array) override { count(array); }
};

class TextProfile final : public CountedProfile {
 public:
  using CountedProfile::CountedProfile;
  void finish(table::Column& column) const override {
    CountedProfile::finish(column);
    column.is_enum = exact() && counter_.distinct() > 0 && counter_.distinct() <= kEnumValues;
  }

 private:
  void count(const arrow::Array& array) override {
    std::string scratch;
    if (array.type_id() != arrow::Type::DICTIONARY) {
      for_each_valid(array, [&](std::int64_t row) { counter_.add(cut_text(text_at(array, row), scratch)); });
      return;
    }
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
    std::vector<std::int64_t> counts(static_cast<std::size_t>(dictionary.dictionary()->length()));
    for_each_valid(array, [&](std::int64_t row) { ++counts[static_cast<std::size_t>(dictionary.GetValueIndex(row))]; });
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const auto entry = static_cast<std::int64_t>(i);
      if (counts[i] > 0) counter_.add(cut_text(text_at(*dictionary.dictionary(), entry), scratch), counts[i]);
    }
  }
  table::Value value_of(const std::string& key) const override { return key; }
};

class BooleanProfile final : public CountedProfile {
 public:
  using CountedProfile::CountedProfile;

 private:
  void count(const arrow::Array& array) override {
    const auto& values = static_cast<const arrow::BooleanArray&>(array);
    std::int64_t counts[2] = {0, 0};
    for_each_valid(array, [&](std::int64_t row) { ++counts[values.Value(row) ? 1 : 0]; });
    if (counts[0] > 0) counter_.add("f", counts[0]);
    if (counts[1] > 0) counter_.add("t", counts[1]);
  }
  table::Value value_of(const std::string& key) const override { return key == "t"; }
};

class DatetimeProfile final : public CountedProfile {
 public:
  using CountedProfile::CountedProfile;

 private:
  static constexpr std::size_t kSecondsBytes = sizeof(std::int64_t);
  void count(const arrow::Array& array) override {
    for_each_valid(array, [&](std::int64_t row) {
      const auto at = datetime_at(array, row);
      char key[kSecondsBytes + sizeof at.nanos];
      std::memcpy(key, &at.seconds, kSecondsBytes);
      std::memcpy(key + kSecondsBytes, &at.nanos, sizeof at.nanos);
      counter_.add({key, sizeof key});
    });
  }
  table::Value value_of(const std::string& key) const override {
    table::Datetime at;
    std::memcpy(&at.seconds, key.data(), kSecondsBytes);
    std::memcpy(&at.nanos, key.data() + kSecondsBytes, sizeof at.nanos);
    return at;
  }
};

}  // namespace

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
      return std::make_unique<NumberProfile<WholeHistogram, whole_at>>();
    case table::ColumnType::kFloat:
      return std::make_unique<NumberProfile<FloatHistogram, number_at>>();
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
