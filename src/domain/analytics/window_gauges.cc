#include "domain/analytics/window_gauges.h"

#include <limits>

#include "domain/analytics/window_batch.h"

namespace lakelift::analytics {

void add_window_gauges(Metrics& metrics, WindowsView& windows, const Clock& clock) {
  metrics.on_collect([&metrics, &windows, &clock] {
    const Micros present = window_start(clock.now(), windows.window_seconds());
    const Micros last = present - windows.window_seconds() * kMicrosPerSecond;
    const auto page = windows.read({.from = last, .to = present, .limit = 1});
    const auto set = [&](const char* name, const char* help, std::int64_t value) {
      metrics.set(name, help, {}, page ? static_cast<double>(value) : std::numeric_limits<double>::quiet_NaN());
    };
    const WindowFigures figures = page ? page->total : WindowFigures{};
    set("lakelift_window_downloads", "Downloads of the last window that is complete.", figures.downloads);
    set("lakelift_window_size_bytes", "Bytes of the objects that were downloaded in it.", figures.size_bytes);
  });
}

}  // namespace lakelift::analytics
