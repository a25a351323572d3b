#include "backends/metadata/soci/sql_text.h"

#include <gtest/gtest.h>

namespace lakelift::metadata {
namespace {

TEST(SqlText, NamesParameters) {
  struct Case {
    const char* in;
    const char* out;
    int parameters;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"", "", 0},
           {"SELECT 1", "SELECT 1", 0},
           {"a = ? AND b=?", "a = :p1 AND b=:p2", 2},
           {"?", ":p1", 1},
           {"'?' = ?", "'?' = :p1", 1},
           {"'it''s ?' = ?", "'it''s ?' = :p1", 1},
           {"\"col?\" = ?", "\"col?\" = :p1", 1},
           {"a -- what's :this?\n = ?", "a   = :p1", 1},
           {"a /* ? ' :b */ = ?", "a   = :p1", 1},
           {"a - -?", "a - -:p1", 1},
           {"a / ?", "a / :p1", 1},
           {"'open ?", "'open ?", 0},
           {"-- open ?", " ", 0},
           {"'--' = ? /* open ?", "'--' = :p1  ", 1},
       }) {
    const NamedSql named = with_named_parameters(c.in);
    EXPECT_EQ(named.text, c.out);
    EXPECT_EQ(named.parameters, c.parameters) << c.in;
  }
}

}  // namespace
}  // namespace lakelift::metadata
