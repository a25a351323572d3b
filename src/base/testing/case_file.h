// Text cases for tests of small languages: one case a line, `input => expected`; lines that begin with # and empty
// lines are skipped. Spaces around the two halves do not count.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace lakelift::testing {

struct Case {
  std::string input;
  std::string expected;
  int line = 0;
};

inline std::string without_outer_spaces(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// A missing or empty file, or a line without "=>", is a failure of the test.
inline std::vector<Case> read_cases(const std::string& path) {
  std::vector<Case> cases;
  std::ifstream file(path);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    const auto arrow = line.rfind("=>");
    if (arrow == std::string::npos) {
      ADD_FAILURE() << path << ":" << number << " has no =>";
      continue;
    }
    cases.push_back(
        {without_outer_spaces(line.substr(0, arrow)), without_outer_spaces(line.substr(arrow + 2)), number});
  }
  EXPECT_FALSE(cases.empty()) << path << " has no cases";
  return cases;
}

}  // namespace lakelift::testing
