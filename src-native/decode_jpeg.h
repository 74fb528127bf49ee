// JPEG through libjpeg-turbo: baseline and progressive, gray, YCbCr, RGB, CMYK and YCCK, decoded as
// PIL does (accurate DCT, smooth chroma upsampling). EXIF orientation is not applied.
#pragma once

#include <cstdint>
#include <vector>

#include "image.h"

namespace deepfool {

// Throws ImageError for a file that ends early; stray bytes inside the data are tolerated.
void decodeJpeg(const std::vector<uint8_t>& bytes, int64_t maxPixels, Image& image);

}  // namespace deepfool
