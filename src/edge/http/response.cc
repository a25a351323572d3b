#include "edge/http/response.h"

namespace lakelift::http {

Response Response::json(int status, const json::value& value) {
  return text(status, "application/json; charset=utf-8", to_text(value));
}

Response Response::text(int status, std::string content_type, std::string body) {
  Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", std::move(content_type));
  response.body = std::move(body);
  return response;
}

Response Response::content(Content content) {
  Response response;
  response.body = std::move(content);
  return response;
}

}  // namespace lakelift::http
