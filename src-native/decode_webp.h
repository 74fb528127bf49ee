// WebP through libwebp, lossy and lossless. Alpha is dropped, not blended. An animation is refused
// unless its first frame is asked for.
#pragma once

#include "decode.h"

namespace deepfool {

// Throws ImageError.
void decodeWebp(Bytes bytes, const DecodeOptions& options, Image& image);

}  // namespace deepfool
