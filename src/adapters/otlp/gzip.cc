#include "adapters/otlp/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>

namespace ratchet::otlp {

Result<std::string> Inflate(std::string_view body, size_t bytes_max) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK)
    return Fail(ErrorCode::kInternal, "zlib cannot start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  std::string out;
  std::array<char, 65536> buffer;
  int code = Z_OK;
  while (code == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    code = inflate(&stream, Z_NO_FLUSH);
    const size_t got = buffer.size() - stream.avail_out;
    if (out.size() + got > bytes_max) {
      inflateEnd(&stream);
      return Fail(ErrorCode::kResourceExhausted,
                  fmt::format("the body inflates to more than {} bytes", bytes_max));
    }
    out.append(buffer.data(), got);
    if (code == Z_OK && got == 0 && stream.avail_in == 0) break;
    // Another member, or what is none: then the next inflate says so.
    if (code == Z_STREAM_END && stream.avail_in > 0) code = inflateReset(&stream);
  }
  inflateEnd(&stream);
  if (code != Z_STREAM_END)
    return Fail(ErrorCode::kInvalidArgument, "the gzip body is damaged or cut off");
  return out;
}

}  // namespace ratchet::otlp
