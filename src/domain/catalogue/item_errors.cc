#include "domain/catalogue/item_errors.h"

#include <fmt/format.h>

#include "base/limits.h"

namespace lakelift::catalogue {

std::unexpected<Error> no_such_item(std::int64_t id) {
  return fail(Code::kNotFound, "COULD_NOT_FIND_CATALOGUEITEM",
              fmt::format("there is no catalogue item with the id {}", id));
}

std::unexpected<Error> name_taken(std::string_view name) {
  return fail(Code::kConflict, "CATALOGUEITEM_EXISTS_ALREADY",
              fmt::format("there is a catalogue item '{}' already", name),
              {{"name", {"catalogue item with this name already exists."}}});
}

// Spelled as the contract has it.
std::unexpected<Error> still_waited_for(std::int64_t id, std::int64_t not_cancelled_count) {
  return fail(
      Code::kInvalid, "NOT_CANCELLED_DOWNLOAD_REQEUSTS_DETECTED",
      fmt::format("{} download requests of this item are not cancelled: cancel them first", not_cancelled_count),
      {{"item_id", {std::to_string(id)}}, {"not_cancelled_count", {std::to_string(not_cancelled_count)}}});
}

std::unexpected<Error> source_missing(std::string_view name) {
  return fail(Code::kConflict, "SOURCE_MISSING",
              fmt::format("the catalogue item '{}' does not say where its data are: give it a source first", name),
              {{"source", {"The item has no source."}}});
}

std::unexpected<Error> source_changed(std::string reason) {
  return fail(Code::kConflict, "SOURCE_CHANGED",
              "the data no longer fit the item's spec: " + reason + " Update the spec, or add the table anew.",
              {{"spec", {reason}}});
}

std::unexpected<Error> not_yours_to_share() {
  return fail(Code::kForbidden, "ACCESS_DENIED", "only the item's maintainer and administrators decide who may see it");
}

std::unexpected<Error> for_everyone_already(std::string_view name) {
  return fail(Code::kConflict, "CATALOGUEITEM_IS_FOR_EVERYONE",
              fmt::format("everyone may see '{}': to show it to some alone, set who they are", name),
              {{"visibility", {"It is everyone."}}});
}

std::unexpected<Error> no_such_reader() {
  return fail(Code::kNotFound, "COULD_NOT_FIND_READER", "the item does not name that account or group");
}

std::unexpected<Error> too_many_followed() {
  return fail(Code::kConflict, "TOO_MANY_ITEMS_FOLLOWED",
              fmt::format("one follows at most {} items: stop following some", limits::kFollowedItems));
}

std::unexpected<Error> no_such_access_request(std::int64_t id) {
  return fail(Code::kNotFound, "COULD_NOT_FIND_ACCESSREQUEST",
              fmt::format("there is no access request with the id {}", id));
}

std::unexpected<Error> readable_already(std::string_view name) {
  return fail(Code::kConflict, "CATALOGUEITEM_READABLE_ALREADY", fmt::format("you may see '{}' already", name),
              {{"item", {"You may see it already."}}});
}

std::unexpected<Error> decided_already(std::int64_t id) {
  return fail(Code::kConflict, "ACCESS_REQUEST_DECIDED_ALREADY",
              fmt::format("the access request {} was decided before: look at what it says now", id),
              {{"decision", {"It was decided before."}}});
}

std::unexpected<Error> nothing_to_grant(std::string_view name) {
  return fail(Code::kConflict, "CATALOGUEITEM_MISSING",
              fmt::format("there is no catalogue item '{}': nothing can be granted, only refused", name),
              {{"decision", {"There is no such item."}}});
}

std::unexpected<Error> follows_its_file(std::string_view name) {
  return fail(Code::kConflict, "CATALOGUEITEM_FOLLOWS_ITS_FILE",
              fmt::format("'{}' is a published file, its readers are those of the file: share the file", name),
              {{"item", {"Its readers are those of the file: share the file."}}});
}

std::unexpected<Error> body_fault(std::string_view field, std::string text) {
  std::string message = fmt::format("{}: {}", field, text);
  return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", std::move(message), {{std::string(field), {std::move(text)}}});
}

}  // namespace lakelift::catalogue
