// What goes on now, for all who watch GET /analytics/live.
#pragma once

#include <cstdint>

#include "base/json.h"
#include "domain/accounts/account.h"
#include "domain/analytics/windows.h"

namespace lakelift::http {

// Who watches, as the Feed's topic: the account's id; below zero where the caller may see all.
[[nodiscard]] std::int64_t live_topic(const accounts::Account& caller);

// {downloads, size_bytes, uploads, uploaded_bytes, answers, sent_bytes}
[[nodiscard]] json::object to_json(const analytics::WindowFigures& figures);

}  // namespace lakelift::http
