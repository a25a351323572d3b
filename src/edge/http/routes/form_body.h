// The fields of a form: application/x-www-form-urlencoded, as browsers and OAuth send it, or the same as a JSON object.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/http/request_context.h"

namespace lakelift::http {

// Each name once; names and values are UTF-8. An absent field reads as empty.
class FormBody {
 public:
  // Error: kInvalid BODY_DID_NOT_VALIDATE for another type, a broken escape, a field that stands twice, or JSON that is
  // no object of texts.
  [[nodiscard]] static Result<FormBody> of(const RequestContext& context);
  // Forms alone: what a page of another site could send is told apart by its origin, not by its type.
  [[nodiscard]] static Result<FormBody> parse(std::string_view text);

  [[nodiscard]] std::string_view field(std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> fields_;
};

}  // namespace lakelift::http
