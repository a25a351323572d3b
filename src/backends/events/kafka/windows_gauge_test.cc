#include "backends/events/kafka/windows_gauge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakelift::events {
namespace {

using ::testing::HasSubstr;

class CountingReader final : public WindowsReader {
 public:
  [[nodiscard]] std::int64_t malformed() const override { return count; }
  std::int64_t count = 0;
};

TEST(WindowsGaugeTest, SaysWhatMadeNoSense) {
  Metrics metrics;
  auto reader = std::make_shared<CountingReader>();
  add_reader_gauge(metrics, reader);
  EXPECT_THAT(metrics.render(), HasSubstr("lakelift_stream_windows_malformed_messages 0\n"));
  reader->count = 3;
  EXPECT_THAT(metrics.render(), HasSubstr("lakelift_stream_windows_malformed_messages 3\n"));
  reader.reset();
  EXPECT_THAT(metrics.render(), HasSubstr("lakelift_stream_windows_malformed_messages 3\n")) << "as it was last";
}

}  // namespace
}  // namespace lakelift::events
