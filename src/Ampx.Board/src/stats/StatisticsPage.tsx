import { useEffect, useState } from 'preact/hooks';
import { api, base, Problem } from '../api/client';
import type { Spread, Stats, StatsBucket } from '../api/types';
import { put, query } from '../state/router';
import { Trouble } from '../ui/parts';
import { count, roughly, span, statuses, word } from '../ui/words';
import { Plot, type Series } from './Plot';

const ranges: Record<string, { name: string; bucket: string }> = {
  '24h': { name: '24 hours', bucket: '1h' }, '7d': { name: '7 days', bucket: '6h' }, '30d': { name: '30 days', bucket: '1d' }, '90d': { name: '90 days', bucket: '3d' },
};

const often = 30_000;

/** How it goes and how it went. */
export function StatisticsPage() {
  const since = query.value.get('since') ?? '7d';
  const { bucket } = ranges[since] ?? ranges['7d'];
  const [stats, setStats] = useState<Stats | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => { document.title = 'Statistics · Ampx'; }, []);
  useEffect(() => {
    let gone = false;
    const read = () => {
      if (document.hidden) return;
      api.stats(since, bucket).then(
        now => { if (!gone) { setStats(now); setProblem(null); } },
        no => { if (!(no instanceof Problem)) throw no; if (!gone) setProblem(no); });
    };
    read();
    const again = setInterval(read, often);
    return () => { gone = true; clearInterval(again); };
  }, [since, bucket]);

  return (
    <div class="page statistics">
      <div class="line">
        <h1>Statistics</h1>
        <div class="switch" role="group" aria-label="Time">
          {Object.entries(ranges).map(([range, { name }]) => <button key={range} type="button" aria-pressed={range === since} onClick={() => put({ since: range })}>{name}</button>)}
        </div>
        <a href={`${base}/stats.csv?since=${since}&bucket=${bucket}`} download={`ampx-${since}.csv`}>As CSV</a>
      </div>
      {problem && <Trouble problem={problem} />}
      {!stats && !problem && <p class="dim loading" role="status">Loading…</p>}
      {stats && <Now stats={stats} />}
      {stats && (stats.series ? <Plots series={stats.series} bucket={bucket} /> : <p class="empty dim">This service gives no figures over time.</p>)}
    </div>
  );
}

function Now({ stats }: { stats: Stats }) {
  return (
    <section class="now" aria-label="Now">
      <ul class="figures">
        {statuses.map(status => <li key={status} class={`status-${status}`}><a href={`/?status=${status}`}><strong>{count.format(stats.tasks[status])}</strong> {word(status)}</a></li>)}
        <li><strong>{count.format(stats.queue.length)}</strong> in the queue</li>
      </ul>
      {stats.workers.length > 0 && (
        <ul class="workers">
          {stats.workers.map(worker => (
            <li key={worker.name}><code>{worker.name}</code> <meter min={0} max={Math.max(1, worker.slots)} value={worker.busy} aria-label={`${worker.name}, slots in use`} /> {worker.busy} of {worker.slots} slots{worker.draining && <span class="tag">draining</span>}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Plots({ series, bucket }: { series: StatsBucket[]; bucket: string }) {
  const form = new Intl.DateTimeFormat('en-GB', bucket === '1h' ? { hour: '2-digit', minute: '2-digit' } : bucket === '6h' ? { day: 'numeric', month: 'short', hour: '2-digit' } : { day: 'numeric', month: 'short' });
  const times = series.map(one => form.format(new Date(one.from)));
  const spread = (of: (one: StatsBucket) => Spread): Series[] => [
    { name: 'median', kind: 'median', values: series.map(one => of(one).median) }, { name: 'p90', kind: 'p90', values: series.map(one => of(one).p90) },
  ];
  const outcomes: Series[] = ['success', 'needs_review', 'error', 'aborted'].map(name => ({ name: word(name), kind: name, values: series.map(one => one.tasks[name] ?? 0) }));
  const seconds = (value: number) => (value === 0 ? '0' : span(value * 1000));
  const tokens: Series[] = [
    { name: 'input', kind: 'input', values: series.map(one => one.input_tokens) }, { name: 'output', kind: 'output', values: series.map(one => one.output_tokens) },
  ];
  const whole = (value: number) => (Number.isInteger(value) ? count.format(value) : value.toFixed(1));
  return (
    <div class="plots">
      <Plot title="Tasks by outcome" about="Tasks that ended" times={times} series={outcomes} stacked say={whole} />
      <Plot title="Time to green" about="From start to green CI" times={times} series={spread(one => one.time_to_green)} say={seconds} />
      <Plot title="Queue wait" about="From start to the first worker" times={times} series={spread(one => one.queue_wait)} say={seconds} />
      <Plot title="Attempts" about="Agent runs that a task took" times={times} series={spread(one => one.attempts)} say={whole} />
      <Plot title="Tokens" about="What the agents reported" times={times} series={tokens} stacked say={roughly} />
    </div>
  );
}
