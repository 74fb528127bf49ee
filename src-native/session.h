// The border between JavaScript and the plain C++ of this folder, one for each Node environment:
// arguments are read on the main thread, work is done on the pool's threads, and what came of it is
// told on the main thread again. The TypeScript face (src-ts/data/) has validated the arguments.
#pragma once

#include <functional>
#include <memory>

#include <napi.h>

#include "pool.h"

namespace deepfool {

class Session {
 public:
  // What is done on the main thread when a job is through; on the environment's end it is dropped.
  using Finish = std::function<void(Napi::Env)>;

  explicit Session(Napi::Env env);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  static Session& of(Napi::Env env);

  // Keeps the event loop alive until as many `finish` have been called as were announced.
  void expect(Napi::Env env);
  void finish(Finish finish);  // from any thread
  Pool& pool() { return pool_; }

 private:
  static void callBack(Napi::Env env, Napi::Function, Session* session, Finish* finish);
  using Channel = Napi::TypedThreadSafeFunction<Session, Finish, callBack>;

  void close();

  Channel channel_;
  size_t expected_ = 0;
  bool closed_ = false;
  Pool pool_;
};

// Defines what JavaScript may call; see NativeAddon in src-ts/data/addon.ts.
void registerFunctions(Napi::Env env, Napi::Object exports);

}  // namespace deepfool
