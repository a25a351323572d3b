#include <algorithm>

#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/cell_view.h"
#include "columnar/engine/column_profile.h"
#include "columnar/engine/group_sample.h"
#include "columnar/engine/report_columns.h"
#include "columnar/engine/row_sampler.h"
#include "columnar/engine/scan.h"
#include "columnar/engine/work.h"

namespace lakelift::columnar {
namespace {

// The rows with the smallest hashes: a uniform sample without replacement that depends on the seed alone.
class SampleRows {
 public:
  SampleRows(const WorkContext& context, const ProfileJob& job) : context_(context), job_(job) {}

  void add(const Batch& batch) {
    if (job_.sample_rows == 0) return;
    if (hash_file_ != batch.file || !hash_) {
      hash_.emplace("profile " + std::to_string(job_.seed), context_.inputs[batch.file].path);
      hash_file_ = batch.file;
    }
    for (std::int64_t row = 0; row < batch.rows; ++row) {
      const std::uint64_t hash = (*hash_)(batch.first_row + row);
      if (picked_.size() == job_.sample_rows) {
        if (hash >= picked_.front().hash) continue;
        std::pop_heap(picked_.begin(), picked_.end());
        picked_.pop_back();
      }
      picked_.push_back({hash, batch.file, batch.first_row + row, cells(batch, row)});
      std::push_heap(picked_.begin(), picked_.end());
    }
  }

  // In the table's order.
  std::vector<table::Row> finish() {
    std::sort(picked_.begin(), picked_.end(),
              [](const Picked& a, const Picked& b) { return std::pair(a.file, a.row) < std::pair(b.file, b.row); });
    std::vector<table::Row> rows;
    rows.reserve(picked_.size());
    for (auto& picked : picked_) rows.push_back(std::move(picked.cells));
    return rows;
  }

 private:
  struct Picked {
    std::uint64_t hash;
    std::size_t file;
    std::int64_t row;
    table::Row cells;
    bool operator<(const Picked& other) const { return hash < other.hash; }
  };

  static table::Row cells(const Batch& batch, std::int64_t row) {
    table::Row out;
    std::string scratch;
    for (const auto& column : batch.columns) {
      out.push_back(value_at(*column, row));
      if (auto* text = std::get_if<std::string>(&out.back());
          text != nullptr && text->size() > limits::kSampleCellBytes) {
        *text = std::string(cut_text(*text, scratch));
      }
    }
    return out;
  }

  const WorkContext& context_;
  const ProfileJob& job_;
  std::optional<RowHash> hash_;
  std::size_t hash_file_ = 0;
  std::vector<Picked> picked_;  // a heap: the largest hash first
};

class Profiler {
 public:
  Profiler(WorkContext& context, const ProfileJob& job) : context_(context), job_(job), sample_(context, job) {}

  Result<ProfileReport> run() {
    TRY(table_, open_table(context_));
    for (const auto& column : table_.columns) {
      profiles_.push_back(column_profile(column.type, table_.columns.size()));
    }
    if (table_.rows > job_.most_rows) {
      groups_.emplace(context_, "profile " + std::to_string(job_.seed),
                      static_cast<double>(job_.most_rows) / static_cast<double>(table_.rows));
    }
    TRY_VOID(first_pass());
    if (rows_ == 0 && groups_) {
      groups_->take_the_least();
      TRY_VOID(first_pass());
    }
    TRY_VOID(second_pass());
    return report();
  }

 private:
  Result<void> first_pass() {
    ScanPlan all;
    for (const auto& column : table_.columns) all.columns.push_back(column.name);
    return read(0, std::move(all), [&](const Batch& batch) {
      rows_ += batch.rows;
      sample_.add(batch);
      for (std::size_t i = 0; i < profiles_.size(); ++i) profiles_[i]->add(*batch.columns[i]);
    });
  }

  Result<void> second_pass() {
    ScanPlan some;
    std::vector<ColumnProfile*> profiles;
    for (std::size_t i = 0; i < profiles_.size(); ++i) {
      if (!profiles_[i]->start_second_pass()) continue;
      some.columns.push_back(table_.columns[i].name);
      profiles.push_back(profiles_[i].get());
    }
    if (profiles.empty()) return {};
    return read(1, std::move(some), [&](const Batch& batch) {
      for (std::size_t i = 0; i < profiles.size(); ++i) profiles[i]->add_again(*batch.columns[i]);
    });
  }

  // Both passes together are the progress.
  template <typename Take>
  Result<void> read(int done, ScanPlan plan, Take take) {
    WorkContext context = context_;
    context.progress = [this, done](JobProgress progress) {
      progress.rows_read += done * table_.rows;
      progress.rows_total *= 2;
      if (context_.progress) context_.progress(progress);
    };
    if (groups_) plan.wants_group = [this](std::size_t file, int group) { return groups_->wants(file, group); };
    TRY_VOID(scan(context, table_, plan, [&](const Batch& batch) -> Result<void> {
      take(batch);
      return {};
    }));
    return {};
  }

  ProfileReport report() {
    ProfileReport report{.columns = report_columns(table_),
                         .refused = table_.refused,
                         .sample = sample_.finish(),
                         .null_shares = {},
                         .statistics = {},
                         .rows = table_.rows,
                         .rows_profiled = rows_};
    for (std::size_t i = 0; i < profiles_.size(); ++i) {
      table::ColumnStatistics figures;
      figures.name = report.columns[i].name;
      figures.type = report.columns[i].type;
      figures.is_partial = rows_ < table_.rows;
      profiles_[i]->finish(report.columns[i], figures);
      report.null_shares.push_back(profiles_[i]->null_share());
      report.statistics.push_back(std::move(figures));
    }
    return report;
  }

  WorkContext& context_;
  const ProfileJob& job_;
  SourceTable table_;
  SampleRows sample_;
  std::optional<GroupSample> groups_;  // nothing: every row group
  std::vector<std::unique_ptr<ColumnProfile>> profiles_;
  std::int64_t rows_ = 0;  // looked at
};

}  // namespace

Result<ProfileReport> profile(WorkContext& context, const ProfileJob& job) {
  return guarded("profiling the table", [&] { return Profiler(context, job).run(); });
}

}  // namespace lakelift::columnar
