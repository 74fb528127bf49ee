// Threads of our own, one a core: libuv has four, and Node's file system and DNS wait for the same.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace deepfool {

class Pool {
 public:
  using Job = std::function<void()>;  // must not throw

  // Threads start with the first job.
  explicit Pool(size_t threads) : wanted_(threads) {}
  // Finishes the jobs that have begun and drops the others.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void add(Job job);
  // Waits for jobs that have begun; those that wait stay. Not to be called by a job.
  void setThreads(size_t threads);
  size_t threads() const { return wanted_; }

 private:
  void start();
  void stop();
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  std::vector<std::thread> threads_;
  size_t wanted_;
  bool stopping_ = false;
};

}  // namespace deepfool
