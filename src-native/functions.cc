// What JavaScript may call, each function described in src-ts/data/addon.ts.
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "encode_png.h"
#include "files.h"
#include "kernels.h"
#include "pipeline.h"
#include "session.h"

namespace deepfool {
namespace {

Scratch& scratchOfThread() {
  thread_local Scratch scratch;
  return scratch;
}

// Why something failed: a fault's name for images, none for files that cannot be written.
struct Failure {
  std::string code;
  std::string message;
};

// Runs `work`, which throws, and tells a failure apart from a result. Nothing may leave a thread.
template <typename Work>
std::unique_ptr<Failure> attempt(Work work) {
  std::unique_ptr<Failure> failure;
  try {
    work();
  } catch (const ImageError& error) {
    failure = std::make_unique<Failure>(Failure{nameOf(error.fault()), error.what()});
  } catch (const std::bad_alloc&) {
    failure = std::make_unique<Failure>(Failure{nameOf(Fault::kOutOfMemory), "out of memory"});
  } catch (const std::exception& error) {
    failure = std::make_unique<Failure>(Failure{"", error.what()});
  }
  scratchOfThread().trim();
  return failure;
}

Napi::Value errorOf(Napi::Env env, const Failure& failure) {
  Napi::Object error = Napi::Error::New(env, failure.message).Value();
  if (!failure.code.empty()) error.Set("code", failure.code);
  return error;
}

// Runs `work()` on the pool and resolves a promise with `convert(env, result)`.
template <typename Work, typename Convert>
Napi::Value promiseOf(Napi::Env env, Work work, Convert convert) {
  using Result = decltype(work());
  struct Task {
    Napi::Promise::Deferred deferred;
    Work work;
    Convert convert;
    Result result;
    std::unique_ptr<Failure> failure;
  };
  Session& session = Session::of(env);
  const auto task = std::make_shared<Task>(Task{Napi::Promise::Deferred::New(env), std::move(work),
                                                std::move(convert), Result{}, nullptr});
  session.expect(env);
  session.pool().add([&session, task] {
    task->failure = attempt([&] { task->result = task->work(); });
    session.finish([task](Napi::Env onMain) {
      if (task->failure) {
        task->deferred.Reject(errorOf(onMain, *task->failure));
      } else {
        task->deferred.Resolve(task->convert(onMain, std::move(task->result)));
      }
    });
  });
  return task->deferred.Promise();
}

// The bytes are copied: JavaScript could detach or change its array while a thread reads it.
std::vector<uint8_t> copyBytes(const Napi::Value& value) {
  const auto array = value.As<Napi::Uint8Array>();
  return std::vector<uint8_t>(array.Data(), array.Data() + array.ByteLength());
}

Source readSource(const Napi::Value& value) {
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  return copyBytes(value);
}

std::vector<float> readNumbers(const Napi::Value& value) {
  std::vector<float> numbers;
  const auto array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) {
    numbers.push_back(array.Get(i).ToNumber().FloatValue());
  }
  return numbers;
}

LoadOptions readOptions(const Napi::Value& value) {
  const auto object = value.As<Napi::Object>();
  const auto integer = [&](const char* name) { return object.Get(name).ToNumber().Int64Value(); };
  const auto side = [&](const char* name) { return static_cast<int>(integer(name)); };
  const auto flag = [&](const char* name) { return object.Get(name).ToBoolean().Value(); };
  LoadOptions options;
  options.resize = side("resize");
  options.cropHeight = side("cropHeight");
  options.cropWidth = side("cropWidth");
  options.channels = side("channels");
  options.filter = flag("bicubic") ? Filter::kBicubic : Filter::kBilinear;
  options.layout = flag("channelsLast") ? Layout::kChannelsLast : Layout::kChannelsFirst;
  options.sample = flag("uint8") ? Sample::kUint8 : Sample::kFloat32;
  options.mean = readNumbers(object.Get("mean"));
  options.deviation = readNumbers(object.Get("std"));
  options.maxPixels = integer("maxPixels");
  options.maxBytes = integer("maxBytes");
  options.autoOrient = flag("autoOrient");
  options.firstFrame = flag("firstFrame");
  options.dctScale = flag("dctScale");
  return options;
}

// Gives a vector's memory to JavaScript without copying it.
template <typename T>
Napi::ArrayBuffer adopt(Napi::Env env, std::vector<T> data) {
  auto owner = std::make_unique<std::vector<T>>(std::move(data));
  auto release = [](Napi::Env, void*, std::vector<T>* held) {
    const std::unique_ptr<std::vector<T>> freed(held);
  };
  void* memory = owner->data();
  const size_t byteLength = owner->size() * sizeof(T);
  return Napi::ArrayBuffer::New(env, memory, byteLength, release, owner.release());
}

template <typename T, typename JsArray>
JsArray toTypedArray(Napi::Env env, std::vector<T> data) {
  const size_t length = data.size();
  return JsArray::New(env, length, adopt(env, std::move(data)), 0);
}

struct Decoded {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> pixels;
};

Napi::Value decodeImage(const Napi::CallbackInfo& call) {
  auto work = [source = readSource(call[0]), options = readOptions(call[1])] {
    Scratch& scratch = scratchOfThread();
    decodeSource(source, options, scratch);
    const Image& image = scratch.image;
    return Decoded{image.width, image.height, packChannels(image, options.channels)};
  };
  const auto convert = [](Napi::Env env, Decoded decoded) -> Napi::Value {
    auto object = Napi::Object::New(env);
    object.Set("width", decoded.width);
    object.Set("height", decoded.height);
    object.Set("pixels", toTypedArray<uint8_t, Napi::Uint8Array>(env, std::move(decoded.pixels)));
    return object;
  };
  return promiseOf(call.Env(), std::move(work), convert);
}

Napi::Value loadTensorOf(const Napi::CallbackInfo& call) {
  auto work = [source = readSource(call[0]), options = readOptions(call[1])] {
    return loadTensor(source, options, scratchOfThread());
  };
  const auto convert = [](Napi::Env env, Tensor tensor) -> Napi::Value {
    auto object = Napi::Object::New(env);
    object.Set("channels", tensor.channels);
    object.Set("height", tensor.height);
    object.Set("width", tensor.width);
    object.Set("data", toTypedArray<float, Napi::Float32Array>(env, std::move(tensor.data)));
    return object;
  };
  return promiseOf(call.Env(), std::move(work), convert);
}

struct Picture {
  std::vector<uint8_t> pixels;
  int width;
  int height;
  int channels;

  std::vector<uint8_t> encode() const { return encodePng(pixels, width, height, channels); }
};

// From the arguments pixels, width, height and channels, the first of them at `first`.
Picture readPicture(const Napi::CallbackInfo& call, size_t first) {
  const auto integer = [&](size_t at) { return call[first + at].ToNumber().Int32Value(); };
  Picture picture = {copyBytes(call[first]), integer(1), integer(2), integer(3)};
  const size_t rowLength = static_cast<size_t>(picture.width) * static_cast<size_t>(picture.channels);
  if (picture.pixels.size() != rowLength * static_cast<size_t>(picture.height)) {
    throw Napi::RangeError::New(call.Env(), "pixels do not fill width x height");
  }
  return picture;
}

Napi::Value encodePngOf(const Napi::CallbackInfo& call) {
  auto work = [picture = readPicture(call, 0)] { return picture.encode(); };
  const auto convert = [](Napi::Env env, std::vector<uint8_t> png) -> Napi::Value {
    return toTypedArray<uint8_t, Napi::Uint8Array>(env, std::move(png));
  };
  return promiseOf(call.Env(), std::move(work), convert);
}

Napi::Value writePngOf(const Napi::CallbackInfo& call) {
  auto work = [path = call[0].As<Napi::String>().Utf8Value(), picture = readPicture(call, 1)] {
    const std::vector<uint8_t> png = picture.encode();
    writeFile(path, png);
    return png.size();
  };
  const auto convert = [](Napi::Env env, size_t size) -> Napi::Value {
    return Napi::Number::New(env, static_cast<double>(size));
  };
  return promiseOf(call.Env(), std::move(work), convert);
}

// One call of Batch.load: some images next to each other, each a job, told of together.
struct Portion {
  std::vector<Source> sources;
  std::vector<Failure> outcomes;  // of each: code "" and a warning or nothing, or why it failed
  std::atomic<size_t> left{0};
};

// new Batch(options, output): many images of one size into one array.
class Batch : public Napi::ObjectWrap<Batch> {
 public:
  explicit Batch(const Napi::CallbackInfo& call)
      : Napi::ObjectWrap<Batch>(call), state_(std::make_shared<State>()) {
    state_->options = readOptions(call[0]);
    const auto output = call[1].As<Napi::TypedArray>();
    output_ = Napi::Persistent(output.As<Napi::Object>());
    auto* memory = static_cast<uint8_t*>(output.ArrayBuffer().Data());
    state_->memory = memory + output.ByteOffset();
    const LoadOptions& options = state_->options;
    state_->slotBytes = static_cast<size_t>(options.channels) *
                        static_cast<size_t>(options.cropHeight) *
                        static_cast<size_t>(options.cropWidth) * options.sampleBytes();
    slots_ = state_->slotBytes == 0 ? 0 : output.ByteLength() / state_->slotBytes;
  }

  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Batch",
                       {InstanceMethod<&Batch::load>("load"), InstanceMethod<&Batch::cancel>("cancel")});
  }

 private:
  struct State {
    LoadOptions options;
    uint8_t* memory = nullptr;
    size_t slotBytes = 0;
    std::atomic<bool> cancelled{false};

    Failure loadSlot(const Source& source, size_t slot) const {
      uint8_t* out = memory + slotBytes * slot;
      std::string warning;
      const auto failure = attempt([&] {
        if (cancelled) throw ImageError(Fault::kCancelled, "cancelled");
        warning = loadInto(source, options, scratchOfThread(), out);
      });
      if (!failure) return {"", warning};
      fillMissing(options, out);
      return {failure->code.empty() ? nameOf(Fault::kCorrupt) : failure->code, failure->message};
    }
  };

  // load(sources, first): sources into the slots from `first`; resolves with [code, message] of each.
  Napi::Value load(const Napi::CallbackInfo& call) {
    const auto list = call[0].As<Napi::Array>();
    const size_t first = call[1].ToNumber().Uint32Value();
    const size_t count = list.Length();
    if (count == 0 || first > slots_ || count > slots_ - first) {
      throw Napi::RangeError::New(call.Env(), "sources do not fit the output");
    }
    const auto portion = std::make_shared<Portion>();
    for (uint32_t i = 0; i < count; i++) portion->sources.push_back(readSource(list.Get(i)));
    portion->outcomes.resize(count);
    portion->left = count;

    Session& session = Session::of(call.Env());
    session.expect(call.Env());
    Ref();  // the output is written to until the last job is through
    const auto deferred = Napi::Promise::Deferred::New(call.Env());
    for (size_t i = 0; i < count; i++) {
      session.pool().add([this, &session, state = state_, portion, deferred, first, i] {
        portion->outcomes[i] = state->loadSlot(portion->sources[i], first + i);
        portion->sources[i] = std::string();
        if (--portion->left > 0) return;
        session.finish([this, portion, deferred](Napi::Env env) {
          Unref();
          deferred.Resolve(outcomesToJs(env, portion->outcomes));
        });
      });
    }
    return deferred.Promise();
  }

  void cancel(const Napi::CallbackInfo&) { state_->cancelled = true; }

  static Napi::Value outcomesToJs(Napi::Env env, const std::vector<Failure>& outcomes) {
    auto array = Napi::Array::New(env, outcomes.size());
    for (uint32_t i = 0; i < outcomes.size(); i++) {
      auto pair = Napi::Array::New(env, 2);
      pair.Set(0u, outcomes[i].code);
      pair.Set(1u, outcomes[i].message);
      array.Set(i, pair);
    }
    return array;
  }

  std::shared_ptr<State> state_;
  Napi::ObjectReference output_;
  size_t slots_ = 0;
};

// threads(count?): how many there are; with a count, makes it so many.
Napi::Value threadsOf(const Napi::CallbackInfo& call) {
  Pool& pool = Session::of(call.Env()).pool();
  if (call[0].IsNumber()) pool.setThreads(call[0].ToNumber().Uint32Value());
  return Napi::Number::New(call.Env(), static_cast<double>(pool.threads()));
}

// kernels(name?): the instruction set in use; with a name, chooses it, or tells the one kept.
Napi::Value kernelsOf(const Napi::CallbackInfo& call) {
  if (call[0].IsString()) static_cast<void>(chooseKernels(call[0].As<Napi::String>().Utf8Value()));
  return Napi::String::New(call.Env(), kernels().name);
}

}  // namespace

void registerFunctions(Napi::Env env, Napi::Object exports) {
  auto session = std::make_unique<Session>(env);
  env.SetInstanceData<Session>(session.release());  // freed with the environment
  exports.Set("decodeImage", Napi::Function::New(env, decodeImage));
  exports.Set("loadTensor", Napi::Function::New(env, loadTensorOf));
  exports.Set("encodePng", Napi::Function::New(env, encodePngOf));
  exports.Set("writePng", Napi::Function::New(env, writePngOf));
  exports.Set("Batch", Batch::define(env));
  exports.Set("threads", Napi::Function::New(env, threadsOf));
  exports.Set("kernels", Napi::Function::New(env, kernelsOf));
}

}  // namespace deepfool
