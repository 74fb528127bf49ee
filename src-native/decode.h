// From a file's bytes to pixels, whatever the format. The format is told by the first bytes, never
// by the file's name. A new format is a decode_FORMAT.cc and one line in decode.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image.h"

namespace deepfool {

// Reads a whole regular file; throws ImageError with the system's reason.
std::vector<uint8_t> readFile(const std::string& path);

// Decodes into `image`, whose memory is reused. Throws ImageError.
void decode(const std::vector<uint8_t>& bytes, int64_t maxPixels, Image& image);

}  // namespace deepfool
