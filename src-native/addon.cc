// Registers what JavaScript may call.
#include <napi.h>

#include "session.h"

static Napi::Object registerExports(Napi::Env env, Napi::Object exports) {
  deepfool::registerFunctions(env, exports);
  return exports;
}

NODE_API_MODULE(NODE_GYP_MODULE_NAME, registerExports)
