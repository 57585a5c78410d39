// Messages of a worker, including malicious ones.
#include <doctest/doctest.h>

#include <limits>

#include "../frame.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/random.hpp"

using namespace gradus;
using namespace gradus::grade;

namespace {

Bytes payload_of(const Tensors& tensors) {
  Packer out;
  out.text("name");
  out.tensors(tensors);
  return out.bytes;
}

}  // namespace

TEST_CASE("a payload is read back bit for bit, including NaN, infinity and empty tensors") {
  const Real nan = std::numeric_limits<Real>::quiet_NaN(), inf = std::numeric_limits<Real>::infinity();
  const Tensors sent = {Tensor::of({2, 3}, {1, Real(0.1), -0.0, nan, inf, -inf}), Tensor(),
                        Tensor::of({1, 1, 1, 1}, {7}), Tensor::zeros({0})};
  const Bytes bytes = payload_of(sent);
  Unpacker in(bytes);
  CHECK(in.text() == "name");
  const Tensors got = in.tensors();
  CHECK_NOTHROW(in.end());
  REQUIRE(got.size() == 4);
  CHECK(payload_of(got) == bytes);
  CHECK(got[0].shape() == sent[0].shape());
  CHECK_FALSE(static_cast<bool>(got[1]));
}

TEST_CASE("tensors sharing numbers still share them if requested; references to later tensors are refused") {
  const Tensor a = Tensor::of({2}, {1, 2});
  Packer apart, together;
  apart.tensors({a, a});
  together.tensors({a, a, a.clone()}, true);
  const Tensors two = Unpacker(apart.bytes).tensors(), three = Unpacker(together.bytes).tensors();
  CHECK(two[0].data() != two[1].data());
  CHECK(three[0].data() == three[1].data());
  CHECK(three[0].data() != three[2].data());
  CHECK(three[2][1] == 2);
  Packer first;
  first.u16(1);
  first.bytes.push_back(254);
  first.u16(0);
  CHECK_THROWS_AS(Unpacker(first.bytes).tensors(), gradus::Error);
}

TEST_CASE("headers with a wrong magic, kind, flags or length are refused") {
  const Header header{Kind::result, 0, 7, 0x123456789abcdef0, 100};
  const Bytes bytes = pack_header(header);
  REQUIRE(bytes.size() == header_bytes);
  const Header back = unpack_header(bytes, 100);
  CHECK(back.seq == 7);
  CHECK(back.session == 0x123456789abcdef0);
  CHECK(back.length == 100);
  CHECK_THROWS_WITH_AS(unpack_header(bytes, 99), "a message of 100 bytes where 99 are enough", Error);
  for (const std::size_t at : {std::size_t{0}, std::size_t{3}, std::size_t{5}, std::size_t{6}}) {
    Bytes spoilt = bytes;
    spoilt[at] ^= 0x40;
    CHECK_THROWS_AS(unpack_header(spoilt), Error);
  }
  CHECK_THROWS_AS(unpack_header(std::span(bytes).first(23)), Error);
}

TEST_CASE("sizes that overflow or exceed the message allocate no memory") {
  Packer out;
  out.u16(1);
  out.bytes.push_back(4);
  for (int axis = 0; axis < 4; ++axis) out.u32(0xffffffff);
  Unpacker huge(out.bytes);
  CHECK_THROWS_WITH_AS(huge.tensors(), "a tensor is larger than a message may be", Error);
  Packer rank;
  rank.u16(1);
  rank.bytes.push_back(60);
  Unpacker many_axes(rank.bytes);
  CHECK_THROWS_WITH_AS(many_axes.tensors(), "a tensor has 60 axes", Error);
  Packer count;
  count.u16(65535);
  Unpacker many(count.bytes);
  CHECK_THROWS_AS(many.tensors(), Error);
}

TEST_CASE("300 000 damaged payloads give an Error or tensors no larger than the message") {
  Rng rng(1);
  const Bytes sound = payload_of({Tensor::randn({3, 4}, rng), Tensor::randn({5}, rng), Tensor()});
  int read = 0;
  for (int trial = 0; trial < 300'000; ++trial) {
    Bytes bytes = sound;
    for (std::uint64_t changes = 1 + rng.below(4); changes > 0; --changes)
      bytes[rng.below(bytes.size())] = static_cast<unsigned char>(rng.below(256));
    if (rng.bernoulli(Real(0.3))) bytes.resize(rng.below(bytes.size() + 1));
    try {
      Unpacker in(bytes);
      (void)in.text();
      std::size_t total = 0;
      for (const Tensor& tensor : in.tensors()) total += tensor ? tensor.bytes() : 0;
      in.end();
      REQUIRE(total <= bytes.size());
      ++read;
    } catch (const Error&) {
    }
  }
  CHECK(read > 0);  // a message with only a changed number is valid
}
