#include "columnar/engine/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lakelift::columnar {

void WholeHistogram::widen(Wide value) {
  low_ = low_ ? std::min(*low_, value) : value;
  high_ = high_ ? std::max(*high_, value) : value;
}

void WholeHistogram::start() {
  if (!low_) return;
  const Wide values = *high_ - *low_ + 1;
  width_ = (values + most_ - 1) / most_;
  counts_.assign(static_cast<std::size_t>((values + width_ - 1) / width_), 0);
}

void WholeHistogram::count(Wide value, std::int64_t weight) {
  if (!low_ || value < *low_ || value > *high_) return;
  counts_[static_cast<std::size_t>((value - *low_) / width_)] += weight;
}

std::vector<table::Bin> WholeHistogram::bins() const {
  constexpr Wide kMost = std::numeric_limits<std::int64_t>::max();
  const auto shown = [&](Wide value) { return static_cast<std::int64_t>(std::min(value, kMost)); };
  std::vector<table::Bin> out;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const Wide begin = *low_ + width_ * static_cast<Wide>(i);
    const Wide end = i + 1 == counts_.size() ? *high_ : begin + width_;
    if (begin >= kMost && !out.empty()) {
      out.back().count += counts_[i];
    } else {
      out.push_back({shown(begin), shown(end), counts_[i]});
    }
  }
  return out;
}

void FloatHistogram::widen(double value) {
  if (!std::isfinite(value)) return;
  low_ = low_ ? std::min(*low_, value) : value;
  high_ = high_ ? std::max(*high_, value) : value;
}

double FloatHistogram::border(int index) const {
  if (index == 0) return *low_;
  if (index == most_) return *high_;
  // The width of all doubles is no double.
  const auto low = static_cast<long double>(*low_);
  return static_cast<double>(low + (static_cast<long double>(*high_) - low) * index / most_);
}

void FloatHistogram::start() {
  if (!low_) return;
  for (int i = 0; i <= most_; ++i) borders_.push_back(border(i));
  // Neighbouring doubles: fewer different borders than bins.
  borders_.erase(std::unique(borders_.begin(), borders_.end()), borders_.end());
  if (borders_.size() == 1) borders_.push_back(borders_.front());
  counts_.assign(borders_.size() - 1, 0);
}

void FloatHistogram::count(double value, std::int64_t weight) {
  if (!low_ || !(value >= *low_ && value <= *high_)) return;
  const auto above = std::upper_bound(borders_.begin(), borders_.end() - 1, value);
  const auto index = std::max<std::ptrdiff_t>(0, above - borders_.begin() - 1);
  counts_[std::min(static_cast<std::size_t>(index), counts_.size() - 1)] += weight;
}

std::vector<table::Bin> FloatHistogram::bins() const {
  std::vector<table::Bin> out;
  out.reserve(counts_.size());
  for (std::size_t i = 0; i < counts_.size(); ++i) out.push_back({borders_[i], borders_[i + 1], counts_[i]});
  return out;
}

}  // namespace lakelift::columnar
