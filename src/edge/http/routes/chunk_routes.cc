// What items are cut into, and what of them is held.
#include <limits>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/item_path.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

Result<Response> chunks_list(const Services& services, RequestContext& context, std::int64_t item_id,
                             bool only_unexplored) {
  TRY(const auto found, services.slices.chunks().list(lakey::caller(context), item_id, only_unexplored));
  json::array chunks;
  for (const auto& chunk : found) chunks.push_back(slices::to_json(chunk));
  return lakey::answer(200, "CHUNKS_BULK_READ", {{"@type", "chunks_list"}, {"chunks", std::move(chunks)}});
}

Result<Response> list_not_explored(const Services& services, RequestContext& context) {
  QueryFields query(context);
  const auto item_id = query.integer("catalogue_item_id", 1, std::numeric_limits<std::int64_t>::max());
  if (!item_id) query.refuse("catalogue_item_id", kFieldRequired);
  TRY_VOID(query.check());
  return chunks_list(services, context, *item_id, true);
}

Result<Response> list_chunks(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id_of(context));
  return chunks_list(services, context, id, false);
}

Result<Response> cut_item(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id_of(context));
  TRY(auto fields, BodyFields::of(context));
  const std::int64_t most_rows = fields.integer("max_rows");
  TRY_VOID(fields.check());
  TRY(const auto cut, services.slices.chunks().cut(lakey::caller(context), id, most_rows, context.stop));
  return lakey::answer(200, "CATALOGUEITEM_CUT", slices::to_json(cut));
}

Result<Response> remove_cut(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id_of(context));
  TRY_VOID(services.slices.chunks().remove(lakey::caller(context), id));
  return lakey::empty(200, "CATALOGUEITEM_CUT_REMOVED");
}

Result<Response> read_holdings(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id_of(context));
  TRY(const auto holdings, services.slices.chunks().holdings(lakey::caller(context), id));
  return lakey::answer(200, "CATALOGUEITEM_HOLDINGS_READ", slices::to_json(holdings));
}

}  // namespace

void add_chunk_routes(RouteTable& routes, const Services& services) {
  const auto add = [&](Method method, std::string pattern, Access access, std::string summary, auto work) {
    routes.add(lakey::route(method, std::move(pattern), access, std::move(summary),
                            [services, work](RequestContext& context) { return work(services, context); }));
  };
  add(Method::kGet, "/chunks/not_explored/", Access::kAccount, "List the chunks that no request has touched",
      list_not_explored);
  add(Method::kGet, "/catalogue/items/{id}/chunks", Access::kAccount, "List the chunks of a catalogue item",
      list_chunks);
  add(Method::kPut, "/catalogue/items/{id}/chunks", Access::kAdmin, "Cut a catalogue item into chunks", cut_item);
  add(Method::kDelete, "/catalogue/items/{id}/chunks", Access::kAdmin, "Remove the chunks of a catalogue item",
      remove_cut);
  add(Method::kGet, "/catalogue/items/{id}/held", Access::kAccount, "Read what of a catalogue item is held",
      read_holdings);
}

}  // namespace lakelift::http
