import type { Attempt, CiJob, Task } from '../api/types';
import { now } from '../state/clock';
import { Ago, Away } from '../ui/parts';
import { count, span, word } from '../ui/words';

/** Every run of the agent: what it was asked, what it was told of CI, and what CI said of it. Newest first. */
export function Attempts({ attempts, task }: { attempts: Attempt[]; task: Task }) {
  if (attempts.length === 0) return <p class="empty dim">The agent has not run yet.</p>;
  return <ol class="attempts" reversed>{[...attempts].reverse().map(attempt => <One key={attempt.number} attempt={attempt} isLast={attempt.number === attempts.at(-1)!.number} task={task} />)}</ol>;
}

function One({ attempt, isLast, task }: { attempt: Attempt; isLast: boolean; task: Task }) {
  const took = Date.parse(attempt.finished_at ?? new Date(now.value).toISOString()) - Date.parse(attempt.started_at);
  return (
    <li class="attempt">
      <header>
        <h3>Attempt {attempt.number}</h3>
        <span class={`tag outcome-${attempt.outcome}`}>{word(attempt.outcome)}</span>
        <span class="dim"><Ago time={attempt.started_at} /> · {span(took)}</span>
        {attempt.head_sha && <code title={attempt.head_sha}>{attempt.head_sha.slice(0, 8)}</code>}
        {attempt.usage && <span class="dim">{count.format(attempt.usage.input_tokens)} tokens in ({count.format(attempt.usage.cached_input_tokens)} cached), {count.format(attempt.usage.output_tokens)} out{attempt.usage.cost_usd !== null && `, $${attempt.usage.cost_usd.toFixed(2)}`}</span>}
      </header>
      {attempt.instruction !== task.prompt && <details><summary>Instruction</summary><pre class="text">{attempt.instruction}</pre></details>}
      {attempt.feedback && <details open={isLast}><summary>Feedback that the agent got, to the letter</summary><pre class="text feedback" tabIndex={0}>{attempt.feedback}</pre></details>}
      {attempt.said && <details open={isLast}><summary>What the agent said at its end</summary><pre class="text">{attempt.said}</pre></details>}
      {attempt.ci && (
        <div class="ci">
          <h4>CI: <span class={`tag outcome-${attempt.ci.verdict}`}>{word(attempt.ci.verdict)}</span></h4>
          {attempt.ci.runs.map((run, i) => (
            <div key={i} class="run">
              <p><Conclusion of={run.conclusion} /> <Away href={run.url}>{run.name}</Away></p>
              {run.jobs.length > 0 && <ul>{run.jobs.map((job, j) => <Job key={j} job={job} />)}</ul>}
            </div>
          ))}
        </div>
      )}
    </li>
  );
}

const Job = ({ job }: { job: CiJob }) => (
  <li><Conclusion of={job.conclusion} /> <Away href={job.url}>{job.name}</Away>{job.failed_step && <span class="dim"> failed at <strong>{job.failed_step}</strong></span>}</li>
);

function Conclusion({ of }: { of: string | null }) {
  const good = of === 'success' ? 'good' : of === null || of === 'skipped' || of === 'neutral' ? 'even' : 'bad';
  return <span class={`conclusion ${good}`}><span aria-hidden="true">{good === 'good' ? '✓' : good === 'bad' ? '✕' : '–'}</span> {word(of ?? 'under way')}</span>;
}
