#include "pool.h"

#include <utility>

namespace deepfool {

Pool::~Pool() { stop(); }

void Pool::add(Job job) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  if (threads_.empty()) start();
  wake_.notify_one();
}

void Pool::setThreads(size_t threads) {
  if (threads == wanted_) return;
  stop();
  wanted_ = threads;
  const bool waiting = [this] {
    const std::lock_guard<std::mutex> lock(mutex_);
    return !jobs_.empty();
  }();
  if (waiting) start();
}

void Pool::start() {
  stopping_ = false;
  while (threads_.size() < wanted_) threads_.emplace_back([this] { work(); });
}

void Pool::stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Pool::work() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

}  // namespace deepfool
