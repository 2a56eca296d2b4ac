#include "tests/support/kernel_history.hpp"

#include <fcntl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <memory>
#include <random>

#include "model/open_flags.hpp"
#include "model/path.hpp"

namespace ior::test {
namespace {

constexpr std::uint32_t kFileFlags = O_RDWR | O_APPEND | O_CLOEXEC;
constexpr const char* kWorkingDirectory = "/home/user";
constexpr std::uint32_t kFirstThreadId = 100;

struct Process {
  std::uint32_t tgid = 0;
  std::uint64_t start_ns = 0;
  std::size_t living = 0;
};

struct Task {
  Ids ids;
  std::shared_ptr<Process> process;
  std::uint16_t cpu = 0;
  std::uint32_t seq = 0;
  std::string comm;             // as the kernel has it
  std::string introduced_comm;  // as of the last call's start
  std::string known_comm;       // as the last record that arrived and introduced it
  std::uint64_t known_start_ns = 0;
  bool comm_stale = true;
  bool needs_intro = true;
  bool needs_process = true;
  bool in_call = false;
  bool sent_enter = false;
  bool enter_damaged = false;
  bool faulted = false;
  bool lost = false;          // something, since the last record that was written
  bool exit_lost = false;     // that of the last call that was written
  bool neither_came = false;  // the halves of that call: its enter half was damaged, too
  bool after_loss = false;    // something did not arrive since the last call that did
  std::uint64_t missing = 0;  // calls of which a record was damaged
  std::uint16_t call_cpu = 0;
  std::string text;  // the path that the call in flight passes
  ior_file file{};   // that it reads from, or the directory that its path starts from
  SeenCall call;
};

enum class Fate { lost, damaged, arrived };

class KernelSide {
 public:
  explicit KernelSide(const HistoryOptions& options)
      : options_(options), random_(options.seed), names_(options.rings), next_ids_(options.rings) {}

  History run();

 private:
  std::uint64_t draw(std::uint64_t below) { return random_() % below; }
  bool happens(unsigned percent) { return draw(100) < percent; }
  std::uint64_t tick() { return now_ns_ += 1 + draw(50); }
  std::string some_path() { return "/file" + std::to_string(draw(30)); }

  bool write(std::uint16_t cpu, RecordBuilder& record);
  Fate write_call(Task& task, RecordBuilder& record, bool is_first);
  ior_file named(std::uint16_t cpu, const std::string& path);

  void step();
  void start_task(Task* parent);
  std::uint32_t new_thread_id();
  void begin_call(Task& task);
  void introduce(Task& task);
  void begin_texts(Task& task);
  static void add_texts(const Task& task, RecordBuilder& record);
  void end_call(Task& task);
  void end_whole(Task& task, unsigned sections);
  void end_texts(Task& task);
  void add_opened_file(Task& task, RecordBuilder& exit);
  void exec(Task& task);
  void exit_group(Task& task);
  void end_task(Task& task);
  void miss(Task& task);
  void arrive(Task& task);

  const HistoryOptions& options_;
  std::mt19937_64 random_;
  History history_;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::vector<std::map<std::string, std::uint32_t>> names_;  // by CPU: the ids that were sent
  std::vector<std::uint32_t> next_ids_;
  std::vector<std::uint32_t> free_thread_ids_;
  std::uint32_t last_thread_id_ = kFirstThreadId;
  std::uint32_t last_task_ = 0;
  std::uint64_t now_ns_ = 1000;
};

// False where the record found no room.
bool KernelSide::write(std::uint16_t cpu, RecordBuilder& record) {
  if (happens(options_.loss_percent)) return false;
  history_.written.push_back({cpu, record.cpu(cpu).bytes()});
  return true;
}

// Writes the first or the second record of a call. What finds no room the task's next first record
// tells; what is damaged on its way nobody does.
Fate KernelSide::write_call(Task& task, RecordBuilder& record, bool is_first) {
  record.of(task.ids).seq(is_first ? task.seq + 1 : task.seq);
  const bool introduces = is_first && task.needs_intro;
  if (introduces) record.intro(task.introduced_comm, task.process->start_ns);
  if (is_first && task.lost) record.mark(IOR_AFTER_LOSS);
  if (is_first && task.exit_lost) record.mark(IOR_EXIT_LOST);
  const bool damaged = happens(options_.damage_percent);
  if (damaged) record.damage();
  if (!write(task.call_cpu, record)) {
    task.lost = task.after_loss = true;
    task.exit_lost = task.exit_lost || !is_first;
    return Fate::lost;
  }
  if (is_first) {
    // Nothing else tells that the exit half before it was lost.
    if (damaged && task.exit_lost && !task.neither_came) ++task.missing;
    ++task.seq;
    task.lost = task.exit_lost = task.neither_came = false;
  }
  if (introduces) task.needs_intro = false;
  if (damaged) {
    ++history_.damaged;
    return Fate::damaged;
  }
  if (introduces) {
    task.known_comm = task.introduced_comm;
    task.known_start_ns = task.process->start_ns;
  }
  return Fate::arrived;
}

// The file as the record of a call in that CPU's ring shows it; now and then it is named again.
ior_file KernelSide::named(std::uint16_t cpu, const std::string& path) {
  auto& ids = names_[cpu];
  if (happens(10)) ids.erase(path);
  if (const auto found = ids.find(path); found != ids.end()) {
    return named_file(found->second, 3, kFileFlags);
  }
  auto record = name_record(next_ids_[cpu], path).at(now_ns_);
  if (!write(cpu, record)) return file_with(IOR_FILE_NO_NAME, 3, kFileFlags);
  ids[path] = next_ids_[cpu];
  return named_file(next_ids_[cpu]++, 3, kFileFlags);
}

std::uint32_t KernelSide::new_thread_id() {
  if (!options_.reuses_thread_ids || free_thread_ids_.empty()) return last_thread_id_++;
  const std::uint32_t id = free_thread_ids_.back();
  free_thread_ids_.pop_back();
  return id;
}

// A new thread of the parent's process, or a new process.
void KernelSide::start_task(Task* parent) {
  auto task = std::make_unique<Task>();
  task->ids = {.task = ++last_task_, .tgid = 0, .tid = new_thread_id()};
  if (parent && happens(60)) {
    task->process = parent->process;
  } else {
    task->process = std::make_shared<Process>(Process{task->ids.tid, tick(), 0});
  }
  ++task->process->living;
  task->ids.tgid = task->process->tgid;
  task->comm = "comm" + std::to_string(last_task_);
  task->cpu = static_cast<std::uint16_t>(draw(options_.rings));
  tasks_.push_back(std::move(task));
}

void KernelSide::introduce(Task& task) {
  if (task.comm_stale) {
    task.introduced_comm = task.comm;
    task.comm_stale = false;
    task.needs_intro = true;
  }
  if (!task.needs_process) return;
  auto record =
      process_record({task.process->start_ns, 1, 0, 0}, "/bin/" + task.comm, task.comm, "/")
          .of({.task = 0, .tgid = task.ids.tgid, .tid = task.ids.tid})
          .at(now_ns_);
  if (write(task.call_cpu, record)) task.needs_process = false;
}

void KernelSide::begin_call(Task& task) {
  task.in_call = true;
  task.sent_enter = task.enter_damaged = task.faulted = false;
  task.call_cpu = task.cpu;
  introduce(task);
  task.call = {.tgid = task.ids.tgid, .tid = task.ids.tid};
  const std::uint64_t kind = draw(options_.execs ? 33 : 32);
  if (kind == 32) {
    task.call.number = SYS_execve;
  } else if (kind >= 24) {
    task.call.number = SYS_rename;
  } else if (kind >= 12) {
    task.call.number = SYS_openat;
  } else {
    task.call.number = kind >= 4 ? SYS_read : SYS_getpid;
  }
  if (task.call.number == SYS_read) {
    const std::string path = some_path();
    task.file = named(task.call_cpu, path);
    task.call.path = task.file.status == IOR_FILE_NAMED ? path : unknown::kNameLost;
    task.call.flags = status_flags(kFileFlags);
    task.call.has_flags = true;
  } else if (task.call.number != SYS_getpid) {
    return begin_texts(task);
  }
  task.call.enter_ns = tick();
}

// The directory, the paths and the flags of a call.
void KernelSide::add_texts(const Task& task, RecordBuilder& record) {
  record.file(task.file).text(task.text);
  if (task.call.number == SYS_rename) record.other_text(task.call.old_path);
  if (task.call.has_flags) record.args({0, 0, task.call.flags, 0});
}

// A call that carries paths sends its enter half at once, unless a path cannot be read yet.
void KernelSide::begin_texts(Task& task) {
  auto enter = enter_record(static_cast<std::uint16_t>(task.call.number));
  task.text = some_path().substr(1);
  task.file = named(task.call_cpu, kWorkingDirectory);
  const std::string start(task.file.status == IOR_FILE_NAMED ? kWorkingDirectory
                                                             : unknown::kNameLost);
  task.call.path = start + '/' + task.text;
  if (task.call.number == SYS_rename) {
    task.call.old_path = "/old" + std::to_string(now_ns_);
  } else if (task.call.number == SYS_openat) {
    task.call.flags = O_WRONLY | O_CREAT;
    task.call.has_flags = true;
  }
  task.call.enter_ns = tick();
  task.faulted = task.call.number != SYS_execve && happens(20);
  if (task.faulted) return;
  add_texts(task, enter);
  const Fate fate = write_call(task, enter.at(task.call.enter_ns), true);
  task.sent_enter = fate != Fate::lost;
  task.enter_damaged = fate == Fate::damaged;
  if (fate == Fate::lost) task.in_call = false;
}

// A record of a call that was written as a whole does not arrive.
void KernelSide::miss(Task& task) {
  task.after_loss = true;
  ++task.missing;
}

void KernelSide::arrive(Task& task) {
  task.call.comm = task.known_comm;
  task.call.process_start_ns = task.known_start_ns;
  history_.calls[task.ids.task].push_back({task.call, task.after_loss});
  history_.task_of_enter_ns[task.call.enter_ns] = task.ids.task;
  task.after_loss = false;
}

void KernelSide::end_call(Task& task) {
  if (task.call.number == SYS_execve) exec(task);
  task.in_call = false;
  if (task.sent_enter) {
    end_texts(task);
  } else {
    task.call.ret = static_cast<std::int64_t>(draw(1000));
    end_whole(task, 0);
  }
}

void KernelSide::end_whole(Task& task, unsigned sections) {
  const std::uint64_t exit_ns = sections & IOR_NO_RETURN ? task.call.enter_ns : tick();
  task.call.duration_ns = exit_ns - task.call.enter_ns;
  auto exit =
      whole_record(static_cast<std::uint16_t>(task.call.number), task.call.enter_ns, task.call.ret);
  if (task.call.number == SYS_read) exit.file(task.file);
  if (task.faulted) add_texts(task, exit);
  const Fate fate = write_call(task, exit.at(exit_ns).mark(sections), true);
  if (fate == Fate::arrived) arrive(task);
  if (fate == Fate::damaged) miss(task);
}

void KernelSide::end_texts(Task& task) {
  const std::uint64_t exit_ns = tick();
  const bool opens = task.call.number == SYS_openat && happens(60);
  task.call.duration_ns = exit_ns - task.call.enter_ns;
  task.call.ret = opens ? 3 : task.call.number == SYS_execve ? 0 : -ENOENT;
  auto exit =
      exit_record(static_cast<std::uint16_t>(task.call.number), task.call.enter_ns, task.call.ret);
  if (opens) add_opened_file(task, exit);
  const Fate fate = write_call(task, exit.at(exit_ns), false);
  if (fate == Fate::arrived && !task.enter_damaged) return arrive(task);
  if (fate == Fate::arrived) ++history_.unmatched;
  if (fate == Fate::lost && !task.enter_damaged) return;
  task.neither_came = fate == Fate::lost;
  miss(task);
}

// On another CPU than at enter the name goes into the record: that CPU's names belong to its ring.
void KernelSide::add_opened_file(Task& task, RecordBuilder& exit) {
  const std::string path = some_path();
  task.call.path = path;
  if (task.cpu != task.call_cpu) {
    exit.file(file_with(IOR_FILE_INLINE, 3, kFileFlags)).inline_name(path);
    return;
  }
  const ior_file file = named(task.call_cpu, path);
  exit.file(file);
  if (file.status != IOR_FILE_NAMED) task.call.path = unknown::kNameLost;
}

// The other threads die; the one that called exec goes on under the leader's id.
void KernelSide::exec(Task& task) {
  for (const auto& other : tasks_) {
    if (other.get() != &task && other->process == task.process) end_task(*other);
  }
  if (task.ids.tid != task.ids.tgid) free_thread_ids_.push_back(task.ids.tid);
  std::erase(free_thread_ids_, task.ids.tgid);
  task.ids.tid = task.ids.tgid;
  task.comm = "execed" + std::to_string(now_ns_);
  task.comm_stale = task.needs_process = task.needs_intro = true;
}

void KernelSide::exit_group(Task& task) {
  begin_call(task);
  if (!task.in_call || task.sent_enter) return;
  task.faulted = false;
  task.call.number = SYS_exit_group;
  task.call.path.clear();
  task.call.old_path.clear();
  task.call.has_flags = false;
  task.call.flags = 0;
  task.call.no_return = true;
  task.in_call = false;
  end_whole(task, IOR_NO_RETURN);
}

void KernelSide::end_task(Task& task) {
  auto end = end_record(task.seq).of(task.ids).at(tick()).cpu(task.cpu);
  if ((task.in_call && task.sent_enter) || task.exit_lost) end.mark(IOR_NO_RETURN);
  if (task.seq != 0) history_.written.push_back({task.cpu, end.bytes()});
  // An end does not tell a last call that the thread died in from one whose exit half was lost.
  history_.given_up += task.missing - (task.neither_came ? 1 : 0);
  // A leader's id is the process's as long as one of its threads lives.
  if (task.ids.tid != task.ids.tgid) free_thread_ids_.push_back(task.ids.tid);
  if (--task.process->living == 0) free_thread_ids_.push_back(task.process->tgid);
  task.process = nullptr;
}

void KernelSide::step() {
  Task& task = *tasks_[draw(tasks_.size())];
  if (happens(options_.migrate_percent)) {
    task.cpu = static_cast<std::uint16_t>(draw(options_.rings));
  }
  const std::uint64_t action = draw(100);
  if (task.in_call) {
    if (options_.deaths_in_calls && action < 3) return end_task(task);
    if (action < 80) end_call(task);
  } else if (action < 2) {
    exit_group(task);
    if (!task.in_call) end_task(task);
  } else if (action < 4) {
    end_task(task);
  } else if (action < 10) {
    if (tasks_.size() < options_.threads) start_task(&task);
  } else if (action < 14) {
    task.comm = "renamed" + std::to_string(now_ns_);
    task.comm_stale = true;
  } else {
    begin_call(task);
  }
}

History KernelSide::run() {
  for (std::size_t i = 0; i < options_.steps; ++i) {
    if (tasks_.empty()) start_task(nullptr);
    step();
    std::erase_if(tasks_, [](const auto& task) { return !task->process; });
  }
  for (const auto& task : tasks_) {
    if (task->in_call && !options_.deaths_in_calls) end_call(*task);
    if (task->process) end_task(*task);
  }
  return std::move(history_);
}

}  // namespace

History make_history(const HistoryOptions& options) {
  return KernelSide(options).run();
}

}  // namespace ior::test
