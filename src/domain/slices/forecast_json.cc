// What asking for a slice would come to, for people and clients.
#include "domain/slices/slice_service.h"

namespace lakelift::slices {
namespace {

json::object to_json(const Weight& weight) {
  return {{"rows", weight.rows},
          {"bytes", weight.bytes},
          {"scanned_bytes", weight.scanned_bytes},
          {"money_micros", weight.money_micros},
          {"seconds", static_cast<double>(weight.milliseconds) / 1'000}};
}

std::string_view name_of_answer(const Forecast& forecast) {
  if (forecast.answer == store::Answer::kHeld) return "held";
  if (forecast.answer == store::Answer::kRunGoesOn) return "joined";
  return name_of(forecast.plan.way);
}

}  // namespace

json::object to_json(const Forecast& forecast) {
  const bool needs_run = forecast.answer == store::Answer::kRunQueued;
  const Weight whole{forecast.estimated_rows, forecast.estimated_bytes, 0, 0, 0};
  const Weight held = needs_run ? forecast.plan.held : whole;
  const Weight fresh = needs_run ? forecast.plan.fresh : Weight{};
  const Weight plain = forecast.plan.plain;
  return {
      {"answered_from", name_of_answer(forecast)},
      {"estimated_rows", forecast.estimated_rows},
      {"estimated_by", forecast.is_sampled ? "sample" : "statistics"},
      {"held", to_json(held)},
      {"new", to_json(fresh)},
      {"saved", json::object{{"scanned_bytes", std::max<std::int64_t>(0, plain.scanned_bytes - fresh.scanned_bytes)},
                             {"money_micros", std::max<std::int64_t>(0, plain.money_micros - fresh.money_micros)}}},
      {"currency", forecast.currency}};
}

}  // namespace lakelift::slices
