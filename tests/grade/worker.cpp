// The process that runs a student's code: reads calls and sends results. It holds no expected values,
// and nothing that it prints or returns is a score.
//
//   worker GUARDS reads frames from file descriptor 3, writes to 4; GUARDS: a number of Guards (guarded.hpp)
#include <cxxabi.h>
#include <execinfo.h>
#include <omp.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "calls.hpp"
#include "gradus/base/todo.hpp"
#include "guarded.hpp"
#include "lockdown.hpp"

namespace gradus::grade {
namespace {

constexpr int frames_in = 3, frames_out = 4;

bool read_all(unsigned char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::read(frames_in, data, size);
    if (got <= 0) return false;
    data += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

void write_all(const Bytes& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::write(frames_out, bytes.data() + done, bytes.size() - done);
    if (put <= 0) _exit(99);
    done += static_cast<std::size_t>(put);
  }
}

void answer(Kind kind, const Header& question, Packer payload) {
  Bytes bytes = pack_header(
      {kind, 0, question.seq, question.session, static_cast<std::uint32_t>(payload.bytes.size())});
  bytes.insert(bytes.end(), payload.bytes.begin(), payload.bytes.end());
  write_all(bytes);
}

/// Runs one call and sends its outcome.
void serve(const Header& question, std::span<const unsigned char> payload) {
  Unpacker in(payload);
  const std::string name = in.text();
  const Tensors inputs = in.tensors();
  in.end();
  Packer out;
  const auto thrown = [&](const char* type, const char* what) {
    if (denied_call()) type = "denied", what = denied_call();  // the refused call is the cause
    out.text(std::string_view(type).substr(0, 500));           // answers have a size limit
    out.text(std::string_view(what).substr(0, 2000));
    answer(Kind::thrown, question, std::move(out));
  };
  try {
    Tensors kept;
    for (const Tensor& input : inputs) kept.push_back(input ? input.clone() : Tensor());
    const Tensors outputs = call_named(name)(inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i] && std::memcmp(inputs[i].data(), kept[i].data(), kept[i].bytes()) != 0)
        return thrown(
            "overrun",
            "writes to its inputs: a copy of a Tensor refers to the same numbers; clone() them first");
    if (const char* damage = damaged_tensor()) return thrown("overrun", damage);
    out.text(denied_call() ? denied_call() : "");
    out.tensors(outputs, true);
    if (out.bytes.size() > max_payload) {
      out = {};
      return thrown("large", "returns more than 64 MiB of numbers: check the shapes");
    }
    answer(Kind::result, question, std::move(out));
  } catch (const NotImplemented& todo) {
    out.text(std::string_view(todo.id).substr(0, 500));
    out.text(std::string_view(todo.file).substr(0, 2000));
    out.u32(static_cast<std::uint32_t>(todo.line));
    answer(Kind::todo, question, std::move(out));
  } catch (const std::bad_alloc&) {
    thrown("memory", "");
  } catch (const Error& error) {
    thrown("gradus::Error", error.what());
  } catch (const std::exception& error) {
    int status = 0;
    char* type = abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &status);
    thrown(type ? type : "std::exception", error.what());
    std::free(type);
  } catch (...) {
    thrown("a value that is not an exception (an int or a string?)", "");
  }
}

}  // namespace
}  // namespace gradus::grade

int main(int count, char** words) {
  using namespace gradus::grade;
  if (count > 1) fill_guards(static_cast<Guards>(std::atoi(words[1])));
  omp_set_num_threads(1);
  report_crashes();
  lock_down();
  answer(Kind::hello, {}, {});
  for (;;) {
    unsigned char bytes[header_bytes];
    if (!read_all(bytes, sizeof bytes)) return 0;
    const Header header = unpack_header(bytes);
    Bytes payload(header.length);
    if (!read_all(payload.data(), payload.size())) return 0;
    serve(header, payload);
    std::fflush(nullptr);
  }
}
