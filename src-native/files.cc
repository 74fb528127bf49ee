#include "files.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>
#include <stdexcept>
#include <system_error>

namespace deepfool {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

std::string systemReason() { return std::generic_category().message(errno); }

[[noreturn]] void unreadable(const std::string& reason) {
  throw ImageError(Fault::kUnreadable, reason);
}

// No two threads or processes share one: an unpredictable part for processes, a count for threads.
std::string temporaryName(const std::string& path) {
  static const uint32_t process = std::random_device{}();
  static std::atomic<uint32_t> count{0};
  return path + "." + std::to_string(process) + "-" + std::to_string(count++) + ".tmp";
}

}  // namespace

size_t readFile(const std::string& path, int64_t maxBytes, Buffer& bytes) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error) unreadable(error.message());
  if (!std::filesystem::is_regular_file(status)) unreadable("not a regular file");
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error) unreadable(error.message());
  if (size > static_cast<uintmax_t>(maxBytes)) {
    throw ImageError(Fault::kTooLarge, "a file of " + std::to_string(size) +
                                           " bytes, over the limit of " +
                                           std::to_string(maxBytes));
  }
  const File file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) unreadable(systemReason());
  std::setvbuf(file.get(), nullptr, _IONBF, 0);  // one read into place
  bytes.reserve(static_cast<size_t>(size) + 1);
  const size_t length = std::fread(bytes.data(), 1, static_cast<size_t>(size), file.get());
  if (std::ferror(file.get()) != 0) unreadable("reading the file failed");
  return length;
}

void writeFile(const std::string& path, const std::vector<uint8_t>& bytes) {
  const std::string temporary = temporaryName(path);
  File file(std::fopen(temporary.c_str(), "wbx"), std::fclose);
  if (!file) throw std::runtime_error(systemReason());
  std::string reason;
  if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) {
    reason = systemReason();
  }
  if (std::fclose(file.release()) != 0 && reason.empty()) reason = systemReason();
  if (reason.empty()) {
    if (std::rename(temporary.c_str(), path.c_str()) == 0) return;
    reason = systemReason();
  }
  std::remove(temporary.c_str());
  throw std::runtime_error(reason);
}

}  // namespace deepfool
