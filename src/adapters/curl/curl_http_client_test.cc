#include "adapters/curl/curl_http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <thread>

namespace ratchet {
namespace {

// Answers every request with its name.
class NamedServer {
 public:
  explicit NamedServer(const std::string& name)
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(socket_, reinterpret_cast<sockaddr*>(&address), size);
    listen(socket_, 8);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this, name] { Serve(name); });
  }
  ~NamedServer() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    close(socket_);
  }
  NamedServer(const NamedServer&) = delete;
  NamedServer& operator=(const NamedServer&) = delete;
  [[nodiscard]] std::string Url(const std::string& host) const {
    return "http://" + host + ":" + std::to_string(port_);
  }

 private:
  void Serve(const std::string& name) const {
    const std::string answer =
        "HTTP/1.0 200 OK\r\nContent-Length: " + std::to_string(name.size()) + "\r\n\r\n" + name;
    while (true) {
      const int caller = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
      if (caller < 0) return;
      std::array<char, 4096> request{};
      (void)recv(caller, request.data(), request.size(), 0);
      (void)send(caller, answer.data(), answer.size(), MSG_NOSIGNAL);
      close(caller);
    }
  }
  int socket_;
  int port_ = 0;
  std::jthread thread_;
};

class CurlHttpClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("http_proxy", proxy_.Url("127.0.0.1").c_str(), 1);
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
  }
  void TearDown() override { unsetenv("http_proxy"); }
  std::string Answerer(const std::string& url, Proxy proxy) {
    const auto answer = client_.Send({.url = url, .timeout = Duration(2'000), .proxy = proxy});
    return answer ? answer->body : "nobody";
  }
  NamedServer proxy_{"proxy"}, service_{"service"};
  CurlHttpClient client_;
};

TEST_F(CurlHttpClientTest, ControlCallsNeverTakeAProxy) {
  EXPECT_EQ(Answerer(service_.Url("127.0.0.1"), Proxy::kNever), "service");
  EXPECT_EQ(Answerer("http://service.invalid/", Proxy::kNever), "nobody");
}

TEST_F(CurlHttpClientTest, WhatLeavesTheSiteTakesTheEnvironmentsProxy) {
  EXPECT_EQ(Answerer("http://service.invalid/", Proxy::kOfEnvironment), "proxy");
}

TEST_F(CurlHttpClientTest, ThisMachineIsNeverAskedThroughAProxy) {
  for (const char* host : {"127.0.0.1", "localhost", "LOCALHOST", "127.1.2.3"})
    EXPECT_NE(Answerer(service_.Url(host), Proxy::kOfEnvironment), "proxy") << host;
  EXPECT_EQ(Answerer(service_.Url("127.0.0.1"), Proxy::kOfEnvironment), "service");
}

}  // namespace
}  // namespace ratchet
