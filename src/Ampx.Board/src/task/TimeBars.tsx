import type { Phase, Task, TimelineEntry } from '../api/types';
import { now } from '../state/clock';
import { hasEnded, phaseWords, span } from '../ui/words';
import { roundsOf } from './rounds';

/** Where the time of each attempt went, all on one scale. */
export function TimeBars({ timeline, task }: { timeline: TimelineEntry[]; task: Task }) {
  if (timeline.length === 0) return null;
  const rounds = roundsOf(timeline, hasEnded(task) ? 0 : now.value);
  const longest = Math.max(1, ...rounds.map(round => round.length));
  const phases = [...new Set(rounds.flatMap(round => round.stretches.map(stretch => stretch.phase)))];
  return (
    <section class="bars" aria-labelledby="bars-title">
      <h2 id="bars-title" class="visually-hidden">Where the time went</h2>
      <ol>
        {rounds.map((round, i) => (
          <li key={i}>
            <span class="label">{round.label}</span>
            <span class="bar" role="img" aria-label={round.stretches.map(stretch => `${phaseWords[stretch.phase]} ${span(stretch.to - stretch.from)}`).join(', ')}>
              <span class="fill" style={{ width: `${Math.max(1, (round.length / longest) * 100)}%` }}>
                {round.stretches.map((stretch, j) => (
                  <span key={j} class={`stretch phase-${stretch.phase}${stretch.open ? ' open' : ''}`} style={{ flexGrow: Math.max(0.004, (stretch.to - stretch.from) / Math.max(1, round.length)) }}
                    title={`${phaseWords[stretch.phase]}: ${span(stretch.to - stretch.from)}`} />
                ))}
              </span>
            </span>
            <span class="length dim">{span(round.length)}</span>
          </li>
        ))}
      </ol>
      <ul class="legend" aria-label="Legend">{phases.map(phase => <Key key={phase} phase={phase} total={total(rounds, phase)} />)}</ul>
    </section>
  );
}

const Key = ({ phase, total }: { phase: Phase; total: number }) => <li><span class={`swatch phase-${phase}`} aria-hidden="true" />{phaseWords[phase]} <span class="dim">{span(total)}</span></li>;

const total = (rounds: ReturnType<typeof roundsOf>, phase: Phase) =>
  rounds.flatMap(round => round.stretches).filter(stretch => stretch.phase === phase).reduce((sum, stretch) => sum + stretch.to - stretch.from, 0);
