// The pages of signing in. Pure: what they show is given. Titles and texts say what to do next.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/accounts/auth_request_store.h"
#include "domain/accounts/issuers.h"
#include "edge/http/response.h"

namespace lakelift::http::pages {

// What a page's buttons lead to.
struct Ways {
  const accounts::Issuers& issuers;
  bool has_dev_login = false;
  // What the sign-in is for: names and values that each button sends along ("auth_request", "user_code", "ticket",
  // "return_to").
  std::vector<std::pair<std::string, std::string>> fields;
};

// A program asks for a token: who it says it is, and where one signs in.
[[nodiscard]] Response ask(const accounts::AuthRequest& request, const Ways& ways);
// The same for a device that shows a code.
[[nodiscard]] Response ask_for_device(const accounts::AuthRequest& request, const Ways& ways);
// Where the code that a device shows is typed in. `problem`: what was wrong with the last one; may be empty.
[[nodiscard]] Response enter_code(int status, std::string_view typed, std::string_view problem);
// A browser signs in for itself.
[[nodiscard]] Response choose(const Ways& ways);
// Somebody has signed in; `for_device` or for a program.
[[nodiscard]] Response done(std::string_view email, bool for_device);
// Signed in already, by now.
[[nodiscard]] Response already_done();
[[nodiscard]] Response denied();
// What went wrong, and what to do.
[[nodiscard]] Response problem(int status, const Error& error);

}  // namespace lakelift::http::pages
