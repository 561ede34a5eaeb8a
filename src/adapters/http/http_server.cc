#include "adapters/http/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/base/text.h"

namespace ratchet::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using Tcp = asio::ip::tcp;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Of a query, where a plus is a space.
std::string FormDecode(std::string text) {
  std::ranges::replace(text, '+', ' ');
  return PercentDecode(text);
}

Request Convert(const bhttp::request<bhttp::string_body>& message) {
  Request request{.method = std::string(message.method_string()), .body = message.body()};
  const std::string target(message.target());
  const size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string::npos) {
    for (const auto& pair : Split(std::string_view(target).substr(mark + 1), '&')) {
      const size_t equals = pair.find('=');
      if (!pair.empty())
        request.query[FormDecode(pair.substr(0, equals))] =
            equals == std::string::npos ? "" : FormDecode(pair.substr(equals + 1));
    }
  }
  for (const auto& field : message)
    request.headers[Lowercase(std::string(field.name_string()))] = std::string(field.value());
  return request;
}

// "localhost:8004", "[::1]", "10.0.0.1": no name that somebody else's name server answers for.
bool NamesTheLoopback(std::string_view host) {
  const bool bracketed = host.starts_with("[");
  std::string_view name = host.substr(0, bracketed ? host.find(']') : host.find(':'));
  if (bracketed) name.remove_prefix(1);
  beast::error_code error;
  (void)asio::ip::make_address(name, error);
  return !error || Lowercase(std::string(name)) == "localhost";
}

class Session;

// The connections that wait for a request, the one that waits longest first. Thread-safe.
class Waiting {
 public:
  using Place = std::list<std::weak_ptr<Session>>::iterator;
  Place Add(std::weak_ptr<Session> session) {
    const std::scoped_lock lock(mutex_);
    return sessions_.insert(sessions_.end(), std::move(session));
  }
  void Remove(Place place) {
    const std::scoped_lock lock(mutex_);
    sessions_.erase(place);
  }
  std::shared_ptr<Session> Longest() {
    const std::scoped_lock lock(mutex_);
    for (const auto& session : sessions_) {
      if (auto alive = session.lock()) return alive;
    }
    return nullptr;
  }

 private:
  std::mutex mutex_;
  std::list<std::weak_ptr<Session>> sessions_;
};

// What every session of a server uses.
struct Shared {
  ServerConfig config;
  Server::Handler handler;
  bool loopback = false;
  std::atomic<int> open = 0;
  Waiting waiting;
};

class Session : public std::enable_shared_from_this<Session> {  // shared: pending operations own it
 public:
  Session(Tcp::socket socket, Shared& shared) : stream_(std::move(socket)), shared_(shared) {
    ++shared_.open;
  }
  ~Session() {
    StopWaiting();
    --shared_.open;
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // From any thread: the operation that waits ends with an error, and the session with it.
  void Close() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      if (self->place_) self->stream_.close();  // a request that came meanwhile is answered
    });
  }

  void Read() {
    place_ = shared_.waiting.Add(weak_from_this());
    parser_ = std::make_unique<Parser>();
    parser_->body_limit(shared_.config.body_bytes_max);
    stream_.expires_after(shared_.config.idle);
    bhttp::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](beast::error_code error, size_t) { self->OnRead(error); });
  }

 private:
  void StopWaiting() {
    if (place_) shared_.waiting.Remove(*place_);
    place_.reset();
  }

  void OnRead(beast::error_code error) {
    StopWaiting();
    if (error == bhttp::error::body_limit) {
      return Answer(
          {.status = 413,
           .body = R"({"error":{"code":"resource_exhausted","message":"the body is too large"}})"},
          false);
    }
    if (error) return;  // closed, too slow, or no HTTP
    Response response = Handle();
    const bool body = parser_->get().method() != bhttp::verb::head;
    if (!body) response.body.clear();
    Answer(response, parser_->get().keep_alive());
  }

  Response Handle() {
    const auto& message = parser_->get();
    const auto host = message[bhttp::field::host];
    if (shared_.loopback && !NamesTheLoopback({host.data(), host.size()})) {
      return {
          .status = 421,
          .body =
              R"({"error":{"code":"permission_denied","message":"Host: allowed: localhost or an address"}})"};
    }
    try {
      return shared_.handler(Convert(message));
    } catch (const std::exception& e) {
      return {
          .status = 500,
          .body = R"({"error":{"code":"internal","message":"the request could not be handled"}})"};
    }
  }

  void Answer(const Response& response, bool keep_alive) {
    message_ = {};
    message_.version(11);
    message_.result(static_cast<unsigned>(response.status));
    message_.set(bhttp::field::content_type, response.content_type);
    message_.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) message_.set(name, value);
    message_.body() = response.body;
    message_.keep_alive(keep_alive);
    message_.prepare_payload();
    bhttp::async_write(stream_, message_,
                       [self = shared_from_this(), keep_alive](beast::error_code error, size_t) {
                         if (error) return;
                         if (keep_alive) return self->Read();
                         beast::error_code ignored;
                         (void)self->stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
                         self->Drain(kDrainBytes);
                       });
  }

  // A sender that is still sending sees our answer only if its bytes are taken: closing at once
  // would reset the connection.
  void Drain(size_t left) {
    stream_.expires_after(Duration(5'000));
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(65536),
                            [self = shared_from_this(), left](beast::error_code error, size_t got) {
                              if (!error && got < left) self->Drain(left - got);
                            });
  }
  static constexpr size_t kDrainBytes = 64U << 20;

  beast::tcp_stream stream_;
  Shared& shared_;
  std::optional<Waiting::Place> place_;
  beast::flat_buffer buffer_;
  using Parser = bhttp::request_parser<bhttp::string_body>;
  std::unique_ptr<Parser> parser_;  // a new one a request
  bhttp::response<bhttp::string_body> message_;
};

}  // namespace

std::string PercentDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

struct Server::State {
  State(ServerConfig c, Handler h)
      : shared{.config = std::move(c), .handler = std::move(h), .waiting = {}},
        context(shared.config.threads),
        acceptor(context),
        pause(context) {}

  void Accept() {
    acceptor.async_accept(
        asio::make_strand(context), [this](beast::error_code error, Tcp::socket socket) {
          if (error == asio::error::operation_aborted) return;
          // Whoever only waits makes room: nobody locks others out by being connected.
          if (!error && shared.open >= shared.config.connections_max) {
            if (const auto longest = shared.waiting.Longest()) longest->Close();
          }
          const int hard_limit = 2 * shared.config.connections_max;  // they are being closed
          if (!error && shared.open < hard_limit)
            std::make_shared<Session>(std::move(socket), shared)->Read();
          if (!error) return Accept();
          // No descriptor is free, most likely: asking again at once would only take time.
          pause.expires_after(std::chrono::milliseconds(50));
          pause.async_wait([this](beast::error_code stopped) {
            if (!stopped) Accept();
          });
        });
  }

  Shared shared;
  asio::io_context context;
  Tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::vector<std::jthread> threads;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Server>> Server::Start(const ServerConfig& config, Handler handler) {
  auto state = std::make_unique<State>(config, std::move(handler));
  beast::error_code error;
  const auto address = asio::ip::make_address(config.address, error);
  if (error)
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("\"{}\" is no IP address", config.address));
  state->shared.loopback = address.is_loopback();
  const Tcp::endpoint endpoint(address, config.port);
  (void)state->acceptor.open(endpoint.protocol(), error);
  if (!error) (void)state->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) (void)state->acceptor.bind(endpoint, error);
  if (!error) (void)state->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return Fail(ErrorCode::kUnavailable,
                fmt::format("listen on {}:{}: {}", config.address, config.port, error.message()));
  state->Accept();
  for (int i = 0; i < config.threads; ++i) {
    state->threads.emplace_back([raw = state.get()] { raw->context.run(); });
  }
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::~Server() { state_->context.stop(); }

unsigned short Server::port() const { return state_->acceptor.local_endpoint().port(); }

}  // namespace ratchet::http
