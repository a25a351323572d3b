// Which addresses an account may name (threats S11). Pure; what a name stands for is looked at when it is called.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backends/net/http_client.h"
#include "base/result.h"

namespace lakelift::webhooks {

struct ReceiverRule {
  std::vector<std::string> hosts;  // "hooks.example.com"; ".example.com": that and all below it
  bool loopback = false;           // this machine too, also by plain http
};

// How far a call to the address may go. Errors: kConflict WEBHOOKS_NOT_CONFIGURED where the rule allows nothing;
// kInvalid BODY_DID_NOT_VALIDATE, field "url".
[[nodiscard]] Result<net::Reach> check_receiver(std::string_view url, const ReceiverRule& rule);

// What is wrong with a host of the rule; empty: nothing.
[[nodiscard]] std::string fault_of_host(std::string_view host);

}  // namespace lakelift::webhooks
