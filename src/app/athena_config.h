// Amazon Athena: the settings of it.
#pragma once

#include <string>

namespace lakelift::app {

// Secrets come from the environment alone: see athena_engine.h.
struct AthenaConfig {
  std::string output;  // "s3://BUCKET[/PREFIX]" where results lie on their way; empty: Athena is not offered
  std::string region = "us-east-1";
  std::string workgroup = "primary";
  std::string catalog = "AwsDataCatalog";
  std::string endpoint;     // empty: Amazon's of the region
  std::string s3_endpoint;  // of `output`; empty: Amazon's of the region
};

}  // namespace lakelift::app
