#include "adapters/curl/curl_http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>

#include "core/base/text.h"

namespace ratchet {
namespace {

struct Receiver {
  HttpAnswer answer;
  size_t bytes_max = 0;
  bool too_long = false;
};

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto* receiver = static_cast<Receiver*>(user);
  if (receiver->answer.body.size() + size * count > receiver->bytes_max) {
    receiver->too_long = true;
    return 0;
  }
  receiver->answer.body.append(data, size * count);
  return size * count;
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  const std::string_view line(data, size * count);
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    static_cast<Receiver*>(user)->answer.headers[Lowercase(line.substr(0, colon))] =
        Trim(line.substr(colon + 1));
  }
  return size * count;
}

bool NamesThisMachine(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parts(curl_url(), curl_url_cleanup);
  char* raw = nullptr;
  if (parts == nullptr || curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_get(parts.get(), CURLUPART_HOST, &raw, 0) != CURLUE_OK)
    return false;
  const std::unique_ptr<char, decltype(&curl_free)> owned(raw, curl_free);
  const std::string host = Lowercase(raw);
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         host.starts_with("127.");
}

ErrorCode CodeOf(CURLcode code) {
  if (code == CURLE_OPERATION_TIMEDOUT) return ErrorCode::kTimeout;
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
    return ErrorCode::kInvalidArgument;
  return ErrorCode::kUnavailable;
}

}  // namespace

CurlHttpClient::CurlHttpClient() { curl_global_init(CURL_GLOBAL_DEFAULT); }

Result<HttpAnswer> CurlHttpClient::Send(const HttpRequest& request) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(),
                                                                   curl_easy_cleanup);
  if (handle == nullptr) return Fail(ErrorCode::kInternal, "libcurl gives no handle");
  curl_slist* raw = nullptr;
  for (const auto& [name, value] : request.headers)
    raw = curl_slist_append(raw, fmt::format("{}: {}", name, value).c_str());
  raw = curl_slist_append(raw, "Expect:");
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(raw,
                                                                            curl_slist_free_all);
  Receiver receiver{.bytes_max = request.answer_bytes_max};
  CURL* curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (!request.body.empty() || request.method == "POST") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  // An empty name also keeps libcurl from asking the environment.
  if (request.proxy == Proxy::kNever || NamesThisMachine(request.url))
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &receiver);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &receiver);
  const CURLcode code = curl_easy_perform(curl);
  if (receiver.too_long) {
    return Fail(ErrorCode::kResourceExhausted, fmt::format("{} answered with more than {} bytes",
                                                           request.url, request.answer_bytes_max));
  }
  if (code != CURLE_OK)
    return Fail(CodeOf(code),
                fmt::format("{} {}: {}", request.method, request.url, curl_easy_strerror(code)));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  receiver.answer.status = static_cast<int>(status);
  return std::move(receiver.answer);
}

}  // namespace ratchet
