#include "worker.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "decode.h"
#include "encode_png.h"
#include "pipeline.h"

namespace deepfool {
namespace {

// Runs `work()` off the main thread, then `convert(env, result)` on it.
template <typename Work, typename Convert>
class Task : public Napi::AsyncWorker {
 public:
  Task(Napi::Env env, Work work, Convert convert)
      : Napi::AsyncWorker(env, "deepfool_image"),
        deferred_(Napi::Promise::Deferred::New(env)),
        work_(std::move(work)),
        convert_(std::move(convert)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    try {
      result_ = work_();
    } catch (const std::bad_alloc&) {
      SetError("out of memory");
    }  // any other exception becomes the rejection by itself
  }
  void OnOK() override {
    try {
      deferred_.Resolve(convert_(Env(), std::move(result_)));
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
  }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  Napi::Promise::Deferred deferred_;
  Work work_;
  Convert convert_;
  decltype(std::declval<Work>()()) result_{};
};

template <typename Work, typename Convert>
Napi::Value runTask(Napi::Env env, Work work, Convert convert) {
  auto task = std::make_unique<Task<Work, Convert>>(env, std::move(work), std::move(convert));
  const Napi::Promise promise = task->promise();
  task->Queue();
  static_cast<void>(task.release());  // a queued AsyncWorker destroys itself when it is done
  return promise;
}

using Bytes = std::vector<uint8_t>;
using Source = std::variant<std::string, Bytes>;

// The bytes are copied: JavaScript could detach or change its array while a thread reads it.
Bytes copyBytes(const Napi::Value& value) {
  const auto array = value.As<Napi::Uint8Array>();
  return Bytes(array.Data(), array.Data() + array.ByteLength());
}

Source readSource(const Napi::Value& value) {
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  return copyBytes(value);
}

void decodeSource(const Source& source, int64_t maxPixels, Image& image) {
  if (const auto* path = std::get_if<std::string>(&source)) {
    decode(readFile(*path), maxPixels, image);
  } else {
    decode(std::get<Bytes>(source), maxPixels, image);
  }
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
  Bytes pixels;
};

Napi::Value decodedToJs(Napi::Env env, Decoded decoded) {
  auto object = Napi::Object::New(env);
  object.Set("width", decoded.width);
  object.Set("height", decoded.height);
  object.Set("pixels", toTypedArray<uint8_t, Napi::Uint8Array>(env, std::move(decoded.pixels)));
  return object;
}

Napi::Value tensorToJs(Napi::Env env, Tensor tensor) {
  auto object = Napi::Object::New(env);
  object.Set("channels", tensor.channels);
  object.Set("height", tensor.height);
  object.Set("width", tensor.width);
  object.Set("data", toTypedArray<float, Napi::Float32Array>(env, std::move(tensor.data)));
  return object;
}

TensorOptions readTensorOptions(const Napi::Object& object) {
  const auto integer = [&](const char* name) { return object.Get(name).ToNumber().Int32Value(); };
  TensorOptions options;
  options.resize = integer("resize");
  options.cropHeight = integer("cropHeight");
  options.cropWidth = integer("cropWidth");
  options.channels = integer("channels");
  options.filter = object.Get("bicubic").ToBoolean() ? Filter::kBicubic : Filter::kBilinear;
  options.maxPixels = object.Get("maxPixels").ToNumber().Int64Value();
  return options;
}

// One decoded image a thread, its memory kept for the next.
Image& scratchImage() {
  thread_local Image image;
  return image;
}

}  // namespace

Napi::Value decodeImageAsync(const Napi::CallbackInfo& call) {
  const int channels = call[1].ToNumber().Int32Value();
  const int64_t maxPixels = call[2].ToNumber().Int64Value();
  auto work = [source = readSource(call[0]), channels, maxPixels] {
    Image& image = scratchImage();
    decodeSource(source, maxPixels, image);
    if (channels == 1) convertToGray(image);
    return Decoded{image.width, image.height, packChannels(image, channels)};
  };
  return runTask(call.Env(), std::move(work), decodedToJs);
}

Napi::Value loadTensorAsync(const Napi::CallbackInfo& call) {
  auto work = [source = readSource(call[0]),
                     options = readTensorOptions(call[1].As<Napi::Object>())] {
    Image& image = scratchImage();
    decodeSource(source, options.maxPixels, image);
    return makeTensor(image, options);
  };
  return runTask(call.Env(), std::move(work), tensorToJs);
}

Napi::Value encodePngAsync(const Napi::CallbackInfo& call) {
  const int width = call[1].ToNumber().Int32Value();
  const int height = call[2].ToNumber().Int32Value();
  const int channels = call[3].ToNumber().Int32Value();
  Bytes pixels = copyBytes(call[0]);
  const size_t rowLength = static_cast<size_t>(width) * static_cast<size_t>(channels);
  if (pixels.size() != rowLength * static_cast<size_t>(height)) {
    throw Napi::RangeError::New(call.Env(), "encodePng: pixels do not fill width x height");
  }
  auto work = [pixels = std::move(pixels), width, height, channels] {
    return encodePng(pixels, width, height, channels);
  };
  const auto convert = [](Napi::Env env, Bytes png) -> Napi::Value {
    return toTypedArray<uint8_t, Napi::Uint8Array>(env, std::move(png));
  };
  return runTask(call.Env(), std::move(work), convert);
}

}  // namespace deepfool
