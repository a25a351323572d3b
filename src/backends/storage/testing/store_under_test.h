// Whom the contract suite tests.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "backends/storage/object_store.h"

namespace lakelift::storage::testing {

// A fresh, empty store and what it stands on.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  [[nodiscard]] virtual ObjectStore& store() = 0;
  // Whether a fork of the test's process may use the whole of it, and not just stage: no connection of a remote store's
  // can be shared by two processes.
  [[nodiscard]] virtual bool works_in_a_child() const { return true; }
};

struct StoreFactory {
  std::string name;
  std::function<std::unique_ptr<StoreUnderTest>()> make;
};

inline void PrintTo(const StoreFactory& factory, std::ostream* out) { *out << factory.name; }

inline std::string name_of_case(const ::testing::TestParamInfo<StoreFactory>& info) { return info.param.name; }

}  // namespace lakelift::storage::testing
