// The stores of this folder pass the suite too; the faulty ones as long as nobody gives them orders.
#include "backends/storage/testing/contract_suite.h"
#include "backends/storage/testing/faulty_stores.h"

namespace lakelift::storage::testing {
namespace {

class MemoryUnderTest final : public StoreUnderTest {
 public:
  ObjectStore& store() override { return store_; }

 private:
  ManualClock clock_;
  MemoryStore store_{clock_};
};

template <typename Faulty>
class FaultyUnderTest final : public StoreUnderTest {
 public:
  ObjectStore& store() override { return faulty_; }

 private:
  ManualClock clock_;
  MemoryStore memory_{clock_};
  Faulty faulty_{memory_};
};

INSTANTIATE_TEST_SUITE_P(
    Fakes, ObjectStoreContract,
    ::testing::Values(StoreFactory{"memory", [] { return std::make_unique<MemoryUnderTest>(); }},
                      StoreFactory{"failing", [] { return std::make_unique<FaultyUnderTest<FailingStore>>(); }},
                      StoreFactory{"gated", [] { return std::make_unique<FaultyUnderTest<GatedStore>>(); }}),
    name_of_case);

}  // namespace
}  // namespace lakelift::storage::testing
