#include "domain/notices/notice_service.h"

namespace lakelift::notices {

std::vector<metadata::Migration> migrations() {
  return {{"notices", 1, R"(
CREATE TABLE notices_notices(
  id ${id},
  account_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  subject_kind TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  detail TEXT NOT NULL,
  read_at BIGINT)
;;
CREATE INDEX notices_by_account ON notices_notices(account_id, id)
;;
CREATE INDEX notices_unread ON notices_notices(account_id, id) WHERE read_at IS NULL
)"}};
}

}  // namespace lakelift::notices
