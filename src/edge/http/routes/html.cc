#include "edge/http/routes/html.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace lakelift::http::html {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'";

constexpr std::string_view kPage = R"(<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{title} · Lakelift</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/accounts/assets/sign_in.css">
    <script src="/accounts/assets/sign_in.js" defer></script>
  </head>
  <body>
    <main>
      <p class="brand">Lakelift</p>
      <h1>{title}</h1>
{body}
    </main>
  </body>
</html>
)";

}  // namespace

std::string escape(std::string_view text) {
  if (!is_valid_utf8(text)) return "?";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Response page(int status, std::string_view title, std::string_view body) {
  Response response =
      Response::text(status, "text/html; charset=utf-8",
                     fmt::format(fmt::runtime(kPage), fmt::arg("title", escape(title)), fmt::arg("body", body)));
  response.headers.emplace_back("Content-Security-Policy", std::string(kPolicy));
  response.headers.emplace_back("X-Frame-Options", "DENY");
  // So that the forms of our own pages say where they come from; other sites are told nothing.
  response.headers.emplace_back("Referrer-Policy", "same-origin");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  return response;
}

}  // namespace lakelift::http::html
