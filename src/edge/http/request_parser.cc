#include "edge/http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>

#include "base/limits.h"

namespace lakelift::http {
namespace {

namespace beast = boost::beast::http;
using ErrorCode = boost::system::error_code;

constexpr std::uint64_t kMostBodyBytes = std::uint64_t{1} << 62;  // its double, and more, is a number still

// A body that grows with what arrives. (string_body reserves what Content-Length claims before a byte of it is there.)
struct GrowingBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool is_request, class Fields>
    reader(beast::header<is_request, Fields>&, value_type& body) : body_(body) {}
    static void init(const boost::optional<std::uint64_t>&, ErrorCode& ec) { ec = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, ErrorCode& ec) {
      ec = {};
      std::size_t size = 0;
      for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers);
           ++it) {
        const boost::asio::const_buffer buffer(*it);
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
        size += buffer.size();
      }
      return size;
    }
    static void finish(ErrorCode& ec) { ec = {}; }

   private:
    value_type& body_;
  };
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct RequestParser::State {
  beast::request_parser<GrowingBody> parser;
  std::uint64_t wire_bytes = 0;  // that the body took, chunk headers included
  std::uint64_t most_wire_bytes = 0;
};

RequestParser::RequestParser() : state_(std::make_unique<State>()) {
  state_->parser.header_limit(limits::kHeaderBytes + 1);
  state_->parser.body_limit(boost::none);  // the route decides, after the head
  state_->parser.eager(false);
}
RequestParser::~RequestParser() = default;

std::optional<Refusal> RequestParser::parse_head(std::string_view bytes, RequestHead& out) {
  auto& parser = state_->parser;
  ErrorCode ec;
  const std::size_t used = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  if (ec == beast::error::header_limit) return Refusal{431, "the header is too large"};
  if (ec || used != bytes.size() || !parser.is_header_done()) return Refusal{400, "the header can't be understood"};
  const auto& message = parser.get();
  out.method = view(message.method_string());
  out.target = view(message.target());
  out.version = static_cast<int>(message.version());
  out.keep_alive = parser.keep_alive();
  for (const auto& field : message) out.headers.emplace_back(lower(view(field.name_string())), view(field.value()));
  return check_framing(out);
}

void RequestParser::limit_body(std::uint64_t most_bytes) {
  state_->parser.body_limit(most_bytes);
  state_->most_wire_bytes = 2 * std::min(most_bytes, kMostBodyBytes) + 4 * limits::kHeaderBytes;
}

RequestParser::Fed RequestParser::parse_body(std::string_view bytes, std::string& body) {
  auto& parser = state_->parser;
  Fed fed;
  body.swap(parser.get().body());
  while (!parser.is_done()) {
    const std::string_view rest = bytes.substr(fed.used);
    ErrorCode ec;
    const std::size_t used = parser.put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
    fed.used += used;
    state_->wire_bytes += used;
    if (ec == beast::error::body_limit || state_->wire_bytes > state_->most_wire_bytes) {
      fed.refusal = Refusal{413, "the body is too large"};
    } else if (ec == beast::error::need_more) {
      // A chunk's header or the trailer is not whole yet.
      if (rest.size() - used > limits::kHeaderBytes)
        fed.refusal = Refusal{400, "a chunk header or trailer is too large"};
      break;
    } else if (ec) {
      fed.refusal = Refusal{400, "the body's chunks can't be understood"};
    }
    if (fed.refusal || used == 0) break;
  }
  body.swap(parser.get().body());
  fed.done = parser.is_done();
  return fed;
}

}  // namespace lakelift::http
