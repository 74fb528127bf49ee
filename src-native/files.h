// Whole files in and out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image.h"

namespace deepfool {

// Reads a regular file into memory that is reused and returns its length. Throws ImageError with
// the system's reason, or for a file over the limit.
size_t readFile(const std::string& path, int64_t maxBytes, Buffer& bytes);

// Writes a file whole or not at all: to a temporary name beside it, then renamed. Throws
// runtime_error with the system's reason.
void writeFile(const std::string& path, const std::vector<uint8_t>& bytes);

}  // namespace deepfool
