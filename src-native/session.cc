#include "session.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace deepfool {
namespace {

size_t coreCount() { return std::max(1u, std::thread::hardware_concurrency()); }

}  // namespace

Session::Session(Napi::Env env)
    : channel_(Channel::New(env, "deepfool_image", 0, 1, this)), pool_(coreCount()) {
  channel_.Unref(env);
  // Hooks run last to first: the threads end before the channel that they call goes away.
  env.AddCleanupHook([](Session* session) { session->close(); }, this);
}

Session::~Session() = default;

Session& Session::of(Napi::Env env) { return *env.GetInstanceData<Session>(); }

void Session::expect(Napi::Env env) {
  if (expected_++ == 0) channel_.Ref(env);
}

void Session::finish(Finish finish) {
  auto held = std::make_unique<Finish>(std::move(finish));
  if (channel_.NonBlockingCall(held.get()) == napi_ok) static_cast<void>(held.release());
}

void Session::callBack(Napi::Env env, Napi::Function, Session* session, Finish* finish) {
  const std::unique_ptr<Finish> held(finish);
  if (env == nullptr || session->closed_) return;
  if (--session->expected_ == 0) session->channel_.Unref(env);
  try {
    (*held)(env);
  } catch (const Napi::Error&) {
    // A worker that is being terminated runs no more JavaScript: nobody is left to tell.
  }
}

void Session::close() {
  closed_ = true;
  pool_.setThreads(0);
}

}  // namespace deepfool
