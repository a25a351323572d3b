// Who may see an item: its readers, set by its maintainer and by administrators.
#include <utility>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/item_path.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

Response readers_answer(std::string_view event, const catalogue::Readers& readers) {
  return lakey::answer(200, event, to_json(readers));
}

Result<Response> read_readers(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id_of(context));
  TRY(const auto readers, services.sharing.readers(lakey::caller(context), id));
  return readers_answer("CATALOGUEITEM_READERS_READ", readers);
}

Result<Response> set_readers(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id_of(context));
  TRY(auto fields, BodyFields::of(context));
  catalogue::Sharing sharing;
  const auto visibility = catalogue::visibility_of(fields.text("visibility"));
  sharing.accounts = fields.optional_texts("accounts").value_or(std::vector<std::string>());
  sharing.groups = fields.optional_texts("groups").value_or(std::vector<std::string>());
  TRY_VOID(fields.check());
  if (!visibility) fields.refuse("visibility", "Expected one of everyone, named.");
  TRY_VOID(fields.check());
  sharing.visibility = *visibility;
  TRY(const auto readers, services.sharing.share(lakey::caller(context), id, sharing));
  return readers_answer("CATALOGUEITEM_READERS_UPDATED", readers);
}

Result<Response> add_reader(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id_of(context));
  TRY(auto fields, BodyFields::of(context));
  const auto account = fields.optional_text("account");
  const auto group = fields.optional_text("group");
  TRY_VOID(fields.check());
  TRY(const auto readers, services.sharing.add(lakey::caller(context), id, account, group));
  return readers_answer("CATALOGUEITEM_READERS_UPDATED", readers);
}

Result<Response> remove_reader(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id_of(context));
  const auto kind = catalogue::reader_kind_of(context.params.at("kind"));
  const auto reader_id = context.int_param("reader_id");
  if (!kind || !reader_id) {
    return fail(Code::kNotFound, "COULD_NOT_FIND_READER", "a reader is account/ID or group/ID");
  }
  TRY(const auto readers, services.sharing.remove(lakey::caller(context), id, {*kind, *reader_id}));
  return readers_answer("CATALOGUEITEM_READERS_UPDATED", readers);
}

}  // namespace

void add_sharing_routes(RouteTable& routes, const Services& services) {
  const auto add = [&](Method method, std::string pattern, std::string summary, auto work) {
    routes.add(lakey::route(method, std::move(pattern), Access::kAccount, std::move(summary),
                            [services, work](RequestContext& context) { return work(services, context); }));
  };
  add(Method::kGet, "/catalogue/items/{id}/readers/", "Read who may see a catalogue item", read_readers);
  add(Method::kPut, "/catalogue/items/{id}/readers/", "Set who may see a catalogue item", set_readers);
  add(Method::kPost, "/catalogue/items/{id}/readers/", "Let one more see a catalogue item", add_reader);
  add(Method::kDelete, "/catalogue/items/{id}/readers/{kind}/{reader_id}", "Let one less see a catalogue item",
      remove_reader);
}

}  // namespace lakelift::http
