#include "backends/storage/object_store.h"

#include <gtest/gtest.h>

#include <set>

namespace lakelift::storage {
namespace {

TEST(Key, FreshOnesAreKeysAndDiffer) {
  SeededRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::string key = new_key(random);
    EXPECT_TRUE(is_key(key)) << key;
    EXPECT_TRUE(seen.insert(key).second);
  }
}

TEST(Key, NothingElseIsOne) {
  const std::string good = "0123456789abcdef0123456789abcdef";
  EXPECT_TRUE(is_key(good));
  for (const std::string& bad :
       {std::string(), good.substr(1), good + "0", "A" + good.substr(1), "/" + good.substr(1), "." + good.substr(1),
        std::string("\0", 1) + good.substr(1), std::string("../"), "g" + good.substr(1)}) {
    EXPECT_FALSE(is_key(bad)) << bad;
  }
}

}  // namespace
}  // namespace lakelift::storage
