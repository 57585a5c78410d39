#include "gradus/base/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include "gradus/base/check.hpp"

namespace gradus {
namespace fs = std::filesystem;

namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// windowBits of zlib: a window of 2^15 bytes; 16 more selects the gzip format
constexpr int zlib_window = 15, gzip_window = 15 + 16;

// Input and output state of zlib, released at the end of the scope.
struct Inflater {
  z_stream stream{};
  explicit Inflater(int window) {
    GRADUS_CHECK(inflateInit2(&stream, window) == Z_OK, "zlib: no memory to unpack");
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

struct Deflater {
  z_stream stream{};
  Deflater() {
    GRADUS_CHECK(
        deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) == Z_OK,
        "zlib: no memory to pack");
  }
  ~Deflater() { deflateEnd(&stream); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
};

Bytef* zbytes(const std::byte* bytes) { return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes)); }

constexpr std::size_t zlib_chunk = std::size_t{1} << 28;  // zlib's counters have 32 bits

}  // namespace

std::vector<std::byte> read_file(const fs::path& path, std::size_t limit) {
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  GRADUS_CHECK(fs::exists(status), path.string(), ": no such file");
  GRADUS_CHECK(!fs::is_directory(status), path.string(), ": is a folder, expected a file");
  GRADUS_CHECK(fs::is_regular_file(status), path.string(), ": not a regular file");
  const std::uintmax_t size = fs::file_size(path, code);
  GRADUS_CHECK(!code, path.string(), ": cannot read the file size: ", code.message());
  GRADUS_CHECK(size > 0, path.string(), ": the file is empty");
  GRADUS_CHECK(size <= limit, path.string(), ": ", size, " bytes, at most ", limit, " are read");
  const File file(std::fopen(path.c_str(), "rb"));
  GRADUS_CHECK(file, path.string(), ": cannot open: ", std::strerror(errno));
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  const std::size_t got = std::fread(bytes.data(), 1, bytes.size(), file.get());
  GRADUS_CHECK(got == bytes.size(), path.string(), ": read ", got, " of ", bytes.size(), " bytes");
  return bytes;
}

bool is_gzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

namespace {

// Unpacks a zlib stream or the members of a gzip file.
std::vector<std::byte> unpacked(std::span<const std::byte> bytes, int window, const std::string& name,
                                std::size_t limit) {
  const char* format = window == gzip_window ? "gzip" : "zlib";
  Inflater inflater(window);
  z_stream& z = inflater.stream;
  std::vector<std::byte> out;
  std::size_t used = 0, filled = 0;
  for (;;) {
    // deflate packs at most 1032 to 1, so the buffer never exceeds what the file can hold
    if (filled == out.size()) {
      GRADUS_CHECK(filled < limit, name, ": unpacks to more than ", limit, " bytes");
      out.resize(std::min(limit, std::max(filled * 2, std::max(bytes.size() * 4, std::size_t{4096}))));
    }
    const std::size_t in = std::min(bytes.size() - used, zlib_chunk),
                      room = std::min(out.size() - filled, zlib_chunk);
    z.next_in = zbytes(bytes.data() + used);
    z.avail_in = static_cast<uInt>(in);
    z.next_out = zbytes(out.data() + filled);
    z.avail_out = static_cast<uInt>(room);
    const int result = inflate(&z, Z_NO_FLUSH);
    used += in - z.avail_in;
    filled += room - z.avail_out;
    if (result == Z_STREAM_END) {
      if (used == bytes.size() || window == zlib_window) break;
      GRADUS_CHECK(is_gzip(bytes.subspan(used)), name, ": ", bytes.size() - used,
                   " bytes after the end of the gzip data");
      GRADUS_CHECK(inflateReset(&z) == Z_OK, name, ": zlib cannot continue with the second gzip member");
      continue;
    }
    GRADUS_CHECK(result == Z_OK || result == Z_BUF_ERROR, name, ": damaged ", format, " data near byte ",
                 used, ": ", z.msg ? z.msg : "unknown error");
    GRADUS_CHECK(used < bytes.size() || filled == out.size(), name, ": the ", format,
                 " data is cut off after ", bytes.size(), " bytes");
  }
  out.resize(filled);
  return out;
}

}  // namespace

std::vector<std::byte> gunzip(std::span<const std::byte> bytes, const std::string& name, std::size_t limit) {
  GRADUS_CHECK(is_gzip(bytes), name, ": not a gzip file");
  return unpacked(bytes, gzip_window, name, limit);
}

std::vector<std::byte> unpack_zlib(std::span<const std::byte> bytes, const std::string& name,
                                   std::size_t limit) {
  return unpacked(bytes, zlib_window, name, limit);
}

std::vector<std::byte> gzip(std::span<const std::byte> bytes) {
  Deflater deflater;
  z_stream& z = deflater.stream;
  std::vector<std::byte> out(bytes.size() / 4 + 1024);
  std::size_t used = 0, filled = 0;
  for (int result = Z_OK; result != Z_STREAM_END;) {
    if (filled == out.size()) out.resize(out.size() * 2);
    const std::size_t in = std::min(bytes.size() - used, zlib_chunk),
                      room = std::min(out.size() - filled, zlib_chunk);
    z.next_in = zbytes(bytes.data() + used);
    z.avail_in = static_cast<uInt>(in);
    z.next_out = zbytes(out.data() + filled);
    z.avail_out = static_cast<uInt>(room);
    result = deflate(&z, used + in == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    GRADUS_CHECK(result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR, "gzip: zlib failed");
    used += in - z.avail_in;
    filled += room - z.avail_out;
  }
  out.resize(filled);
  return out;
}

NewFile::NewFile(const fs::path& path) : path_(path), temporary_(path) {
  GRADUS_CHECK(!path.filename().empty(), "write_file: '", path.string(), "' has no file name");
  temporary_ += text(".tmp-", ::getpid());
  file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file_ < 0) fail(std::strerror(errno));
}

NewFile::~NewFile() {
  if (file_ >= 0) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void NewFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), std::min(bytes.size(), std::size_t{1} << 30));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail(std::strerror(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void NewFile::flush() {
  if (::fsync(file_) != 0 && errno != EINVAL) fail(std::strerror(errno));
  flushed_ = true;
}

void NewFile::commit() {
  if (::close(std::exchange(file_, -1)) != 0) fail(std::strerror(errno));
  std::error_code code;
  fs::rename(temporary_, path_, code);
  if (code) fail(code.message());
  temporary_.clear();
  if (!flushed_) return;
  const fs::path folder = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
  const int handle = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) return;
  ::fsync(handle);
  ::close(handle);
}

void NewFile::fail(const std::string& why) {
  if (file_ >= 0) ::close(file_);  // no destructor runs after a constructor fails
  file_ = -1;
  throw Error(text(path_.string(), ": cannot write: ", why));
}

FileLock::FileLock(const fs::path& file, const std::function<void()>& on_wait)
    : file_(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  GRADUS_CHECK(file_ >= 0, file.string(), ": cannot be written: ", std::strerror(errno));
  int result = flock(file_, LOCK_EX | LOCK_NB);
  if (result != 0 && errno == EWOULDBLOCK) {
    if (on_wait) on_wait();
    do {
      result = flock(file_, LOCK_EX);
    } while (result != 0 && errno == EINTR);
  }
  if (result != 0) {
    const std::string why = std::strerror(errno);
    close(file_);
    throw Error(text(file.string(), ": cannot be locked: ", why));
  }
}

FileLock::~FileLock() { close(file_); }

void write_file(const fs::path& path, std::span<const std::byte> bytes) {
  NewFile file(path);
  file.write(bytes);
  file.commit();
}

void make_folder(const fs::path& folder) {
  std::error_code code;
  fs::create_directories(folder, code);
  GRADUS_CHECK(!code, folder.string(), ": cannot write: the folder cannot be created: ", code.message());
}

fs::path plain_or_gz(const fs::path& path) {
  for (const char* ending : {"", ".gz"}) {
    fs::path file = path.string() + ending;
    std::error_code code;
    if (fs::exists(fs::symlink_status(file, code)) && !fs::is_directory(file, code)) return file;
  }
  return {};
}

std::string shell_quoted(std::string_view words) {
  std::string out = "'";
  for (const char c : words) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string_view text_in(std::span<const std::byte> bytes, const std::string& name) {
  std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  GRADUS_CHECK(!file.starts_with("\xff\xfe") && !file.starts_with("\xfe\xff"), name,
               ": is UTF-16 text, expected UTF-8 (save it as UTF-8)");
  if (file.starts_with("\xef\xbb\xbf")) file.remove_prefix(3);
  return file.substr(0, file.find_last_not_of(" \t\r\n") + 1);
}

}  // namespace gradus
