// Texts as full text search sees them: runs of letters and digits, folded, and the parts of a run that other people may
// write apart: "FlightDelays2013" is a run with the parts "flight", "delays" and "2013".
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lakelift::catalogue {

struct Run {
  std::string whole;
  std::vector<std::string> parts;  // none where it has but one
};

// Both are cut at limits::kSearchWordBytes. `visit` says whether to go on. Texts that are not UTF-8 have no runs.
void for_each_run(std::string_view text, const std::function<bool(const Run&)>& visit);
[[nodiscard]] std::vector<Run> runs_of(std::string_view text);

}  // namespace lakelift::catalogue
