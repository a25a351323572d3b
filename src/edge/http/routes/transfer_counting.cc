#include "edge/http/routes/transfer_counting.h"

#include <memory>
#include <string>
#include <utility>

namespace lakelift::http {
namespace {

class CountedTransfer final : public TransferWatch {
 public:
  CountedTransfer(transfers::TransferRecorder& recorder, transfers::NewTransfer what)
      : recorder_(recorder), what_(std::move(what)) {}

  void sent(std::uint64_t offset, std::uint64_t length) override { transfer().sent(offset, length); }
  void end(std::function<void()> committed) override { transfer().end(std::move(committed)); }

 private:
  transfers::Transfer& transfer() {
    if (!transfer_) transfer_ = recorder_.begin(std::move(what_));
    return *transfer_;
  }

  transfers::TransferRecorder& recorder_;
  transfers::NewTransfer what_;
  std::shared_ptr<transfers::Transfer> transfer_;
};

}  // namespace

std::shared_ptr<TransferWatch> count_transfer(transfers::TransferRecorder& recorder, transfers::NewTransfer transfer) {
  return std::make_shared<CountedTransfer>(recorder, std::move(transfer));
}

transfers::NewTransfer transfer_of(const files::OpenedFile& opened, std::int64_t person_id,
                                   const RequestContext& context) {
  const files::FileInfo& file = opened.file;
  return {.subject = {.kind = "file",
                      .id = std::to_string(file.id),
                      .owner_id = file.owner_id,
                      .owner = file.owner,
                      .path = file.path.text(),
                      .item_id = opened.item_id,
                      .object = file.object_key,
                      .size_bytes = static_cast<std::int64_t>(file.size_bytes)},
          .person_id = person_id,
          .person = opened.reader,
          .trace_id = context.trace_id};
}

transfers::NewTransfer transfer_of(const slices::DownloadRequest& request, const slices::Rendition& rendition,
                                   const accounts::Account& person, const RequestContext& context) {
  return {.subject = {.kind = "download_request",
                      .id = std::to_string(request.id),
                      .owner_id = person.id,
                      .owner = person.username,
                      .path = "slices/" + rendition.file_name,
                      .item_id = request.catalogue_item_id,
                      .object = rendition.object_key,
                      .size_bytes = static_cast<std::int64_t>(rendition.size_bytes)},
          .person_id = person.id,
          .person = person.username,
          .trace_id = context.trace_id};
}

}  // namespace lakelift::http
