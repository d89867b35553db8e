import { useEffect, useState } from 'preact/hooks';
import type { Task } from '../api/types';
import { backToList } from '../app';
import { lastUsed } from '../dialogs/open';
import { give, whyNot } from '../state/orders';
import { now } from '../state/clock';
import { put, query } from '../state/router';
import { Tries } from '../list/TaskRow';
import { useKeys } from '../ui/keys';
import { Action, Ago, Away, StatusPill, Trouble } from '../ui/parts';
import { capital, count, hasEnded, phaseWords, relative, repoName, roughly, safeLink, short, span, titleOf, word } from '../ui/words';
import { Attempts } from './Attempts';
import { DiffView } from './diff/DiffView';
import { History } from './History';
import { LogView } from './log/LogView';
import { FollowedTask } from './task';
import { TimeBars } from './TimeBars';

const tabs = ['log', 'attempts', 'diff', 'history'] as const;

/** Everything about one task. */
export function TaskPage({ id }: { id: string }) {
  const [followed] = useState(() => new FollowedTask(id));
  useEffect(() => followed.watch(), [followed]);
  const task = followed.task.value;
  useEffect(() => {
    if (!task) return;
    lastUsed.value = { repo: task.repo, agent: task.agent };
    document.title = `${word(task.status)}: ${titleOf(task)} · Ampx`;
  }, [task?.status, task?.prompt]);
  useKeys(task ? { c: () => give('continue', task), a: () => give('abort', task), m: () => give('merge', task) } : {});

  if (!task) return <div class="page">{followed.problem.value ? <><Trouble problem={followed.problem.value} /><p><a href={backToList()}>Back to the tasks</a></p></> : <p class="dim loading" role="status">Loading…</p>}</div>;

  const tab = tabs.find(name => name === query.value.get('tab')) ?? 'log';
  return (
    <article class="page task">
      <Head task={task} />
      {followed.problem.value && <Trouble problem={followed.problem.value} />}
      <TimeBars timeline={followed.timeline.value} task={task} />
      <div class="tabs" role="tablist" aria-label="About this task">
        {tabs.map(name => (
          <button key={name} type="button" role="tab" id={`tab-${name}`} aria-selected={tab === name} aria-controls="panel" tabIndex={tab === name ? 0 : -1}
            onClick={() => put({ tab: name === 'log' ? null : name })} onKeyDown={event => turn(event, name)}>
            {capital(name)}{name === 'attempts' && followed.attempts.value.length > 0 && <span class="number">{followed.attempts.value.length}</span>}
          </button>
        ))}
      </div>
      <section id="panel" role="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={-1}>
        {tab === 'log' && <LogView id={task.id} attempts={followed.attempts.value.length} live={!hasEnded(task)} />}
        {tab === 'attempts' && <Attempts attempts={followed.attempts.value} task={task} />}
        {tab === 'diff' && <DiffView id={task.id} sha={task.head_sha} />}
        {tab === 'history' && <History timeline={followed.timeline.value} />}
      </section>
    </article>
  );
}

function turn(event: KeyboardEvent, from: (typeof tabs)[number]): void {
  const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
  if (by === 0) return;
  const next = tabs[(tabs.indexOf(from) + by + tabs.length) % tabs.length];
  put({ tab: next === 'log' ? null : next });
  document.getElementById(`tab-${next}`)?.focus();
}

function Head({ task }: { task: Task }) {
  const rest = task.prompt.trim() !== titleOf(task);
  return (
    <header class="head">
      <p class="crumbs"><a href={backToList()}>Tasks</a> <span aria-hidden="true">/</span> <span title={task.repo}>{repoName(task.repo)}</span> <span aria-hidden="true">/</span> <code>{short(task.id)}</code></p>
      <div class="line">
        <h1>{titleOf(task)}</h1>
        <div class="actions">
          <Action label="Continue" keys="c" why={whyNot('continue', task)} onClick={() => give('continue', task)} />
          <Action label="Abort" keys="a" kind="danger" why={whyNot('abort', task)} onClick={() => give('abort', task)} />
          <Action label="Merge" keys="m" kind="primary" why={whyNot('merge', task)} onClick={() => give('merge', task)} />
        </div>
      </div>
      <div class="standing" role="status" aria-live="polite" aria-atomic="true">
        <StatusPill status={task.status} />
        {!hasEnded(task) || task.phase !== 'done' ? <strong>{capital(phaseWords[task.phase])}</strong> : null}
        <span>{task.summary}</span>
      </div>
      {task.error && <p class="error-line"><code>{task.error.code}</code> {task.error.detail}</p>}
      {task.progress && <label class="progress">{task.progress.unit} <progress max={task.progress.total} value={task.progress.done} /> {count.format(task.progress.done)} of {count.format(task.progress.total)}</label>}
      {rest && <details class="prompt"><summary>The whole instruction</summary><pre>{task.prompt}</pre></details>}
      {task.pending_instructions.length > 0 && <div class="pending"><strong>Waiting instructions</strong><ol>{task.pending_instructions.map((text, i) => <li key={i}>{text}</li>)}</ol></div>}
      <Facts task={task} />
    </header>
  );
}

function Facts({ task }: { task: Task }) {
  const pull = task.pull_request;
  const until = Date.parse(task.finished_at ?? new Date(now.value).toISOString());
  return (
    <dl class="facts">
      <div><dt>Attempt</dt><dd><Tries task={task} /></dd></div>
      {task.queue_position !== null && <div><dt>Queue</dt><dd>{task.queue_position === 1 ? 'next' : `${task.queue_position}.`}</dd></div>}
      {pull && <div><dt>Pull request</dt><dd>{safeLink(pull.url) ? <Away href={pull.url}>#{pull.number}</Away> : 'the branch'} <span class={`tag pr-${pull.state}`}>{pull.state}</span>{pull.auto_merge && <span class="tag">merges by itself</span>}</dd></div>}
      {safeLink(task.compare_url) && <div><dt>Compare</dt><dd><Away href={task.compare_url}>base … branch</Away></dd></div>}
      {safeLink(task.ci_url) && <div><dt>CI</dt><dd><Away href={task.ci_url}>{task.ci_run_id ? `run ${task.ci_run_id}` : 'run'}</Away></dd></div>}
      <div><dt>Branch</dt><dd><code>{task.branch}</code>{task.base && <> from <code>{task.base}</code></>}</dd></div>
      {task.head_sha && <div><dt>Commit</dt><dd><code title={task.head_sha}>{task.head_sha.slice(0, 8)}</code></dd></div>}
      <div><dt>Agent</dt><dd>{task.agent}{task.thread_id && <> <code class="dim">{task.thread_id}</code></>}</dd></div>
      <div><dt>Owner</dt><dd>{task.owner}</dd></div>
      <div><dt>Started</dt><dd><Ago time={task.created_at} /></dd></div>
      <div><dt>{task.finished_at ? 'Took' : 'For'}</dt><dd>{span(until - Date.parse(task.created_at))}</dd></div>
      {task.next_wake_at && !hasEnded(task) && task.phase === 'backing_off' && <div><dt>Next try</dt><dd>{relative(Date.parse(task.next_wake_at), now.value)}</dd></div>}
      {task.usage && <div><dt>Tokens</dt><dd title={`${count.format(task.usage.input_tokens)} in (${count.format(task.usage.cached_input_tokens)} cached), ${count.format(task.usage.output_tokens)} out`}>{roughly(task.usage.input_tokens)} in · {roughly(task.usage.output_tokens)} out{task.usage.cost_usd !== null && ` · $${task.usage.cost_usd.toFixed(2)}`}</dd></div>}
    </dl>
  );
}
