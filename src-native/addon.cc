// Registers what JavaScript may call; each function is described in worker.h.
#include <napi.h>

#include "worker.h"

static Napi::Object registerExports(Napi::Env env, Napi::Object exports) {
  exports.Set("decodeImage", Napi::Function::New(env, deepfool::decodeImageAsync));
  exports.Set("loadTensor", Napi::Function::New(env, deepfool::loadTensorAsync));
  exports.Set("encodePng", Napi::Function::New(env, deepfool::encodePngAsync));
  return exports;
}

NODE_API_MODULE(NODE_GYP_MODULE_NAME, registerExports)
