#include "app/client.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "adapters/curl/curl_http_client.h"
#include "app/state_folder.h"
#include "core/base/text.h"

namespace ratchet {

Client::Client(const AppConfig& config, std::string key)
    : base_(fmt::format("http://{}:{}", config.http_address, config.http_port)),
      key_(std::move(key)) {
  if (key_.empty())
    key_ = std::string(Trim(ReadTextFile(config.state_dir + "/cli.key").value_or("")));
}

Result<nlohmann::json> Client::Get(const std::string& path) const { return Ask("GET", path, ""); }
Result<nlohmann::json> Client::Post(const std::string& path, const nlohmann::json& body) const {
  return Ask("POST", path, body.dump());
}

Result<nlohmann::json> Client::Ask(const std::string& method, const std::string& path,
                                   const std::string& body) const {
  CurlHttpClient http;
  const auto answer = http.Send(
      {.method = method,
       .url = base_ + path,
       .headers = {{"Authorization", "Bearer " + key_}, {"Content-Type", "application/json"}},
       .body = body,
       .timeout = Duration(30'000),
       .answer_bytes_max = 64U << 20});
  if (!answer)
    return Fail(ErrorCode::kUnavailable,
                fmt::format("no daemon answers on {} (start one with `ratchet run`): {}", base_,
                            answer.error().message));
  auto json = nlohmann::json::parse(answer->body, nullptr, false);
  if (answer->status / 100 == 2 && !json.is_discarded()) return json;
  const bool worded = json.is_object() && json.contains("error");
  const std::string message =
      worded ? json["error"].value("message", "") : Shorten(answer->body, 200);
  return Fail(answer->status == 401 || answer->status == 403 ? ErrorCode::kPermissionDenied
                                                             : ErrorCode::kInvalidArgument,
              message);
}

}  // namespace ratchet
