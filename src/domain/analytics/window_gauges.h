// The last window that is complete, for /metrics.
#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "domain/analytics/windows.h"

namespace lakelift::analytics {

// Read with each rendering of the metrics: lakelift_window_downloads and lakelift_window_size_bytes of the window that
// ended last, and lakelift_window_malformed_entries. What comes late amends them, as long as it is the last. NaN where
// they cannot be read, and while the windows are being made: whoever scrapes does not wait for that, and a figure of
// before would pass for one of now. All of it must outlive the metrics' rendering.
void add_window_gauges(Metrics& metrics, WindowsView& windows, const Clock& clock);

}  // namespace lakelift::analytics
