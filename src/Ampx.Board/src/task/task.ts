import { computed, effect, signal, untracked } from '@preact/signals';
import { api, Problem } from '../api/client';
import { follow } from '../api/stream';
import type { Attempt, Task, TimelineEntry } from '../api/types';

/** One task as its page follows it. */
export class FollowedTask {
  readonly task = signal<Task | null>(null);
  readonly timeline = signal<TimelineEntry[]>([]);
  readonly attempts = signal<Attempt[]>([]);
  readonly problem = signal<Problem | null>(null);

  constructor(readonly id: string) {}

  /** Keeps it live; undone by what is returned. */
  watch(): () => void {
    const refused = (problem: Problem) => { this.problem.value = problem; };
    const stop = follow(() => `/tasks/stream?id=${encodeURIComponent(this.id)}`, events => {
      for (const { event, data } of events) if (event === 'task') this.task.value = JSON.parse(data);
    }, refused);
    const version = computed(() => this.task.value?.version ?? 0);
    let due = 0;
    const stopReading = effect(() => {
      if (version.value === 0) return;
      clearTimeout(due);
      due = window.setTimeout(() => void untracked(() => this.read()), this.timeline.peek().length === 0 ? 0 : 250);
    });
    return () => { stop(); stopReading(); clearTimeout(due); };
  }

  /** Timeline and attempts move only with the task's version. */
  private async read(): Promise<void> {
    try {
      const [timeline, attempts] = await Promise.all([api.timeline(this.id), api.attempts(this.id)]);
      this.timeline.value = timeline;
      this.attempts.value = attempts;
      this.problem.value = null;
    } catch (no) {
      if (!(no instanceof Problem)) throw no;
      this.problem.value = no;
    }
  }
}
