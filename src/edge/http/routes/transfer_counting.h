// Joins an answer with bytes to the recorder that counts them (docs/events.md). Answers that send none (HEAD, 304 …)
// begin nothing.
#pragma once

#include "domain/files/file_service.h"
#include "domain/slices/download_request.h"
#include "domain/transfers/transfer_recorder.h"
#include "edge/http/request_context.h"
#include "edge/http/response.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {

// What the edge tells becomes `transfer`, begun with its first byte. `recorder` outlives the server.
[[nodiscard]] std::shared_ptr<TransferWatch> count_transfer(transfers::TransferRecorder& recorder,
                                                            transfers::NewTransfer transfer);

// Of a file, for `person_id`: as FileService::open() gave it to them.
[[nodiscard]] transfers::NewTransfer transfer_of(const files::OpenedFile& opened, std::int64_t person_id,
                                                 const RequestContext& context);
// Of a slice's data, for the person for whom the address was signed: it is their request's.
[[nodiscard]] transfers::NewTransfer transfer_of(const slices::DownloadRequest& request,
                                                 const slices::Rendition& rendition, const accounts::Account& person,
                                                 const RequestContext& context);

}  // namespace lakelift::http
