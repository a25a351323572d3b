#include "backends/executors/executor.h"

#include <fmt/format.h>

#include <array>

namespace lakelift::executors {
namespace {

constexpr std::array<std::pair<ExecutorType, std::string_view>, 4> kNames{{{ExecutorType::kLocal, "LOCAL"},
                                                                           {ExecutorType::kAthena, "ATHENA"},
                                                                           {ExecutorType::kDatabricks, "DATABRICKS"},
                                                                           {ExecutorType::kSpark, "SPARK"}}};

}  // namespace

std::string_view name_of(ExecutorType type) {
  for (const auto& [known, name] : kNames) {
    if (known == type) return name;
  }
  return "";
}

std::optional<ExecutorType> executor_type_of(std::string_view name) {
  for (const auto& [type, known] : kNames) {
    if (known == name) return type;
  }
  return std::nullopt;
}

Result<std::vector<PartitionState>> Executor::partitions(const Source& source, const table::Columns&) {
  TRY(std::string whole, version(source));
  return std::vector<PartitionState>{{{}, std::move(whole)}};
}

Result<std::shared_ptr<Executor>> Executors::get(ExecutorType type) const {
  const auto found = by_type_.find(type);
  if (found == by_type_.end()) {
    return fail(Code::kConflict, "EXECUTOR_NOT_CONFIGURED",
                fmt::format("this server has no {} executor; ask its operator to configure one", name_of(type)));
  }
  return found->second;
}

}  // namespace lakelift::executors
