#include "domain/analytics/window_gauges.h"

#include <limits>

#include "domain/analytics/window_batch.h"

namespace lakelift::analytics {

void add_window_gauges(Metrics& metrics, WindowsView& windows, const Clock& clock) {
  metrics.on_collect([&metrics, &windows, &clock] {
    const Micros present = window_start(clock.now(), windows.window_seconds());
    const auto glance = windows.glance(present - windows.window_seconds() * kMicrosPerSecond);
    const auto set = [&](const char* name, const char* help, std::int64_t value) {
      metrics.set(name, help, {}, glance ? static_cast<double>(value) : std::numeric_limits<double>::quiet_NaN());
    };
    const WindowsGlance seen = glance ? *glance : WindowsGlance{};
    set("lakelift_window_downloads", "Downloads of the last window that is complete.", seen.figures.downloads);
    set("lakelift_window_size_bytes", "Bytes of the objects that were downloaded in it.", seen.figures.size_bytes);
    set("lakelift_window_malformed_entries", "Entries of the ledger that are broken, and in no window.",
        seen.malformed);
  });
}

}  // namespace lakelift::analytics
