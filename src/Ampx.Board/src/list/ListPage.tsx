import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Task } from '../api/types';
import { dialog } from '../dialogs/open';
import { give } from '../state/orders';
import { go, put, query } from '../state/router';
import { caller, whyNotAllowed } from '../state/session';
import { filters, hasMore, loaded, loading, loadMore, problem, shown, watch } from '../state/tasks';
import { useKeys } from '../ui/keys';
import { Trouble } from '../ui/parts';
import { VirtualList } from '../ui/VirtualList';
import { count } from '../ui/words';
import { Columns } from './Columns';
import { Filters } from './Filters';
import { TaskRow } from './TaskRow';

/** All tasks, as a list or in columns by status. */
export function ListPage() {
  const [chosen, choose] = useState<string | null>(null);
  const tasks = shown.value;
  const at = tasks.findIndex(task => task.id === chosen);
  const columns = query.value.get('view') === 'columns';
  useEffect(watch, []);
  useEffect(() => { document.title = 'Ampx'; }, []);

  const move = (by: number) => {
    const next = tasks[Math.max(0, Math.min(tasks.length - 1, at < 0 ? 0 : at + by))];
    if (next) choose(next.id);
  };
  const on = (act: (task: Task) => void) => () => { if (at >= 0) act(tasks[at]); };
  useKeys({
    j: () => move(1), k: () => move(-1),
    Enter: on(task => go(`/t/${task.id}`)),
    c: on(task => give('continue', task)), a: on(task => give('abort', task)), m: on(task => give('merge', task)),
    '/': () => document.querySelector<HTMLInputElement>('#search')?.focus(),
    v: () => put({ view: columns ? null : 'columns' }),
    Escape: () => choose(null),
  });
  const more = useCallback(() => void loadMore(), []);

  return (
    <div class={columns ? 'page wide' : 'page'}>
      <h1 class="visually-hidden">Tasks</h1>
      <Filters columns={columns} />
      {problem.value && <Trouble problem={problem.value} />}
      <p class="count dim" role="status">{loading.value ? 'Loading…' : say(tasks.length)}</p>
      {columns ? <Columns tasks={tasks} chosen={chosen} />
        : tasks.length > 0 ? <VirtualList label="Tasks" count={tasks.length} height={rowHeight()} reveal={at} onEnd={more} keyOf={i => tasks[i].id} row={i => <TaskRow task={tasks[i]} chosen={tasks[i].id === chosen} />} />
        : !loading.value && <Nothing />}
    </div>
  );
}

const rowHeight = () => (matchMedia('(max-width: 40rem)').matches ? 92 : 64);

function say(number: number): string {
  const all = loaded.value.length;
  const of = number === all ? '' : ` of ${count.format(all)}${hasMore.value ? ' loaded' : ''}`;
  return `${count.format(number)}${of}${hasMore.value && number === all ? ' newest' : ''} ${number === 1 && of === '' ? 'task' : 'tasks'}`;
}

function Nothing() {
  const { search, statuses, repo, owner } = filters.value;
  const filtered = search !== '' || statuses.length > 0 || repo !== '' || owner !== 'all';
  return (
    <div class="empty">
      {filtered
        ? <><p>No task is like this.</p><button type="button" class="button" onClick={() => put({ q: null, status: null, repo: null, owner: null })}>Show all</button></>
        : <><p>There are no tasks yet{caller.value ? `, ${caller.value.name}` : ''}.</p>{!whyNotAllowed() && <button type="button" class="button primary" onClick={() => { dialog.value = { name: 'start' }; }}>Start the first</button>}</>}
    </div>
  );
}
