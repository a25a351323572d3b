// LiftBit's eight calls, on the same files (docs/files.md, Scripts written for LiftBit).
#include <utility>

#include "edge/http/routes/fastapi.h"
#include "edge/http/routes/file_target.h"
#include "edge/http/routes/liftbit_upload.h"
#include "edge/http/routes/liftbit_users.h"
#include "edge/http/routes/routes.h"
#include "edge/http/routes/transfer_counting.h"

namespace lakelift::http {
namespace {

using liftbit::Speaker;
using liftbit::speaker_of;

// The form around the file.
constexpr std::uint64_t kFormBytes = limits::kMultipartParts * limits::kMultipartHeaderBytes;

std::unexpected<Error> no_such_file() { return fail(Code::kNotFound, "COULD_NOT_FIND_FILE", "there is no such file"); }

struct OwnFile {
  Speaker speaker;
  files::Address at;
};

// A file in the user's own place that is there; LiftBit has no folders.
Result<OwnFile> own_file_of(const Services& services, const RequestContext& context) {
  OwnFile own;
  TRY(own.speaker, speaker_of(services, context));
  TRY(auto path, liftbit::file_path(context, "filename"));
  own.at = {own.speaker.user.username, std::move(path)};
  TRY(const auto file, services.files.get(own.speaker.actor, own.at));
  if (file.kind != files::FileKind::kFile) return no_such_file();
  return own;
}

Result<Response> create_user(const Services& services, RequestContext& context) {
  TRY_VOID(fastapi::require(context, {"username"}));
  TRY_VOID(liftbit::create_user(services, context));
  return fastapi::done();
}

Result<Response> delete_user(const Services& services, RequestContext& context) {
  TRY_VOID(fastapi::require(context, {"username"}));
  TRY_VOID(liftbit::delete_user(services, context));
  return fastapi::done();
}

Result<Response> upload_file(const Services& services, RequestContext& context) {
  TRY_VOID(liftbit::finish_upload(services, context));
  return fastapi::done();
}

std::string content_type_of(std::string_view name) {
  if (name.ends_with(".png")) return "image/png";
  if (name.ends_with(".jpg")) return "image/jpeg";
  if (name.ends_with(".html")) return "text/html";
  return "text/plain";
}

// What is not there and what one may not read are one, where it is another's.
Result<Response> download_file(const Services& services, RequestContext& context) {
  TRY_VOID(fastapi::require(context, {"username", "filename", "owner"}));
  TRY(const Speaker speaker, speaker_of(services, context));
  TRY(const auto path, liftbit::file_path(context, "filename"));
  TRY(const std::string owner, liftbit::username(context, "owner"));
  auto opened = services.files.open(speaker.user, {owner, path});
  if (!opened) {
    const Error& error = opened.error();
    const bool is_missing = error.code == Code::kNotFound || error.event == "FILE_IS_A_FOLDER";
    if (!is_missing) return std::unexpected(error);
    if (owner == speaker.user.username) return no_such_file();
    return fail(Code::kForbidden, "ACCESS_DENIED", "it is not shared with this account");
  }
  const std::string type = content_type_of(opened->file.path.name());
  auto watch = count_transfer(services.transfers, transfer_of(*opened, speaker.user.id, context));
  return file_content(*std::move(opened), type, std::move(watch));
}

Result<Response> delete_file(const Services& services, RequestContext& context) {
  TRY_VOID(fastapi::require(context, {"username", "filename"}));
  TRY(const OwnFile own, own_file_of(services, context));
  TRY_VOID(services.files.remove(own.speaker.actor, own.at, false));
  return fastapi::done();
}

Result<Response> list_files(const Services& services, RequestContext& context) {
  TRY_VOID(fastapi::require(context, {"username"}));
  TRY(const Speaker speaker, speaker_of(services, context));
  files::ListQuery query{.recursive = true, .after = {}, .limit = limits::kFilesPerPage};
  std::string names;
  do {
    if (context.stop.stop_requested()) return fail(Code::kCancelled, "the server stops: ask again");
    TRY(const auto page, services.files.list(speaker.actor, {speaker.user.username, {}}, query));
    for (const auto& file : page.files) {
      if (file.kind == files::FileKind::kFile) names += file.path.text() + "\n";
    }
    query.after = page.next;
  } while (query.after);
  return Response::text(200, "text/plain; charset=utf-8", std::move(names));
}

Result<Response> give_permission(const Services& services, RequestContext& context) {
  TRY_VOID(fastapi::require(context, {"username", "filename", "other_username"}));
  TRY(const std::string other, liftbit::username(context, "other_username"));
  TRY(const OwnFile own, own_file_of(services, context));
  TRY_VOID(services.files.grant(own.speaker.actor, own.at, {.account = other, .group = {}}, files::Right::kRead));
  return fastapi::done();
}

Result<Response> remove_permission(const Services& services, RequestContext& context) {
  TRY_VOID(fastapi::require(context, {"username", "filename", "other_username"}));
  TRY(const std::string other, liftbit::username(context, "other_username"));
  TRY(const OwnFile own, own_file_of(services, context));
  TRY_VOID(services.files.revoke(own.speaker.actor, own.at, {.account = other, .group = {}}));
  return fastapi::done();
}

}  // namespace

void add_liftbit_routes(RouteTable& routes, const Services& services) {
  const Access access = services.liftbit_open ? Access::kPublic : Access::kAccount;
  const auto made = [&](std::string pattern, std::string summary, auto work) {
    return fastapi::route(std::move(pattern), access, std::move(summary),
                          [services, work](RequestContext& context) { return work(services, context); });
  };
  const auto add = [&](std::string pattern, std::string summary, auto work) {
    routes.add(made(std::move(pattern), std::move(summary), work));
  };
  const auto add_question = [&](std::string pattern, std::string summary, auto work) {
    Route route = made(std::move(pattern), std::move(summary), work);
    route.changes_nothing = true;
    routes.add(std::move(route));
  };
  add("/create_user", "Make an account (LiftBit)", create_user);
  add("/delete_user", "Delete an account and its files (LiftBit)", delete_user);
  add("/delete_file", "Delete a file (LiftBit)", delete_file);
  add("/give_permission", "Let another account read a file (LiftBit)", give_permission);
  add("/remove_permission", "Let it no longer (LiftBit)", remove_permission);
  add_question("/download_file", "Download a file (LiftBit)", download_file);
  add_question("/list_files", "List an account's files (LiftBit)", list_files);
  Route upload = made("/upload_file", "Store a file (LiftBit)", upload_file);
  upload.open_sink = [services](RequestContext& context) { return liftbit::open_upload(services, context); };
  upload.body_limit_bytes = limits::kFileBytes + kFormBytes;
  routes.add(std::move(upload));
}

}  // namespace lakelift::http
