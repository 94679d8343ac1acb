#include "base/digest.h"

#include <openssl/evp.h>

#include "base/error.h"

namespace polis {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string Digest::hex() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

Digest Digest::from_hex(std::string_view text) {
  Digest digest;
  bool good = text.size() == 2 * digest.bytes.size();
  for (std::size_t i = 0; good && i < digest.bytes.size(); ++i) {
    const int high = digit_of(text[2 * i]);
    const int low = digit_of(text[2 * i + 1]);
    good = high >= 0 && low >= 0;
    digest.bytes[i] = static_cast<std::uint8_t>((high << 4 | low) & 0xff);
  }
  if (!good) {
    throw Error(ErrorKind::bad_input, "cannot read a digest", "not 64 hexadecimal digits",
                "copy the whole name as `polis` prints it");
  }
  return digest;
}

struct Hasher::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  if (state_->context == nullptr ||
      EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) != 1) {
    throw Error(ErrorKind::internal, "cannot start SHA-256", "libcrypto refused");
  }
}

Hasher::~Hasher() = default;

Hasher& Hasher::update(ByteView bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
  return *this;
}

Hasher& Hasher::field(std::string_view text) { return field(text.size()).update(as_bytes(text)); }

Hasher& Hasher::field(std::uint64_t value) {
  std::array<std::byte, 8> little{};
  for (std::size_t i = 0; i < little.size(); ++i) little.at(i) = std::byte(value >> (8 * i) & 0xff);
  return update(little);
}

Digest Hasher::finish() {
  Digest digest;
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context, digest.bytes.data(), &size);
  return digest;
}

Digest digest_of(ByteView bytes) { return Hasher().update(bytes).finish(); }

}  // namespace polis
