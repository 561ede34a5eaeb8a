#pragma once
// The engine's thread and the pools that perform its effects.
//
// Three bounded pools: watching, deploying and undoing never wait behind analyses, generators and
// test runs, nor do alerts and reports. All threads are joined by the destructor; effects that did
// not start are started again by the next engine on the same state.

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "engine/engine.h"
#include "engine/performer.h"

namespace ratchet {

enum class Urgency { kInTurn, kFirst };

class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  ~WorkerPool();
  void Add(std::function<void()> work, Urgency urgency);

 private:
  void Run(const std::stop_token& stop);
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> queue_;  // bounded by the engine: one entry an effect
  std::vector<std::jthread> threads_;
};

class EngineLoop : public EffectRunner {
 public:
  EngineLoop(const EngineConfig& config, const Clock& clock, StateWriter& writer,
             StateReader& reader, Performer& performer);
  ~EngineLoop() override;

  // Opens the engine and starts its thread.
  Status Start();
  void Stop();
  // Waits until the engine has failed for good or Stop was called; the reason, if it failed.
  [[nodiscard]] bool failed() const { return failed_.load(); }
  [[nodiscard]] std::string failure() const;

  // Runs `ask` on the engine's thread and waits. kTimeout after the deadline, kUnavailable when
  // the engine is not running.
  template <typename T>
  Result<T> Ask(std::function<Result<T>(Engine&)> ask, Duration deadline = Duration(10'000)) {
    auto promise = std::make_shared<std::promise<Result<T>>>();
    auto future = promise->get_future();
    if (!Post(
            [promise, ask = std::move(ask)](Engine& engine) { promise->set_value(ask(engine)); })) {
      return Fail(ErrorCode::kUnavailable, "the engine is not running");
    }
    if (future.wait_for(deadline) != std::future_status::ready) {
      return Fail(ErrorCode::kTimeout,
                  "the engine did not answer within " + FormatDuration(deadline));
    }
    try {
      return future.get();
    } catch (const std::future_error&) {
      return Fail(ErrorCode::kUnavailable, "the engine stopped");
    }
  }

  void Start(EffectJob job) override;  // EffectRunner

 private:
  using Task = std::function<void(Engine&)>;
  bool Post(Task task);
  void Run(const std::stop_token& stop);
  void Check(const Status& status);

  const EngineConfig& config_;
  const Clock& clock_;
  StateWriter& writer_;
  StateReader& reader_;
  Performer& performer_;
  std::unique_ptr<Engine> engine_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Task> tasks_;
  std::atomic<bool> failed_ = false;
  bool accepting_ = false;
  std::string failure_;
  WorkerPool control_{4};
  WorkerPool work_;
  WorkerPool delivery_{2};
  std::jthread thread_;  // last: joined first
};

}  // namespace ratchet
