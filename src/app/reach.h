// Whether a server may be reached from where its settings say.
#pragma once

#include "app/config.h"

namespace lakelift::app {

// Errors: kInvalid CONFIGURATION_DID_NOT_VALIDATE, field public-url (needed beyond loopback), dev-login or liftbit-open
// (not beyond loopback).
[[nodiscard]] Result<void> check_reach(const Config& config);

}  // namespace lakelift::app
