#include "engine/loop.h"

#include <algorithm>

namespace ratchet {
namespace {

bool IsWork(cycle::EffectKind kind) {
  return kind == cycle::EffectKind::kAnalyse || kind == cycle::EffectKind::kGenerate ||
         kind == cycle::EffectKind::kValidate;
}

// Every slot, the emergency's own, and two analyses at a time.
int WorkThreads(const EngineConfig& config) { return config.limits.concurrent_max + 3; }

}  // namespace

WorkerPool::WorkerPool(int threads) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { Run(stop); });
  }
}

WorkerPool::~WorkerPool() {
  for (auto& thread : threads_) thread.request_stop();
  changed_.notify_all();
}

void WorkerPool::Add(std::function<void()> work, Urgency urgency) {
  const std::scoped_lock lock(mutex_);
  queue_.insert(urgency == Urgency::kFirst ? queue_.begin() : queue_.end(), std::move(work));
  changed_.notify_one();
}

void WorkerPool::Run(const std::stop_token& stop) {
  while (true) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return !queue_.empty(); })) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    if (stop.stop_requested()) return;
    work();
  }
}

EngineLoop::EngineLoop(const EngineConfig& config, const Clock& clock, StateWriter& writer,
                       StateReader& reader, Performer& performer)
    : config_(config),
      clock_(clock),
      writer_(writer),
      reader_(reader),
      performer_(performer),
      work_(WorkThreads(config)) {}

EngineLoop::~EngineLoop() { Stop(); }

Status EngineLoop::Start() {
  {
    const std::scoped_lock lock(mutex_);
    accepting_ = true;  // effects of the last run may answer while the engine is opened
  }
  TRY(engine_, Engine::Open(config_, {clock_, writer_, reader_, *this}));
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  return {};
}

void EngineLoop::Stop() {
  {
    const std::scoped_lock lock(mutex_);
    accepting_ = false;
  }
  thread_.request_stop();
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::string EngineLoop::failure() const {
  const std::scoped_lock lock(mutex_);
  return failure_;
}

bool EngineLoop::Post(Task task) {
  const std::scoped_lock lock(mutex_);
  if (!accepting_) return false;
  tasks_.push_back(std::move(task));
  changed_.notify_one();
  return true;
}

void EngineLoop::Check(const Status& status) {
  if (status) return;
  const std::scoped_lock lock(mutex_);
  failure_ = status.error().message;
  failed_ = true;
  accepting_ = false;
}

void EngineLoop::Run(const std::stop_token& stop) {
  while (!stop.stop_requested() && !failed_) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      constexpr Duration kLongestSleep{1000};
      Duration sleep = kLongestSleep;
      if (const auto wake = engine_->NextWake()) {
        sleep = std::clamp(*wake - clock_.Now(), Duration(1), kLongestSleep);
      }
      changed_.wait_for(lock, stop, sleep, [this] { return !tasks_.empty(); });
      if (!tasks_.empty()) {
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
    }
    if (stop.stop_requested()) return;
    if (task) task(*engine_);
    if (engine_->broken()) Check(Fail(ErrorCode::kInternal, "the state could not be written"));
    Check(engine_->FireDueTimers());
  }
}

void EngineLoop::Start(EffectJob job) {
  const cycle::EffectKind kind = job.effect.kind;
  const bool delivery = kind == cycle::EffectKind::kNotify || kind == cycle::EffectKind::kPublish;
  WorkerPool& pool = delivery ? delivery_ : IsWork(kind) ? work_ : control_;
  const auto urgency = kind == cycle::EffectKind::kRollBack ? Urgency::kFirst : Urgency::kInTurn;
  auto perform_and_answer = [this, job = std::move(job)] {
    const auto perform = [&] {
      try {
        return performer_.Perform(job);
      } catch (const std::exception& e) {  // of a library: one effect fails, not the daemon
        return Performer::FailureOf(job.effect.kind, std::string("unexpected: ") + e.what());
      }
    };
    auto answer = std::make_shared<Answer>(perform());
    Post([this, answer, key = job.effect.key, start = job.start](Engine& engine) {
      Check(engine.OnAnswer(key, start, *answer));
    });
  };
  pool.Add(std::move(perform_and_answer), urgency);
}

}  // namespace ratchet
