import type { Task } from '../api/types';
import { dialog } from '../dialogs/open';
import { hasEnded, word } from '../ui/words';
import { whyNotAllowed } from './session';

type Order = 'continue' | 'abort' | 'merge';

/** Why the order can't be given in the task's state, as the service would say it; null if it can. */
export function whyNot(order: Order, task: Task): string | null {
  const isMerged = task.pull_request?.state === 'merged';
  const allowed = whyNotAllowed(task);
  if (allowed) return allowed;
  if (task.phase === 'merging') return 'It is being merged';
  if (order === 'abort') {
    if (task.phase === 'stopping') return 'It is being stopped already';
    return hasEnded(task) && !task.pull_request?.auto_merge ? `It has ended as ${word(task.status)}: only tasks at work can be aborted` : null;
  }

  if (isMerged) return order === 'merge' ? 'It is merged already' : 'It is merged, so its branch takes no more work: start a new task';
  if (order === 'merge' && !(task.status === 'success' && task.phase === 'done')) return `It is ${word(task.status)}: only a commit that CI found green is merged`;
  return null;
}

/** Opens the order's dialog if the order can be given. */
export function give(order: Order, task: Task): void {
  if (whyNot(order, task) === null) dialog.value = { name: order, task };
}
