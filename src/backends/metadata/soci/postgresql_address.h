// The address of a PostgreSQL database, as an operator gives it: postgresql://user:password@host:port/name?option=value
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace lakelift::metadata {

// The address with our settings where it has none of its own: time limits, UTF-8, a server that takes writes. What it
// leaves out (user, password, host …) libpq takes from its own places: PGUSER, ~/.pgpass … Errors: kInvalid, told
// without repeating anything of the address.
[[nodiscard]] Result<std::string> complete_postgresql_address(const std::string& address);

// For logs and for `--show-config`: the password and other secrets are `***`; so is the whole where it is no address.
[[nodiscard]] std::string masked_postgresql_address(const std::string& address);

}  // namespace lakelift::metadata
