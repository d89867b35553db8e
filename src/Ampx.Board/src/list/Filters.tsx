import { put } from '../state/router';
import { caller } from '../state/session';
import { filters, loaded } from '../state/tasks';
import { repoName, statuses, word } from '../ui/words';

/** What is shown, kept in the URL. */
export function Filters({ columns }: { columns: boolean }) {
  const { owner, repo, search, statuses: wanted } = filters.value;
  const tasks = loaded.value;
  const repos = sorted([...tasks.map(task => task.repo), repo].filter(Boolean));
  const owners = sorted([...tasks.map(task => task.owner), owner].filter(name => name !== 'all' && name !== 'me' && name !== caller.value?.name));
  const toggle = (status: (typeof statuses)[number]) =>
    put({ status: (wanted.includes(status) ? wanted.filter(other => other !== status) : [...wanted, status]).join(',') });
  const counts = new Map<string, number>();
  for (const task of tasks) counts.set(task.status, (counts.get(task.status) ?? 0) + 1);

  return (
    <search class="filters">
      <input id="search" type="search" placeholder="Search  /" aria-label="Search the tasks" value={search} onInput={event => put({ q: event.currentTarget.value })} />
      <label><span class="visually-hidden">Owner</span>
        <select value={owner} onChange={event => put({ owner: event.currentTarget.value === 'all' ? null : event.currentTarget.value })}>
          <option value="all">Everybody</option><option value="me">Mine</option>
          {owners.map(name => <option key={name} value={name}>{name}</option>)}
        </select>
      </label>
      <label><span class="visually-hidden">Repository</span>
        <select value={repo} onChange={event => put({ repo: event.currentTarget.value })}>
          <option value="">All repositories</option>
          {repos.map(name => <option key={name} value={name}>{repoName(name)}</option>)}
        </select>
      </label>
      <div class="chips" role="group" aria-label="Status">
        {statuses.map(status => (
          <button key={status} type="button" class={`chip status-${status}`} aria-pressed={wanted.includes(status)} onClick={() => toggle(status)}>{word(status)} <span class="number">{counts.get(status) ?? 0}</span></button>
        ))}
      </div>
      <div class="switch" role="group" aria-label="View">
        <button type="button" aria-pressed={!columns} onClick={() => put({ view: null })}>List</button>
        <button type="button" aria-pressed={columns} onClick={() => put({ view: 'columns' })}>Columns</button>
      </div>
    </search>
  );
}

const sorted = (names: string[]) => [...new Set(names)].sort((a, b) => a.localeCompare(b));
