import { useState } from 'preact/hooks';
import { api } from '../api/client';
import type { StartOrder, Task } from '../api/types';
import { caller } from '../state/session';
import { filters, loaded } from '../state/tasks';
import { go } from '../state/router';
import { hasEnded, repoName, short, titleOf, word } from '../ui/words';
import { Check, Field, Frame, OrderForm } from './Frame';
import { lastUsed, tell } from './open';

const text = (form: FormData, name: string) => String(form.get(name) ?? '').trim() || undefined;

const number = (form: FormData, name: string) => { const given = text(form, name); return given === undefined ? undefined : Number(given); };

/** `90m` as the service writes it; what can't be read goes as it is, for the service to refuse. */
function duration(form: FormData, name: string): string | undefined {
  const given = text(form, name);
  const parts = given && /^(?:(\d+)h)?\s*(?:(\d+)m(?:in)?)?$/.exec(given);
  if (!parts || !given) return given;
  const minutes = Number(parts[1] ?? 0) * 60 + Number(parts[2] ?? 0);
  const two = (n: number) => String(n).padStart(2, '0');
  const days = Math.floor(minutes / 1440);
  return `${days > 0 ? `${days}.` : ''}${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}:00`;
}

export function StartDialog() {
  // One key for one wish: sent again after a lost answer it is still one task.
  const [key] = useState(() => [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join(''));
  const repos = [...new Set(loaded.value.map(task => task.repo))].slice(0, 30);
  const mine = loaded.value.find(task => task.owner === caller.value?.name);

  const agent = lastUsed.value.agent || mine?.agent || 'amp';

  async function send(form: FormData) {
    const issue = number(form, 'issue');
    const order: StartOrder = {
      repo: text(form, 'repo') ?? '', prompt: text(form, 'prompt'), base: text(form, 'base'), agent: text(form, 'agent'), ci: text(form, 'ci'), issue,
      max_attempts: number(form, 'max_attempts'), max_tokens: number(form, 'max_tokens'), max_time: duration(form, 'max_time'),
      draft: form.has('draft') || undefined, auto_merge: form.has('auto_merge') || undefined,
    };
    const task = await api.start(order, `${key}-${digest(JSON.stringify(order))}`);
    tell(`Started ${short(task.id)}`);
    go(`/t/${task.id}`);
  }

  return (
    <Frame title="Start a task">
      <OrderForm submit="Start" send={send} fields={['repo', 'prompt', 'base', 'agent', 'ci', 'issue', 'max_attempts', 'max_tokens', 'max_time']}>
        {errors => (
          <>
            <Field name="repo" label="Repository" hint="owner/name, an address, or a path on the service's machine" errors={errors}>
              {attributes => <input {...attributes} data-first type="text" list="repos" autocomplete="off" spellcheck={false} defaultValue={filters.value.repo || lastUsed.value.repo || mine?.repo || ''} />}
            </Field>
            <datalist id="repos">{repos.map(repo => <option key={repo} value={repo} />)}</datalist>
            <Field name="prompt" label="Task" errors={errors}>
              {attributes => <textarea {...attributes} rows={6} placeholder="What is to be done, and how one sees that it is" />}
            </Field>
            <details class="more">
              <summary>Options</summary>
              <div class="grid">
                <Field name="base" label="Base branch" hint="The default branch if empty" errors={errors}>{attributes => <input {...attributes} type="text" autocomplete="off" spellcheck={false} />}</Field>
                <Field name="agent" label="Agent" hint="amp if empty" errors={errors}>{attributes => <input {...attributes} type="text" autocomplete="off" spellcheck={false} defaultValue={agent === 'amp' ? '' : agent} />}</Field>
                <Field name="issue" label="GitHub issue" hint="Its number; its text is the task" errors={errors}>{attributes => <input {...attributes} type="number" min={1} />}</Field>
                <Field name="ci" label="CI command" hint="Plain git repositories only" errors={errors}>{attributes => <input {...attributes} type="text" autocomplete="off" spellcheck={false} />}</Field>
                <Field name="max_attempts" label="Attempts at most" errors={errors}>{attributes => <input {...attributes} type="number" min={1} max={20} placeholder="3" />}</Field>
                <Field name="max_tokens" label="Tokens at most" errors={errors}>{attributes => <input {...attributes} type="number" min={1} step={1000} />}</Field>
                <Field name="max_time" label="Time at most" hint="90m, 2h, 1h30m" errors={errors}>{attributes => <input {...attributes} type="text" autocomplete="off" />}</Field>
              </div>
              <Check name="draft" label="Leave the pull request a draft" />
              <Check name="auto_merge" label="Merge by itself when green" />
            </details>
          </>
        )}
      </OrderForm>
    </Frame>
  );
}

/** A short name of a text; not for secrets. */
function digest(of: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < of.length; i++) hash = Math.imul(hash ^ of.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16);
}

const About = ({ task }: { task: Task }) => <p class="about"><code>{short(task.id)}</code> {titleOf(task)} <span class="dim">· {repoName(task.repo)}</span></p>;

export function ContinueDialog({ task }: { task: Task }) {
  async function send(form: FormData) {
    await api.change(task.id, {
      action: 'continue', prompt: text(form, 'prompt'), max_attempts: number(form, 'max_attempts'), max_tokens: number(form, 'max_tokens'), max_time: duration(form, 'max_time'),
    });
    tell(hasEnded(task) ? `Continued ${short(task.id)}` : `The instruction waits for what is under way`);
  }

  return (
    <Frame title="Continue">
      <About task={task} />
      <OrderForm submit="Continue" send={send} fields={['prompt', 'max_attempts', 'max_tokens', 'max_time']}>
        {errors => (
          <>
            <Field name="prompt" label="What next" hint={hasEnded(task) ? 'Empty: the last instruction again' : 'The task is at work: this is taken up as soon as it can be'} errors={errors}>
              {attributes => <textarea {...attributes} data-first rows={5} />}
            </Field>
            <details class="more" open={task.error?.code === 'budget_exhausted'}>
              <summary>Limits</summary>
              <div class="grid">
                <Field name="max_attempts" label="Attempts at most" errors={errors}>{attributes => <input {...attributes} type="number" min={1} max={20} placeholder={String(task.max_attempts)} />}</Field>
                <Field name="max_tokens" label="Tokens at most" errors={errors}>{attributes => <input {...attributes} type="number" min={1} />}</Field>
                <Field name="max_time" label="Time at most" hint="90m, 2h, 1h30m" errors={errors}>{attributes => <input {...attributes} type="text" autocomplete="off" />}</Field>
              </div>
            </details>
          </>
        )}
      </OrderForm>
    </Frame>
  );
}

export function AbortDialog({ task }: { task: Task }) {
  const armed = hasEnded(task);
  return (
    <Frame title={armed ? 'Take back the automatic merge?' : 'Abort this task?'}>
      <About task={task} />
      <p>{armed
        ? 'The pull request stays open and is not merged by itself any more.'
        : 'The agent and everything it started is stopped. Branch, thread and logs stay: the task can be continued later.'}</p>
      <OrderForm submit={armed ? 'Take it back' : 'Abort'} kind="danger" fields={[]} send={async () => {
        await api.change(task.id, { action: 'abort' });
        tell(armed ? 'The automatic merge is off' : `Aborted ${short(task.id)}`);
      }}>{() => null}</OrderForm>
    </Frame>
  );
}

export function MergeDialog({ task }: { task: Task }) {
  async function send(form: FormData) {
    const auto = form.has('auto');
    await api.change(task.id, { action: 'merge', method: text(form, 'method') ?? 'squash', delete_branch: form.has('delete_branch'), auto, force: form.has('force') });
    tell(auto ? 'Merges by itself once it may' : `Merged ${short(task.id)}`);
  }

  return (
    <Frame title="Merge">
      <About task={task} />
      <p>Merges exactly the commit that CI found green{task.head_sha && <>, <code>{task.head_sha.slice(0, 8)}</code></>}, into <code>{task.base ?? 'the default branch'}</code>.</p>
      <OrderForm submit="Merge" send={send} fields={['method']}>
        {errors => (
          <>
            <Field name="method" label="Method" errors={errors}>
              {attributes => <select {...attributes} data-first>{['squash', 'merge', 'rebase'].map(method => <option key={method} value={method}>{word(method)}</option>)}</select>}
            </Field>
            <Check name="delete_branch" label="Delete the branch" value />
            <Check name="auto" label="Wait for the forge's rules" hint="Merged by itself once reviews and checks allow it" />
            <Check name="force" label="Force" hint="Overrules the guard for protected paths" />
          </>
        )}
      </OrderForm>
    </Frame>
  );
}
