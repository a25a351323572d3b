#include "app/reach.h"

#include <gtest/gtest.h>

namespace lakelift::app {
namespace {

std::string refused(const Config& config) {
  const auto checked = check_reach(config);
  return checked ? "" : checked.error().fields.at(0).field;
}

TEST(Reach, BeyondLoopbackAPublicAddressIsNeeded) {
  Config config;
  EXPECT_EQ(refused(config), "");
  config.listen = "0.0.0.0";
  EXPECT_EQ(refused(config), "public-url");
  config.public_url = "https://lake.example";
  EXPECT_EQ(refused(config), "");
}

TEST(Reach, WhatBelievesPeopleIsForOneMachine) {
  for (const auto& [name, set] :
       {std::pair{"dev-login", &Config::dev_login}, {"liftbit-open", &Config::liftbit_open}}) {
    for (const char* listen : {"127.0.0.1", "127.8.0.1", "::1", "localhost"}) {
      Config near;
      near.*set = true;
      near.listen = listen;
      EXPECT_EQ(refused(near), "") << name << listen;
    }
    Config far;
    far.*set = true;
    far.listen = "192.168.0.7";
    EXPECT_EQ(refused(far), name);
    Config named;
    named.*set = true;
    named.public_url = "https://lake.example";
    EXPECT_EQ(refused(named), name);
    Config proxied;
    proxied.*set = true;
    proxied.trusted_proxies = {"127.0.0.1"};
    EXPECT_EQ(refused(proxied), name);
  }
}

TEST(Reach, LiftbitOpenAnywhereIsSaidOnPurpose) {
  Config config;
  config.liftbit_open = config.liftbit_open_anywhere = true;
  config.listen = "0.0.0.0";
  config.public_url = "https://lake.example";
  config.trusted_proxies = {"10.0.0.1"};
  EXPECT_EQ(refused(config), "");
  config.dev_login = true;
  EXPECT_EQ(refused(config), "dev-login");
}

}  // namespace
}  // namespace lakelift::app
