// Files of jobs/spark, as they were when the server was built.
#pragma once

#include <string_view>

namespace lakelift::executors::spark_files {

[[nodiscard]] std::string_view run_slice();

}  // namespace lakelift::executors::spark_files
