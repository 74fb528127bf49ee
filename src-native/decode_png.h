// PNG through libspng: every colour type and depth, interlaced or not. Alpha is dropped, not
// blended; 16-bit samples keep their high byte; gamma and colour profiles are ignored; of an
// animated PNG the default image is taken.
#pragma once

#include "decode.h"

namespace deepfool {

// Throws ImageError, also for a wrong checksum or a file that ends early.
void decodePng(Bytes bytes, const DecodeOptions& options, Image& image);

}  // namespace deepfool
