// The border between JavaScript and the plain C++ of this folder: arguments are read and copied on
// the main thread, the work is done on libuv's threads, and a promise brings the result back.
// The TypeScript face (src-ts/data/image.ts) has validated the arguments.
#pragma once

#include <napi.h>

namespace deepfool {

// decodeImage(source: string | Uint8Array, channels, maxPixels) -> { width, height, pixels }
Napi::Value decodeImageAsync(const Napi::CallbackInfo& call);

// loadTensor(source, { resize, cropHeight, cropWidth, channels, bicubic, maxPixels })
//   -> { channels, height, width, data }
Napi::Value loadTensorAsync(const Napi::CallbackInfo& call);

// encodePng(pixels: Uint8Array, width, height, channels) -> Uint8Array
Napi::Value encodePngAsync(const Napi::CallbackInfo& call);

}  // namespace deepfool
