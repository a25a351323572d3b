// Use case of slices and files: a finished slice becomes a file. It is the same object; no byte is copied.
#pragma once

#include <cstdint>
#include <stop_token>

#include "domain/files/file_service.h"
#include "domain/slices/slice_service.h"

namespace lakelift::app {

// Threadsafe.
class KeptSlices {
 public:
  KeptSlices(slices::SliceService& slices, files::FileService& files) : slices_(slices), files_(files) {}

  // Blocks while the format is being made. Errors: kNotFound COULD_NOT_FIND_DOWNLOADREQUEST where the caller does not
  // wait for it or may not see its item; kConflict DOWNLOADREQUEST_NOT_DONE, DOWNLOADREQUEST_FAILED; kGone
  // DOWNLOADREQUEST_CANCELLED; FileService::adopt's.
  [[nodiscard]] Result<files::Stored> keep(const accounts::Account& caller, std::int64_t request_id,
                                           columnar::Format format, const files::Address& to, bool overwrite,
                                           std::stop_token stop);

 private:
  slices::SliceService& slices_;
  files::FileService& files_;
};

}  // namespace lakelift::app
