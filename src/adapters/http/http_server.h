#pragma once
// A small HTTP/1.1 server: one address, one handler, limits on size, time and connections.
//
// On the loopback it answers only requests that name the loopback or an address in `Host`: a page
// of another site whose name was made to resolve here gets nothing.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/base/time.h"

namespace ratchet::http {

struct Request {
  std::string method;
  std::string path;                            // without the query
  std::map<std::string, std::string> query;    // decoded
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::map<std::string, std::string> headers;
};

struct ServerConfig {
  std::string address = "127.0.0.1";
  unsigned short port = 0;  // 0: any free one
  int threads = 4;
  size_t body_bytes_max = 16U << 20;
  Duration idle{30'000};      // without a whole request
  int connections_max = 128;  // beyond it the one that sends nothing for longest is closed
};

// "a%20b" → "a b"; a plus stays one.
std::string PercentDecode(std::string_view text);

class Server {
 public:
  using Handler = std::function<Response(const Request&)>;  // called on several threads

  // kUnavailable when the address cannot be had.
  static Result<std::unique_ptr<Server>> Start(const ServerConfig& config, Handler handler);
  ~Server();
  [[nodiscard]] unsigned short port() const;

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ratchet::http
