#include "actors/pipeline.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include "actors/aggregator.hpp"
#include "actors/decoder.hpp"
#include "actors/fd_tracker.hpp"
#include "actors/message.hpp"
#include "actors/ring_reader.hpp"
#include "actors/threads.hpp"
#include "base/bounded_queue.hpp"
#include "base/clock.hpp"

namespace ior {
namespace {

namespace flow = tbb::flow;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kBatchesEach = 6;         // in flight, for the reader and each shard
constexpr int kMaxShards = 16;                  // each name has a number for each
constexpr std::size_t kBatchBytes = 160 << 10;  // of ring bytes in one batch
constexpr std::uint64_t kSliceNs = 500'000;     // of a pass
constexpr std::uint64_t kClockSkewNs = 50'000;  // between CPUs: more than there is
// A call's record is there so long after its end: its CPU may have been taken away in between.
constexpr std::uint64_t kLateNs = 10'000'000;
constexpr std::uint64_t kLargePass = 1 << 20;  // bytes: more waits by the time it is read
constexpr microseconds kShortestNap{1'000};    // between passes, when much was read
constexpr microseconds kLongestNap{30'000};    // after a while with little
constexpr microseconds kNapPerMiB{1'800};      // of a ring: flat out it fills in twice that
constexpr std::size_t kMuch = 64;              // the part of a ring that is much for a pass
constexpr milliseconds kLongestDelay{250};     // of records that nobody waits to see
constexpr microseconds kBusyNap{50};           // until a record is committed, or a batch is free

// A batch when one shard's calls are in it.
struct Paired {
  BatchPtr batch;
  std::size_t shard = 0;
};

// What a node does with a batch is a task, or done by the thread that hands it the batch: such a
// body must be noexcept.
using AsTask = flow::queueing;
using Inline = flow::queueing_lightweight;

using EventNode = flow::function_node<BatchPtr, BatchPtr, Inline>;
template <typename Policy>
using PairNode = flow::multifunction_node<BatchPtr, std::tuple<Paired>, Policy>;
template <typename Policy>
using CallNode = flow::function_node<Paired, flow::continue_msg, Policy>;
using Queue = BoundedQueue<std::unique_ptr<Batch>>;

// Which shard a thread's calls fall to, by its number. Two threads share the work for many traced
// ones about equally when the one that reads, decodes and tracks has two parts in seven of the
// calls; of more threads it has none.
std::vector<std::size_t> deal_for(int threads) {
  if (threads == 1) return {0};
  if (threads == 2) return {0, 1, 1, 0, 1, 1, 1};
  std::vector<std::size_t> deal(static_cast<std::size_t>(std::min(threads - 1, kMaxShards)));
  std::iota(deal.begin(), deal.end(), 0);
  return deal;
}

// With no more threads than can ever have something to do: the reader, a worker for each shard, and
// one for the rows.
PipelineOptions limited(PipelineOptions options) {
  options.threads = std::min(options.threads, kMaxShards + 2);
  return options;
}

// A shard's actors: all calls of a thread go through the same ones.
struct Shard {
  Shard(std::size_t shard_number, const CallFilter& filter, std::shared_ptr<HandleNames> handles,
        std::shared_ptr<const Roots> roots, std::shared_ptr<TableRoom> room)
      : number(shard_number),
        pairer(number, filter, std::move(handles), std::move(roots)),
        aggregator(number, std::move(room)) {}
  const std::size_t number;
  Pairer pairer;
  Aggregator aggregator;
  std::vector<Call> calls;  // memory for the next batch's, which is still in the caches
};

}  // namespace

// What one actor hands to the next stays on its thread and in its caches, in the order of the
// batches: all nodes are serial, and one thread alone puts batches in. That is the reader's, which
// decodes and tracks, too, and with fewer than three threads has the first shard; what the other
// shards do with a batch is a task each. Only their rows need a sequencer.
struct Pipeline::Graph {
  Graph(RingSource& source, PipelineOptions given);
  ~Graph() { run_graph(); }  // edges make tasks, too: none may outlive its node
  void wire();  // after the constructor: where it throws, the destructor ends its tasks
  bool start_workers();
  void run_reader();

  PipelineOptions options;
  tbb::global_control parallelism;
  tbb::task_arena arena;

  const std::size_t ring_bytes;
  std::vector<RingReader> readers;
  Decoder decoder;
  FdTracker fd_tracker;
  std::vector<std::unique_ptr<Shard>> shards;
  std::uint64_t malformed = 0;

  const std::size_t batch_limit;
  Queue free;
  std::unique_ptr<flow::graph> graph;
  EventNode* decode = nullptr;  // where batches go in
  std::vector<std::unique_ptr<flow::graph_node>> nodes;

  std::thread reader;
  std::atomic<bool> stopping{false};

 private:
  template <typename Policy>
  void wire_shard(Shard& shard, EventNode& track, flow::sequencer_node<Paired>* rows);
  template <typename Node, typename... Arguments>
  Node& add(Arguments&&... arguments);

  std::unique_ptr<Batch> free_batch();
  std::uint64_t read_pass();
  std::uint64_t slice_end() const;
  std::uint64_t read_slice(std::uint64_t until_ns);
  void end_pass(std::uint64_t began_ns, bool has_records);
  microseconds next_nap(microseconds nap, std::uint64_t read) const;
  bool may_wait(steady_clock::time_point last_pass) const;
  void send_batch();
  void run_graph();

  // The reader thread's.
  std::unique_ptr<Batch> batch_;
  std::size_t batches_ = 0;
  std::uint64_t next_order_ = 0;
  std::uint64_t pass_ = 1;
  std::uint64_t completed_ = 0;
  std::uint64_t last_pass_with_records_ = 0;
  std::uint64_t previous_began_ns_ = 0;  // when the pass before this one began
  std::uint64_t last_records_ns_ = 0;    // no record that was read is of a later time
  std::uint64_t settled_ns_ = 0;         // RawBatch.settled_ns of the next batch
  std::uint64_t sent_settled_ns_ = 0;    // and of the last one
};

Pipeline::Graph::Graph(RingSource& source, PipelineOptions given)
    : options(limited(std::move(given))),
      parallelism(tbb::global_control::max_allowed_parallelism,
                  static_cast<std::size_t>(options.threads)),
      arena(options.threads, 1),
      ring_bytes(source.ring_bytes()),
      decoder(deal_for(options.threads)),
      fd_tracker(source.ring_count(), std::make_shared<Roots>(decoder.shard_count(), &source)),
      batch_limit(kBatchesEach * (decoder.shard_count() + 1)),
      free(batch_limit) {
  for (std::size_t ring = 0; ring < source.ring_count(); ++ring) readers.emplace_back(source, ring);
  const auto room = std::make_shared<TableRoom>(options.max_keys);
  const auto handles = std::make_shared<HandleNames>();
  for (std::size_t i = 0; i < decoder.shard_count(); ++i) {
    shards.push_back(std::make_unique<Shard>(i, options.filter, handles, fd_tracker.roots(), room));
  }
}

template <typename Node, typename... Arguments>
Node& Pipeline::Graph::add(Arguments&&... arguments) {
  auto node = std::make_unique<Node>(*graph, std::forward<Arguments>(arguments)...);
  Node& added = *node;
  nodes.push_back(std::move(node));
  return added;
}

// The data flow: readers -> decode -> track -> (per shard) pair -> aggregate, and pair -> rows.
void Pipeline::Graph::wire() {
  graph = std::make_unique<flow::graph>();
  decode = &add<EventNode>(flow::serial, [this](const BatchPtr& batch) noexcept {
    decoder.decode(*batch);
    return batch;
  });
  auto& track = add<EventNode>(flow::serial, [this](const BatchPtr& batch) noexcept {
    fd_tracker.track(*batch);
    malformed += batch->malformed;
    return batch;
  });
  flow::make_edge(*decode, track);

  flow::sequencer_node<Paired>* rows_in_order = nullptr;
  if (options.rows) {
    rows_in_order = &add<flow::sequencer_node<Paired>>([this](const Paired& paired) {
      return paired.batch->raw.order * shards.size() + paired.shard;
    });
    auto& rows = add<CallNode<AsTask>>(flow::serial, [this](const Paired& paired) noexcept {
      options.rows->write(paired.batch->shards[paired.shard].calls);
      if (paired.shard + 1 != shards.size()) return;
      options.rows->settle(paired.batch->raw.settled_ns);
    });
    flow::make_edge(*rows_in_order, rows);
  }
  // The last shard first: others can begin before the reader does its own part.
  for (const auto& shard : shards | std::views::reverse) {
    if (shard->number == 0 && options.threads < 3) {
      wire_shard<Inline>(*shard, track, rows_in_order);
    } else {
      wire_shard<AsTask>(*shard, track, rows_in_order);
    }
  }
}

template <typename Policy>
void Pipeline::Graph::wire_shard(Shard& shard, EventNode& track,
                                 flow::sequencer_node<Paired>* rows) {
  using Node = PairNode<Policy>;
  auto& pair = add<Node>(flow::serial, [&shard](const BatchPtr& batch,
                                                typename Node::output_ports_type& calls) noexcept {
    batch->shards[shard.number].calls.swap(shard.calls);
    shard.pairer.pair(*batch);
    std::get<0>(calls).try_put({batch, shard.number});
  });
  flow::make_edge(track, pair);
  if (rows) flow::make_edge(flow::output_port<0>(pair), *rows);
  if (!options.aggregate) return;
  auto& aggregate =
      add<CallNode<Inline>>(flow::serial, [this, &shard](const Paired& paired) noexcept {
        ShardBatch& batch = paired.batch->shards[shard.number];
        shard.aggregator.add(batch);
        if (options.rows) return;
        batch.clear();
        batch.calls.swap(shard.calls);
      });
  flow::make_edge(flow::output_port<0>(pair), aggregate);
}

// The reader's thread does tasks, too, when it is the only one and at the end.
void Pipeline::Graph::run_graph() {
  if (graph) arena.execute([this] { graph->wait_for_all(); });
}

std::unique_ptr<Batch> Pipeline::Graph::free_batch() {
  std::unique_ptr<Batch> batch;
  while (!free.try_pop(batch)) {
    if (batches_ < batch_limit) {
      ++batches_;
      return std::make_unique<Batch>(shards.size());
    }
    std::this_thread::sleep_for(kBusyNap);
  }
  return batch;
}

// A batch goes back to the free ones when the last actor has let go of it.
void Pipeline::Graph::send_batch() {
  batch_->raw.order = next_order_++;
  batch_->raw.pass = pass_;
  batch_->raw.completed = completed_;
  batch_->raw.settled_ns = sent_settled_ns_ = settled_ns_;
  decode->try_put(BatchPtr(batch_.release(), [this](Batch* done) {
    done->clear();
    free.try_push(std::unique_ptr<Batch>(done));
  }));
  if (options.threads == 1) run_graph();
  batch_ = free_batch();
}

// Reads every ring up to where it was written when the pass began. Returns the number of bytes
// read.
std::uint64_t Pipeline::Graph::read_pass() {
  std::uint64_t total = 0;
  // The last ring first: what one refers to in a ring before it is read in the same pass.
  for (RingReader& reader : readers | std::views::reverse) total += reader.begin_pass();
  while (!std::ranges::all_of(readers, &RingReader::pass_done)) {
    if (read_slice(slice_end()) == 0) std::this_thread::sleep_for(kBusyNap);
  }
  return total;
}

// Rings are read in slices of time: the calls of a thread that moves between CPUs come nearly in
// their order then, and hardly wait for one another in the pairer.
std::uint64_t Pipeline::Graph::slice_end() const {
  std::uint64_t earliest = RingReader::kAnyTime - 1 - kSliceNs;
  for (const RingReader& reader : readers) {
    if (reader.next_ns() != 0) earliest = std::min(earliest, reader.next_ns());
  }
  return earliest + kSliceNs;
}

// Reads up to that time, but rings that refer to names in others a little less far than those: the
// CPUs' clocks need not agree. Returns the number of bytes read: none where all that is left is not
// committed yet.
std::uint64_t Pipeline::Graph::read_slice(std::uint64_t until_ns) {
  std::uint64_t total = 0;
  for (std::size_t ring = 0; ring < readers.size(); ++ring) {
    if (ring == readers.size() / 2) until_ns -= kClockSkewNs;
    RingReader& reader = readers[ring];
    while (reader.next_ns() <= until_ns) {
      const std::size_t size = reader.read(batch_->raw, kBatchBytes, until_ns);
      if (size == 0 && batch_->raw.bytes.empty()) break;  // a record is not committed yet
      total += size;
      if (size == 0 || batch_->raw.bytes.size() >= kBatchBytes) send_batch();
    }
  }
  return total;
}

// What the pass leaves goes out, and so do passes without records that something still waits for.
// What was written before the pass before this one began has been read in that one or earlier, and
// what the pairers held of it they deliver now.
void Pipeline::Graph::end_pass(std::uint64_t began_ns, bool has_records) {
  completed_ = pass_;
  settled_ns_ = previous_began_ns_ - std::min(previous_began_ns_, kLateNs);
  previous_began_ns_ = began_ns;
  if (has_records) {
    last_pass_with_records_ = pass_;
    last_records_ns_ = clock_ns(CLOCK_BOOTTIME) + kClockSkewNs;
  }
  const bool are_rows_held = options.rows && sent_settled_ns_ <= last_records_ns_;
  const bool is_awaited = pass_ <= last_pass_with_records_ + 1 || are_rows_held;
  if (!batch_->raw.bytes.empty() || is_awaited) send_batch();
  ++pass_;
}

// The nap after one. A wake-up is dear, so little waits for more; but a ring must not fill
// meanwhile.
microseconds Pipeline::Graph::next_nap(microseconds nap, std::uint64_t read) const {
  if (read > ring_bytes / kMuch) return std::max(nap / 2, kShortestNap);
  const auto safe = kNapPerMiB * static_cast<std::int64_t>(ring_bytes >> 20);
  return std::min(2 * nap, std::clamp(safe, kShortestNap, kLongestNap));
}

// Whether what waits in the rings may wait for more: cold caches make a pass dear, however little
// it reads.
bool Pipeline::Graph::may_wait(steady_clock::time_point last_pass) const {
  if (options.rows || steady_clock::now() - last_pass >= kLongestDelay) return false;
  std::uint64_t backlog = 0;
  for (const RingReader& reader : readers) backlog += reader.backlog();
  return backlog <= ring_bytes / kMuch;
}

// TBB makes its threads when there is something to do, one by the other, and has no way to tell
// that one could not be made: so each gets a task now, which ends when all have come.
bool Pipeline::Graph::start_workers() {
  const int workers = options.threads - 1;
  const auto meeting = std::make_shared<Rendezvous>(workers);
  for (int i = 0; i < workers; ++i) {
    arena.enqueue([meeting] {
      raise_priority();
      meeting->arrive_and_wait();
    });
  }
  return meeting->wait();
}

void Pipeline::Graph::run_reader() {
  ::pthread_setname_np(::pthread_self(), "ior-reader");
  raise_priority();
  batch_ = free_batch();
  microseconds nap = kShortestNap;
  steady_clock::time_point last_pass;
  for (bool last = false; !last;) {
    const bool is_stopping = stopping.load(std::memory_order_acquire);
    if (!is_stopping && may_wait(last_pass)) {
      std::this_thread::sleep_for(nap);
      continue;
    }
    last_pass = steady_clock::now();
    const std::uint64_t began_ns = clock_ns(CLOCK_BOOTTIME);
    const std::uint64_t read = read_pass();
    last = is_stopping && read == 0;
    end_pass(began_ns, read != 0);
    nap = next_nap(nap, read);
    if (!is_stopping && read < kLargePass) std::this_thread::sleep_for(nap);
  }
  completed_ = kAllPasses;
  settled_ns_ = ~std::uint64_t{0};
  send_batch();
  run_graph();
}

Pipeline::Pipeline(RingSource& source, PipelineOptions options)
    : graph_(std::make_unique<Graph>(source, std::move(options))) {
  graph_->arena.execute([this] { graph_->wire(); });
}

Pipeline::~Pipeline() {
  stop();
}

Result<void> Pipeline::start() {
  const std::string attempt = fmt::format("cannot start {} threads", graph_->options.threads);
  constexpr const char* kAdvice =
      ": give fewer -threads, or raise the limits of threads (pids.max of the cgroup, ulimit -u) "
      "and memory (ulimit -v)";
  try {
    if (!graph_->start_workers()) return fail(attempt + kAdvice);
    graph_->reader = std::thread([this] { graph_->run_reader(); });
  } catch (const std::runtime_error& error) {
    return fail(attempt + ": " + error.what() + kAdvice);
  }
  return {};
}

void Pipeline::stop() {
  graph_->stopping.store(true, std::memory_order_release);
  if (graph_->reader.joinable()) graph_->reader.join();
}

PipelineCounts Pipeline::counts() const {
  PipelineCounts counts;
  counts.malformed = graph_->malformed;
  for (const auto& shard : graph_->shards) {
    counts.calls.add(shard->pairer.counts());
    counts.folded.pid_tid += shard->aggregator.folded().pid_tid;
    counts.folded.other += shard->aggregator.folded().other;
  }
  return counts;
}

void Pipeline::collect(Recording& recording) {
  Aggregator& first = graph_->shards.front()->aggregator;
  for (const auto& shard : std::span(graph_->shards).subspan(1)) first.absorb(shard->aggregator);
  first.release_to(recording);
  InFlightList in_flight;
  for (const auto& shard : graph_->shards) in_flight.absorb(shard->pairer.in_flight());
  recording.in_flight = in_flight.release();
}

}  // namespace ior
