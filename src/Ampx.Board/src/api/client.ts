import type { Attempt, Caller, ChangeOrder, LogEntry, StartOrder, Stats, Task, TimelineEntry } from './types';

export const base = '/api/v1';

/** A call that was refused or got no answer; status 0 where nothing answered. */
export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, detail: string, readonly errors: Record<string, string[]> = {}, readonly retryAfter = 0) {
    super(detail);
  }
}

/** What happens when nobody is signed in any more. */
export const onSignedOut: { tell: () => void } = { tell: () => {} };

/** A fetch whose refusals are problems. */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(base + path, { credentials: 'same-origin', ...init });
  } catch (failure) {
    if ((failure as Error).name === 'AbortError') throw failure;
    throw new Problem(0, 'unreachable', 'The service does not answer. It may be restarting, or the network is away.');
  }

  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  if (problem.status === 401 && path !== '/session') onSignedOut.tell();
  throw problem;
}

async function problemOf(answer: Response): Promise<Problem> {
  const text = await answer.text();
  const retry = Number(answer.headers.get('Retry-After') ?? 0);
  try {
    const { code, detail, errors } = JSON.parse(text);
    return new Problem(answer.status, code, sentence(detail), errors ?? {}, retry);
  } catch {
    return new Problem(answer.status, 'unknown', `The service answered ${answer.status}.`, {}, retry);
  }
}

const sentence = (detail: string) => detail.charAt(0).toUpperCase() + detail.slice(1);

const json = async <T>(path: string, init?: RequestInit) => (await call(path, init)).json() as Promise<T>;

const body = (method: string, content: unknown, headers: Record<string, string> = {}): RequestInit =>
  ({ method, body: JSON.stringify(content), headers: { 'Content-Type': 'application/json', ...headers } });

const at = (id: string) => `/tasks/${encodeURIComponent(id)}`;

export const api = {
  whoami: () => json<Caller>('/whoami'),
  signIn: (token: string) => call('/session', body('POST', { token })),
  signOut: () => call('/session', { method: 'DELETE' }),
  list: (query: URLSearchParams, signal?: AbortSignal) => json<{ tasks: Task[]; next_cursor: string | null }>(`/tasks?${query}`, { signal }),
  task: (id: string, signal?: AbortSignal) => json<Task>(at(id), { signal }),
  start: (order: StartOrder, key: string) => json<Task>('/tasks', body('POST', order, { 'Idempotency-Key': key })),
  change: (id: string, order: ChangeOrder) => call(at(id), body('PATCH', order)),
  timeline: async (id: string) => (await json<{ entries: TimelineEntry[] }>(`${at(id)}/timeline`)).entries,
  attempts: async (id: string) => (await json<{ attempts: Attempt[] }>(`${at(id)}/attempts`)).attempts,
  logs: async (id: string, query: string, signal?: AbortSignal) => (await json<{ entries: LogEntry[] }>(`${at(id)}/logs?${query}`, { signal })).entries,
  diff: async (id: string) => (await call(`${at(id)}/diff`)).text(),
  stats: (since: string, bucket: string) => json<Stats>(`/stats?since=${since}&bucket=${bucket}`),
};
