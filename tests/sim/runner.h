#pragma once

#include <optional>
#include <vector>

#include "tests/sim/promises.h"
#include "tests/sim/world.h"

namespace ratchet::sim {

// Performs jobs at a seeded time, and hands in the answer at a later one: between the two the
// process may die, which is a lost reply.
class SimRunner : public EffectRunner {
 public:
  SimRunner(World& world, Performer& performer) : world_(world), performer_(performer) {}

  void Start(EffectJob job) override {
    const ComponentId touched = TouchedBy(job);
    for (const Task& other : waiting_) {
      if (!touched.empty() && TouchedBy(other.job) == touched)
        Broken("P2: two things are done to " + touched.value + " at once");
    }
    waiting_.push_back(
        {world_.clock.now + Duration(world_.random.Below(30'000)), std::move(job), {}});
  }
  [[nodiscard]] std::optional<Instant> Next() const {
    std::optional<Instant> next;
    for (const auto& task : waiting_) next = next ? std::min(*next, task.at) : task.at;
    return next;
  }
  // Does one due thing, if there is any.
  bool Step(Engine& engine, Status& status) {
    const auto at = std::ranges::min_element(waiting_, {}, &Task::at);
    if (at == waiting_.end() || at->at > world_.clock.now) return false;
    Task task = std::move(*at);
    waiting_.erase(at);
    if (task.answer) {
      const EffectKey key = task.job.effect.key;
      const auto answer = [&] { return engine.OnAnswer(key, task.job.start, *task.answer); };
      status = answer();
      if (status && world_.random.Chance(0.05)) status = answer();
      return true;
    }
    const bool may_begin =
        cycle::RunsWhileStopped(task.job.effect.kind) || !world_.stop_acknowledged;
    const int generated_before = world_.generated;
    task.answer = performer_.Perform(task.job);
    if (!may_begin && world_.generated != generated_before) Broken("P5: work was done after stop");
    task.at = world_.clock.now + Duration(world_.random.Below(20'000));
    waiting_.push_back(std::move(task));
    return true;
  }

 private:
  struct Task {
    Instant at;
    EffectJob job;
    std::optional<Answer> answer;
  };
  static ComponentId TouchedBy(const EffectJob& job) {
    using enum cycle::EffectKind;
    const cycle::EffectKind kind = job.effect.kind;
    if (kind == kRehearse) return job.target ? job.target->component : ComponentId();
    const bool touches = kind == kDeploy || kind == kPromote || kind == kLook || kind == kRollBack;
    return touches && job.watch ? job.watch->target.component : ComponentId();
  }
  World& world_;
  Performer& performer_;
  std::vector<Task> waiting_;
};

}  // namespace ratchet::sim
