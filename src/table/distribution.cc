#include "table/distribution.h"

#include <optional>
#include <unordered_set>

namespace lakelift::table {
namespace {

constexpr std::string_view kForms = "Expected an object: {value, count} or {value_min, value_max, count}.";

// Of two values that could be read.
bool is_above(const Value& minimum, const Value& maximum) {
  return minimum.index() == maximum.index() && maximum < minimum;
}

class DistributionReader {
 public:
  DistributionReader(const Column& column, bool strict, Faults& faults)
      : column_(column), strict_(strict), faults_(faults) {}

  Distribution read(const json::array& array, const std::string& path) {
    for (std::size_t i = 0; i < array.size() && !faults_.full(); ++i) {
      const std::string at = join_path(path, i);
      if (const auto* entry = array[i].if_object()) {
        read_entry(*entry, at);
      } else {
        faults_.add(at, kForms);
      }
    }
    return std::move(out_);
  }

 private:
  void read_entry(const json::object& entry, const std::string& at) {
    const bool has_min = find(entry, "value_min") != nullptr;
    const bool has_max = find(entry, "value_max") != nullptr;
    if (has_min && has_max) {
      read_bin(entry, at);
    } else if (has_min) {
      read_lower_half(entry, at);
    } else if (has_max) {
      read_upper_half(entry, at);
    } else if (check_keys(entry, {"value", "count"}, {}, at, faults_)) {
      open_.reset();
      add(read_value(entry, "value", column_.is_nullable, at), read_count(entry, at), at + ".value");
    }
  }

  void read_bin(const json::object& entry, const std::string& at) {
    open_.reset();
    if (!check_keys(entry, {"value_min", "value_max", "count"}, {}, at, faults_)) return;
    Value minimum = read_value(entry, "value_min", false, at);
    const Value maximum = read_value(entry, "value_max", false, at);
    if (is_above(minimum, maximum)) faults_.add(at, "value_min is above value_max.");
    add(std::move(minimum), read_count(entry, at), at + ".value_min");
  }

  void read_lower_half(const json::object& entry, const std::string& at) {
    if (!check_keys(entry, {"value_min", "count"}, {}, at, faults_)) return;
    const Value minimum = read_value(entry, "value_min", false, at);
    const std::int64_t count = read_count(entry, at);
    add(minimum, count, at + ".value_min");
    open_ = ValueCount{minimum, count};
  }

  // The upper half of the bin before it, which is counted already.
  void read_upper_half(const json::object& entry, const std::string& at) {
    if (!check_keys(entry, {"value_max", "count"}, {}, at, faults_)) return;
    const Value maximum = read_value(entry, "value_max", false, at);
    const std::int64_t count = read_count(entry, at);
    if (!open_) {
      faults_.add(at, "value_max has no value_min: neither here nor in the entry before.");
    } else if (open_->count != count) {
      faults_.add(at + ".count", "It is another than that of the value_min before.");
    } else if (is_above(open_->value, maximum)) {
      faults_.add(at, "value_min is above value_max.");
    }
    open_.reset();
  }

  void add(Value value, std::int64_t count, const std::string& at) {
    if (strict_ && !seen_.insert(to_text(table::to_json(value))).second) {
      faults_.add(at, "This value is there twice; the values of a distribution are unique.");
    }
    out_.push_back({std::move(value), count});
  }

  Value read_value(const json::object& entry, std::string_view key, bool nullable, const std::string& at) {
    auto value = value_from_json(entry.at(key), column_.type, nullable || !strict_);
    if (value) return *std::move(value);
    faults_.add(join_path(at, key), value.error().message);
    return {};
  }

  std::int64_t read_count(const json::object& entry, const std::string& at) {
    const auto count = find_int(entry, "count");
    if (!count || *count < 0) faults_.add(at + ".count", "Expected a whole number of at least 0.");
    return count.value_or(0);
  }

  const Column& column_;
  const bool strict_;
  Faults& faults_;
  Distribution out_;
  std::unordered_set<std::string> seen_;
  std::optional<ValueCount> open_;  // a lower half that waits for its upper one
};

}  // namespace

json::array to_json(const Distribution& distribution) {
  json::array out;
  for (const auto& [value, count] : distribution) {
    out.push_back(json::object{{"value", to_json(value)}, {"count", count}});
  }
  return out;
}

Distribution distribution_from_json(const json::value& json, const Column& column, bool strict, const std::string& path,
                                    Faults& faults) {
  if (const auto* array = json.if_array()) return DistributionReader(column, strict, faults).read(*array, path);
  faults.add(path, "Expected a list or null.");
  return {};
}

}  // namespace lakelift::table
