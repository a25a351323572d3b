// The tree of files: storing and deleting.
#include <memory>
#include <utility>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/file_target.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

class FileSink final : public BodySink {
 public:
  explicit FileSink(std::unique_ptr<files::Upload> upload) : upload_(std::move(upload)) {}
  Result<void> write(std::span<const std::byte> bytes) override { return upload_->write(bytes); }
  Result<void> finish() override { return {}; }  // the handler makes it visible
  [[nodiscard]] std::unique_ptr<files::Upload> take() { return std::move(upload_); }

 private:
  std::unique_ptr<files::Upload> upload_;
};

class FolderSink final : public BodySink {
 public:
  Result<void> write(std::span<const std::byte> bytes) override {
    if (bytes.empty()) return {};
    return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE",
                "an address that ends in a slash is a folder's, which has no content: leave the slash at the end out",
                {{"_", {"A folder has no content."}}});
  }
  Result<void> finish() override { return {}; }
};

Result<std::shared_ptr<BodySink>> open_sink(const Services& services, RequestContext& context) {
  TRY(const FileTarget target, file_target_of(context));
  TRY(const files::UploadTerms terms, upload_terms_of(context));
  if (target.says_folder) return std::make_shared<FolderSink>();
  TRY(auto upload, services.files.begin_upload(lakey::caller(context), target.at, terms));
  return std::make_shared<FileSink>(std::move(upload));
}

Response said(const RequestContext& context, int status, std::string_view event, const files::FileInfo& file) {
  Response response = lakey::answer(status, event, to_json(file, context.base_url));
  if (file.kind == files::FileKind::kFile) response.headers.emplace_back("ETag", etag_of(file));
  return response;
}

Result<Response> store_folder(const Services& services, const RequestContext& context, const files::Address& at) {
  TRY(const files::Conditions conditions, conditions_of(context));
  TRY(const auto stored, services.files.make_folder(lakey::caller(context), at));
  if (!stored.created && conditions.if_none_match_any) {
    return fail(Code::kPrecondition, "PRECONDITION_FAILED", "If-None-Match: the folder is there already");
  }
  return said(context, stored.created ? 201 : 200, "FOLDER_CREATED", stored.file);
}

Result<Response> store(const Services& services, RequestContext& context) {
  auto* sink = dynamic_cast<FileSink*>(context.sink.get());
  if (sink == nullptr) {
    TRY(const FileTarget target, file_target_of(context));
    return store_folder(services, context, target.at);
  }
  TRY(const auto stored, services.files.finish(lakey::caller(context), sink->take()));
  if (stored.created) return said(context, 201, "FILE_CREATED", stored.file);
  return said(context, 200, "FILE_REPLACED", stored.file);
}

Result<Response> remove(const Services& services, RequestContext& context) {
  QueryFields query(context);
  const bool recursive = query.boolean("recursive").value_or(false);
  TRY_VOID(query.check());
  TRY(const FileTarget target, file_target_of(context));
  TRY(const files::Conditions conditions, conditions_of(context));
  const accounts::Account caller = lakey::caller(context);
  if (target.says_folder) {
    TRY(const auto there, services.files.get(caller, target.at));
    if (there.kind != files::FileKind::kFolder) {
      return fail(Code::kConflict, "FILE_IS_NO_FOLDER", "that is a file: leave the slash at the end out");
    }
  }
  TRY(const auto removed, services.files.remove(caller, target.at, recursive, conditions));
  return lakey::answer(200, "FILE_DELETED", to_json(removed, context.base_url));
}

}  // namespace

void add_file_writing_routes(RouteTable& routes, const Services& services) {
  Route put = lakey::route(Method::kPut, "/files/{owner}/{path...}", Access::kAccount, "Store a file, or make a folder",
                           [services](RequestContext& context) { return store(services, context); });
  put.open_sink = [services](RequestContext& context) { return open_sink(services, context); };
  put.body_limit_bytes = limits::kFileBytes;
  put.json_body = false;
  routes.add(std::move(put));
  routes.add(lakey::route(Method::kDelete, "/files/{owner}/{path...}", Access::kAccount, "Delete a file or a folder",
                          [services](RequestContext& context) { return remove(services, context); }));
}

}  // namespace lakelift::http
