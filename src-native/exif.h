// The one thing that is read of EXIF: which way up the picture is.
#pragma once

#include <cstddef>
#include <cstdint>

namespace deepfool {

// The orientation, 1 to 8, in a block that begins with a TIFF header, or with "Exif\0\0" and then
// one. 1 for whatever is malformed.
int exifOrientation(const uint8_t* data, size_t size);

}  // namespace deepfool
