#include "edge/http/routes/live_analytics.h"

#include <algorithm>
#include <map>
#include <memory>

#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

// How long what somebody may see is believed: who is disabled, or no administrator any more, hears no more after that.
constexpr Micros kKnown = 5 * kMicrosPerSecond;

struct Viewer {
  std::int64_t account_id = 0;
  bool sees_all = false;
  std::vector<std::int64_t> item_ids;  // ascending
  Micros read_at = 0;

  [[nodiscard]] bool maintains(std::optional<std::int64_t> item_id) const {
    return item_id && std::ranges::binary_search(item_ids, *item_id);
  }
};

// Of the window that goes on: by whose it is.
struct Present {
  Micros start = 0;
  Micros end = 0;
  std::vector<analytics::WindowShare> shares;
};

bool may_see(const Viewer& viewer, const transfers::NewTransfer& transfer) {
  const auto& subject = transfer.subject;
  return viewer.sees_all || subject.owner_id == viewer.account_id || transfer.person_id == viewer.account_id ||
         viewer.maintains(subject.item_id);
}

// Who maintains an item that is a file of somebody else's does not learn what it is called there.
bool may_name(const Viewer& viewer, const transfers::LiveTransfer& transfer) {
  const auto& subject = transfer.subject;
  return viewer.sees_all || subject.owner_id == viewer.account_id || transfer.person_id == viewer.account_id ||
         subject.kind != "file";
}

json::object transfer_json(const Viewer& viewer, const transfers::LiveTransfer& transfer) {
  const auto& subject = transfer.subject;
  const bool named = may_name(viewer, transfer);
  return {{"name", named ? subject.owner + "/" + subject.path : std::string()},
          {"person", transfer.person},
          {"sent_bytes", transfer.sent_bytes},
          {"size_bytes", subject.size_bytes},
          {"began", iso8601(transfer.began)}};
}

std::string text_for(const Viewer& viewer, const Present& present, const transfers::TransferRecorder& recorder) {
  analytics::WindowFigures figures;
  for (const auto& share : present.shares) {
    if (viewer.sees_all || share.owner_id == viewer.account_id || viewer.maintains(share.item_id)) {
      figures += share.figures;
    }
  }
  json::object window{{"start", iso8601(present.start)}, {"end", iso8601(present.end)}};
  for (auto& field : to_json(figures)) window[field.key()] = std::move(field.value());
  // The limit is of what this viewer may see: what others have under way hides none of it.
  const auto transfers =
      recorder.in_progress([&](const transfers::NewTransfer& transfer) { return may_see(viewer, transfer); });
  json::array going_on;
  for (const auto& transfer : transfers.oldest) going_on.push_back(transfer_json(viewer, transfer));
  return to_text(json::object{{"@type", "live"},
                              {"window", std::move(window)},
                              {"transfers", std::move(going_on)},
                              {"transfers_total", transfers.total}});
}

// On the Feed's thread alone.
class LiveFetch {
 public:
  explicit LiveFetch(const Services& services) : services_(services) {}

  std::vector<FeedUpdate> fetch(const std::vector<std::int64_t>& topics) {
    std::vector<FeedUpdate> updates;
    // Topics that are not answered end: accounts that are gone or disabled; and all while the database is away, then
    // those who watch come back.
    const auto present = read_present();
    if (!present) return updates;
    std::optional<std::string> whole;  // the same for all administrators
    for (const std::int64_t topic : topics) {
      const Viewer* viewer = viewer_of(topic);
      if (viewer == nullptr) continue;
      if (viewer->sees_all && !whole) whole = text_for(*viewer, *present, services_.transfers);
      updates.push_back({.topic = topic,
                         .is_final = false,
                         .data = viewer->sees_all ? *whole : text_for(*viewer, *present, services_.transfers)});
    }
    forget_others();
    return updates;
  }

 private:
  Result<Present> read_present() {
    Present present;
    const Micros length = services_.windows.window_seconds() * kMicrosPerSecond;
    present.start = services_.clock.now() / length * length;
    present.end = present.start + length;
    TRY(present.shares, services_.windows.shares(present.start));
    return present;
  }
  const Viewer* viewer_of(std::int64_t topic) {
    const Micros now = services_.clock.monotonic();
    const auto known = viewers_.find(topic);
    if (known != viewers_.end() && now - known->second.read_at < kKnown) return &known->second;
    viewers_.erase(topic);
    const auto account = services_.accounts.get(topic < 0 ? -topic : topic);
    if (!account || account->is_disabled()) return nullptr;
    Viewer viewer{.account_id = account->id, .sees_all = topic < 0, .item_ids = {}, .read_at = now};
    if (viewer.sees_all && account->type != accounts::AccountType::kAdmin) return nullptr;
    if (!viewer.sees_all) {
      auto items = services_.catalogue.maintained_by(account->id);
      if (!items) return nullptr;
      viewer.item_ids = *std::move(items);
    }
    return &viewers_.insert_or_assign(topic, std::move(viewer)).first->second;
  }
  // Who has not been asked for since they were read is not watching any more, or is read again.
  void forget_others() {
    const Micros now = services_.clock.monotonic();
    std::erase_if(viewers_, [&](const auto& entry) { return now - entry.second.read_at >= 2 * kKnown; });
  }

  const Services services_;
  std::map<std::int64_t, Viewer> viewers_;
};

}  // namespace

std::int64_t live_topic(const accounts::Account& caller) {
  return caller.type == accounts::AccountType::kAdmin ? -caller.id : caller.id;
}

FeedFetch make_live_fetch(const Services& services) {
  return [live = std::make_shared<LiveFetch>(services)](const std::vector<std::int64_t>& topics) {
    return live->fetch(topics);
  };
}

}  // namespace lakelift::http
