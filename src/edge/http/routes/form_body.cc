#include "edge/http/routes/form_body.h"

#include <algorithm>
#include <optional>

#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"

namespace lakelift::http {
namespace {

std::unexpected<Error> broken(std::string why) { return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", std::move(why)); }

std::optional<std::string> decoded(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  auto out = percent_decode(spaced);
  if (!out || !is_valid_utf8(*out)) return std::nullopt;
  return out;
}

std::string media_type_of(const RequestContext& context) {
  std::string type(context.header("content-type").value_or(""));
  type.resize(std::min(type.find(';'), type.size()));
  while (type.ends_with(' ')) type.pop_back();
  std::ranges::transform(type, type.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type;
}

}  // namespace

Result<FormBody> FormBody::parse(std::string_view text) {
  FormBody form;
  std::size_t pairs = 0;
  while (!text.empty()) {
    if (++pairs > limits::kQueryPairs) return broken("the form has too many fields");
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = decoded(pair.substr(0, equals));
    auto value = decoded(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) return broken("the form has a broken escape");
    if (!form.fields_.try_emplace(*std::move(name), *std::move(value)).second) return broken("a field stands twice");
  }
  return form;
}

Result<FormBody> FormBody::of(const RequestContext& context) {
  const std::string type = media_type_of(context);
  if (type == "application/x-www-form-urlencoded") return parse(context.body);
  if (type.empty() && context.body.empty()) return FormBody{};
  if (type != "application/json") return broken("send application/x-www-form-urlencoded or application/json");
  TRY(const auto body, context.json_body());
  if (!body.is_object()) return broken("the body must be a JSON object");
  FormBody form;
  for (const auto& member : body.get_object()) {
    if (!member.value().is_string()) return broken("the fields must be texts");
    form.fields_.emplace(std::string(member.key()), std::string(member.value().get_string()));
  }
  return form;
}

std::string_view FormBody::field(std::string_view name) const {
  const auto found = fields_.find(name);
  return found == fields_.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace lakelift::http
