import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Task } from '../api/types';
import { Ago, StatusPill } from '../ui/parts';
import { hasEnded, phaseWords, repoName, short, titleOf } from '../ui/words';

/** What it does right now, else why it ended. */
export function standing(task: Task): string {
  if (hasEnded(task) && task.phase === 'done') return task.summary;
  const place = task.queue_position === null ? '' : `, ${task.queue_position === 1 ? 'next' : `${task.queue_position} in the queue`}`;
  return `${phaseWords[task.phase]}${place}`;
}

/** A row that is chosen by key has the focus too, so that Enter and screen readers go by it. */
export function useFocus(chosen: boolean) {
  const link = useRef<HTMLAnchorElement>(null);
  useLayoutEffect(() => { if (chosen) link.current?.focus({ preventScroll: true }); }, [chosen]);
  return link;
}

export const TaskRow = ({ task, chosen }: { task: Task; chosen: boolean }) => (
  <a ref={useFocus(chosen)} class={chosen ? 'row chosen' : 'row'} href={`/t/${task.id}`} aria-current={chosen || undefined}>
    <StatusPill status={task.status} />
    <span class="what"><span class="title">{titleOf(task)}</span><span class="standing dim">{standing(task)}</span></span>
    <span class="where"><span class="repo" title={task.repo}>{repoName(task.repo)}</span><span class="dim">{task.owner} · <code>{short(task.id)}</code></span></span>
    <span class="facts">
      <span title="Attempts"><Tries task={task} /></span>
      <span class="dim"><Ago time={task.updated_at} /></span>
    </span>
  </a>
);

/** Attempts made of those it may take. */
export const Tries = ({ task }: { task: Task }) => <span class="tries" aria-label={`attempt ${task.attempts} of ${task.max_attempts}`}>{task.attempts}/{task.max_attempts}</span>;
