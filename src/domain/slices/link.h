// Signed addresses of a request's data: they open this one request, for this one waiter, and nothing else.
//   /downloader/data/{request}/{account}/{purpose}/{expires}/{key id}/{mac}
// purpose `wait` (the contract's `uri`: waits for the data, lives as long as the request, expires 0) or `get`
// (`download_uri`: an hour). The whole path is under the mac; only ?format= may be added (threats U1).
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "domain/accounts/key_ring.h"

namespace lakelift::slices {

enum class LinkPurpose { kWait, kGet };

struct Link {
  std::int64_t request_id = 0;
  std::int64_t account_id = 0;
  LinkPurpose purpose = LinkPurpose::kGet;
  std::int64_t expires = 0;  // seconds since 1970 UTC; 0 for kWait
};

inline constexpr std::string_view kLinkPrefix = "/downloader/data/";

// The path, without scheme and host.
[[nodiscard]] std::string sign_link(const Link& link, const accounts::KeyRing& keys);
// `path`: exactly as it stood in the request line, not decoded, without the query. Error: kForbidden LINK_NOT_VALID for
// anything that we did not sign, or that has expired, or expires later than limits::kLinkMaxSeconds from now.
[[nodiscard]] Result<Link> verify_link(std::string_view path, const accounts::KeyRing& keys, const Clock& clock);

}  // namespace lakelift::slices
