import { batch, computed, effect, signal, untracked } from '@preact/signals';
import { api, Problem } from '../api/client';
import { follow } from '../api/stream';
import type { Status, Task } from '../api/types';
import { perFrame } from './frames';
import { query } from './router';

const first = 2000, page = 200;

/** How the list is filtered, as the URL says. */
export const filters = computed(() => ({
  owner: query.value.get('owner') ?? 'all',
  repo: query.value.get('repo') ?? '',
  statuses: (query.value.get('status') ?? '').split(',').filter(Boolean) as Status[],
  search: query.value.get('q') ?? '',
}));

const known = new Map<string, Task>();
const changed = signal(0);
const cursor = signal<string | null>(null);

export const loading = signal(true);
export const problem = signal<Problem | null>(null);

/** There are older ones that aren't loaded. */
export const hasMore = computed(() => cursor.value !== null);

/** All that are loaded, newest first. */
export const loaded = computed(() => {
  changed.value;
  return [...known.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
});

/** Those that match, newest first. */
export const shown = computed(() => {
  const { statuses, search, repo, owner } = filters.value;
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return loaded.value.filter(task =>
    (statuses.length === 0 || statuses.includes(task.status))
    && (repo === '' || task.repo === repo)
    && (owner === 'all' || owner === 'me' || task.owner === owner)
    && words.every(word => textOf(task).includes(word)));
});

const texts = new WeakMap<Task, string>();

function textOf(task: Task): string {
  let text = texts.get(task);
  if (text === undefined) texts.set(task, text = `${task.prompt} ${task.repo} ${task.branch} ${task.owner} ${task.summary} ${task.id}`.toLowerCase());
  return text;
}

/** A version that is older than the one known came over a slower way. */
function take(tasks: Task[]): void {
  for (const task of tasks) {
    const before = known.get(task.id);
    if (!before || before.version <= task.version) known.set(task.id, task);
  }

  changed.value++;
}

const takeSoon = perFrame<Task>(tasks => batch(() => take(tasks)));

/** Owner and repository are the service's to filter; what they leave is followed and loaded. */
const scope = computed(() => {
  const { owner, repo } = filters.value;
  const query = new URLSearchParams({ owner });
  if (repo) query.set('repo', repo);
  return query.toString();
});

/** Keeps the list live for as long as somebody looks at it. */
export function watch(): () => void {
  return effect(() => {
    const within = scope.value;
    return untracked(() => open(within));
  });
}

function open(within: string): () => void {
  const over = new AbortController();
  batch(() => {
    known.clear();
    changed.value++;
    cursor.value = null;
    loading.value = true;
    problem.value = null;
  });
  const refused = (no: unknown) => {
    if (over.signal.aborted) return;
    loading.value = false;
    if (no instanceof Problem) problem.value = no;
    else throw no;
  };
  // What there is, once changes are followed: so none falls in between. Each connection begins so.
  const stop = follow(() => `/tasks/stream?${within}&limit=1`, events => {
    for (const { event, data } of events) {
      if (event === 'task') takeSoon(JSON.parse(data));
      else if (event === 'ready') load(within, over.signal).catch(refused);
    }
  }, refused);
  return () => { over.abort(); stop(); };
}

async function load(within: string, over: AbortSignal): Promise<void> {
  let next: string | null = null;
  for (let count = 0; count < first;) {
    const query = new URLSearchParams(within);
    query.set('limit', String(Math.min(count === 0 ? 50 : page, first - count)));
    if (next) query.set('cursor', next);
    const { tasks, next_cursor } = await api.list(query, over);
    if (over.aborted) return;
    count += tasks.length;
    batch(() => {
      take(tasks);
      cursor.value = next = next_cursor;
      loading.value = false;
      problem.value = null;
    });
    if (next === null) return;
  }
}

let more = false;

/** Loads some of the older ones. */
export async function loadMore(): Promise<void> {
  if (more || cursor.value === null) return;
  more = true;
  try {
    const within = scope.value;
    const query = new URLSearchParams(within);
    query.set('limit', String(page));
    query.set('cursor', cursor.value);
    const { tasks, next_cursor } = await api.list(query);
    if (within === scope.value) batch(() => { take(tasks); cursor.value = next_cursor; });
  } catch (no) {
    if (!(no instanceof Problem)) throw no;
    problem.value = no;
  } finally {
    more = false;
  }
}
