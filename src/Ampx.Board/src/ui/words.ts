import type { Phase, Status, Task } from '../api/types';

export const statuses: Status[] = ['queued', 'running', 'retrying', 'needs_review', 'success', 'aborted', 'error'];

/** `needs_review` reads "needs review". */
export const word = (name: string) => name.replaceAll('_', ' ');

export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** The last six of an id, as branch names and the command line have them. */
export const short = (id: string) => id.slice(-6);

export const hasEnded = (task: Task) => task.finished_at !== null;

/** What a task is called: its instruction's first line with words. */
export const titleOf = (task: Task) => task.prompt.split('\n').find(line => line.trim() !== '')?.trim() ?? '(no words)';

/** `https://github.com/acme/shop.git` and `/srv/git/shop.git` by what tells them apart. */
export const repoName = (repo: string) => repo.replace(/\.git$/, '').split(/[/:]/).filter(Boolean).slice(-2).join('/') || repo;

export const phaseWords: Record<Phase, string> = {
  waiting_for_worker: 'waiting for a worker', preparing: 'preparing', agent: 'agent', publishing: 'publishing', waiting_for_ci: 'CI',
  collecting_feedback: 'collecting feedback', backing_off: 'backing off', opening_pr: 'opening pull request', merging: 'merging', stopping: 'stopping', done: 'done',
};

export const count = new Intl.NumberFormat('en');

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export const roughly = (number: number) => compact.format(number);

/** `1 h 5 min`, `42 s`, of milliseconds. */
export function span(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.round((seconds % 86_400) / 3600)} h`;
}

/** `5 min ago`, `in 20 s`. */
export function relative(time: number, now: number): string {
  const seconds = Math.round((now - time) / 1000);
  const size = Math.abs(seconds);
  if (size < 5) return 'just now';
  const text = size < 60 ? `${size} s` : size < 3600 ? `${Math.floor(size / 60)} min` : size < 86_400 ? `${Math.floor(size / 3600)} h` : `${Math.floor(size / 86_400)} d`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });

export const exact = (time: string | number) => full.format(new Date(time));

/** Only what a browser may follow: an address that a forge or an agent chose could be anything. */
export const safeLink = (url: string | null | undefined) => (url && /^https?:\/\//i.test(url) ? url : null);
