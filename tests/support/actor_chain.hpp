// The actors in a row without a flow graph: record bytes in, finished calls out, batch by batch,
// for one shard. A batch is gone before the next one comes, so a view that outlives its batch shows
// under ASan.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "actors/decoder.hpp"
#include "actors/fd_tracker.hpp"
#include "actors/pairer.hpp"
#include "tests/support/records.hpp"
#include "tests/support/seen_calls.hpp"

namespace ior::test {

inline BatchPtr decoded(Bytes ring_bytes, RawBatch place = {}, std::size_t shards = 1) {
  auto batch = std::make_shared<Batch>(shards);
  batch->raw = std::move(place);
  batch->raw.bytes = std::move(ring_bytes);
  Decoder().decode(*batch);
  return batch;
}

class ActorChain {
 public:
  explicit ActorChain(CallFilter filter = {}, std::size_t rings = 8,
                      std::size_t max_threads = Pairer::kMaxThreads,
                      std::shared_ptr<Roots> roots = std::make_shared<Roots>())
      : tracker_(rings, roots),
        pairer_(0, std::move(filter), std::make_shared<HandleNames>(), std::move(roots),
                max_threads) {}

  // One batch, read in the pass under way.
  std::vector<SeenCall> feed(const std::vector<Bytes>& records) {
    return run(
        {.bytes = concatenated(records), .order = order_++, .pass = pass_, .completed = pass_ - 1});
  }
  std::vector<SeenCall> feed(const RecordBuilder& record) { return feed({record.bytes()}); }

  void end_pass() { ++pass_; }
  // A pass in which nothing was read.
  std::vector<SeenCall> empty_pass() {
    end_pass();
    return feed(std::vector<Bytes>{});
  }
  // The end of the trace: nothing more will come.
  std::vector<SeenCall> finish() {
    return run({.bytes = {}, .order = order_++, .pass = pass_, .completed = kAllPasses});
  }

  const PairerCounts& counts() const { return pairer_.counts(); }
  std::vector<CallInFlight> in_flight() { return pairer_.in_flight().release(); }
  std::size_t thread_count() const { return pairer_.thread_count(); }
  std::uint64_t malformed() const { return malformed_; }

 private:
  std::vector<SeenCall> run(RawBatch place) {
    Bytes bytes = std::move(place.bytes);
    const BatchPtr batch = decoded(std::move(bytes), std::move(place));
    tracker_.track(*batch);
    malformed_ += batch->malformed;
    pairer_.pair(*batch);
    std::vector<SeenCall> calls;
    for (const Call& call : batch->shards.front().calls) calls.push_back(seen(call));
    return calls;
  }

  FdTracker tracker_;
  Pairer pairer_;
  std::uint64_t order_ = 0;
  std::uint64_t pass_ = 1;
  std::uint64_t malformed_ = 0;
};

}  // namespace ior::test
