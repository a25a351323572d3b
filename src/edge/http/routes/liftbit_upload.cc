#include "edge/http/routes/liftbit_upload.h"

#include <utility>

#include "edge/http/multipart.h"
#include "edge/http/routes/fastapi.h"
#include "edge/http/routes/liftbit_users.h"

namespace lakelift::http::liftbit {
namespace {

class FormSink final : public BodySink {
 public:
  FormSink(std::string boundary, accounts::Account actor, std::unique_ptr<files::Upload> upload)
      : actor_(std::move(actor)),
        upload_(std::move(upload)),
        reader_(std::move(boundary), "file", [this](auto bytes) { return upload_->write(bytes); }) {}
  Result<void> write(std::span<const std::byte> bytes) override { return reader_.write(bytes); }
  Result<void> finish() override { return reader_.finish(); }

  [[nodiscard]] bool has_file() const { return reader_.file().has_value(); }
  [[nodiscard]] const accounts::Account& actor() const { return actor_; }
  [[nodiscard]] std::unique_ptr<files::Upload> take() { return std::move(upload_); }

 private:
  const accounts::Account actor_;
  std::unique_ptr<files::Upload> upload_;
  MultipartReader reader_;
};

// As older scripts call it.
std::string_view name_of_path(const RequestContext& context) {
  return !context.query_value("filename") && context.query_value("path") ? "path" : "filename";
}

}  // namespace

Result<std::shared_ptr<BodySink>> open_upload(const Services& services, RequestContext& context) {
  TRY_VOID(fastapi::require(context, {"username", name_of_path(context)}));
  TRY(const Speaker speaker, speaker_of(services, context));
  TRY(auto path, file_path(context, name_of_path(context)));
  auto boundary = multipart_boundary(context.header("content-type").value_or(""));
  if (!boundary) return fastapi::missing_field("file");
  TRY(auto upload, services.files.begin_upload(speaker.actor, {speaker.user.username, std::move(path)}, {}));
  return std::make_shared<FormSink>(*std::move(boundary), speaker.actor, std::move(upload));
}

Result<void> finish_upload(const Services& services, RequestContext& context) {
  auto* sink = dynamic_cast<FormSink*>(context.sink.get());
  if (sink == nullptr || !sink->has_file()) return fastapi::missing_field("file");
  TRY_VOID(services.files.finish(sink->actor(), sink->take()));
  return {};
}

}  // namespace lakelift::http::liftbit
