// What whoever runs the server has decided about slices.
#pragma once

#include "domain/slices/planning/price.h"

namespace lakelift::slices {

struct SliceSettings {
  PriceList prices;
};

}  // namespace lakelift::slices
