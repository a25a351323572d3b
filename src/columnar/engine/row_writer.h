// Rows that come one by one, gathered into batches for the job's output.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "columnar/engine/background_sink.h"
#include "columnar/engine/table_sink.h"

namespace lakelift::columnar {

// One thread at a time. The columns are the caller's; it appends a row to each of them, then says so.
class RowWriter {
 public:
  // What was appended to the columns since the last call; of `rows` rows.
  using TakeColumns = std::function<Result<std::vector<ArrayPtr>>(std::int64_t rows)>;

  // `rows_total`: for progress.
  RowWriter(WorkContext& context, std::int64_t rows_total, TakeColumns take)
      : context_(context), rows_total_(rows_total), take_(std::move(take)) {}

  [[nodiscard]] Result<void> open(Format format, const SchemaPtr& schema);
  // `bytes`: of its cells, about.
  [[nodiscard]] Result<void> row_added(std::size_t bytes);
  [[nodiscard]] Result<void> finish();
  [[nodiscard]] std::int64_t rows() const { return rows_; }  // written

 private:
  [[nodiscard]] Result<void> flush();

  WorkContext& context_;
  const std::int64_t rows_total_;
  const TakeColumns take_;
  std::shared_ptr<CountingOutput> output_;
  std::unique_ptr<TableSink> sink_;
  std::int64_t rows_ = 0;
  std::int64_t waiting_rows_ = 0;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace lakelift::columnar
