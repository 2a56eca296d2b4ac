// A queue between threads that never holds more than its bound: a push to a full queue fails, and
// the caller decides what that means. FIFO per producing thread. The only file that includes
// moodycamel's queue.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

#include <concurrentqueue/concurrentqueue.h>

namespace ior {

// Thread safety: every function may be called by any number of threads.
// Invariant: at most `bound` elements are in the queue; their memory is allocated at construction.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t bound) : bound_(bound), queue_(2 * bound) {}

  // False, and `value` untouched, when the queue is full.
  bool try_push(T&& value) {
    if (size_.fetch_add(1, std::memory_order_acquire) >= bound_) {
      size_.fetch_sub(1, std::memory_order_release);
      return false;
    }
    queue_.enqueue(std::move(value));
    return true;
  }

  // False when nothing is there.
  bool try_pop(T& value) {
    if (!queue_.try_dequeue(value)) return false;
    size_.fetch_sub(1, std::memory_order_release);
    return true;
  }

 private:
  const std::size_t bound_;
  std::atomic<std::size_t> size_{0};
  moodycamel::ConcurrentQueue<T> queue_;
};

}  // namespace ior
