// JPEG through libjpeg-turbo: baseline and progressive, gray, YCbCr, RGB, CMYK and YCCK, decoded as
// PIL does (accurate DCT, smooth chroma upsampling). Of a baseline file only the columns and rows
// needed are turned into pixels, with the same bits as when all are.
#pragma once

#include "decode.h"

namespace deepfool {

// Throws ImageError for a file that ends early; stray bytes inside the data are a warning.
void decodeJpeg(Bytes bytes, const DecodeOptions& options, Image& image);

}  // namespace deepfool
