import { useState } from 'preact/hooks';

export interface Series { name: string; kind: string; values: (number | null)[] }

const width = 640, height = 200, left = 54, bottom = 22, top = 10;

/** Figures over time, as stacked bars or as lines; the table below it has the same in words. */
export function Plot(props: { title: string; about: string; times: string[]; series: Series[]; stacked?: boolean; say: (value: number) => string }) {
  const { title, about, times, series, stacked = false, say } = props;
  const [at, setAt] = useState<number | null>(null);
  const sums = times.map((_, i) => series.reduce((sum, one) => sum + (one.values[i] ?? 0), 0));
  const highest = Math.max(0, ...(stacked ? sums : series.flatMap(one => one.values.map(value => value ?? 0))));
  const most = ceiling(highest);
  const x = (i: number) => left + ((i + 0.5) * (width - left - 6)) / times.length;
  const y = (value: number) => height - bottom - (value / most) * (height - bottom - top);
  const step = (width - left - 6) / times.length;
  const id = title.replaceAll(/\W+/g, '-').toLowerCase();

  function point(event: PointerEvent) {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const i = Math.floor((((event.clientX - box.left) / box.width) * width - left) / step);
    setAt(i >= 0 && i < times.length ? i : null);
  }

  return (
    <figure class="plot">
      <figcaption id={id}><h2>{title}</h2><p class="dim">{about}</p></figcaption>
      <ul class="legend">{series.map(one => <li key={one.name}><span class={`swatch plot-${one.kind}`} aria-hidden="true" />{one.name}{at !== null && <strong> {one.values[at] === null ? 'none' : say(one.values[at]!)}</strong>}</li>)}{at !== null && <li class="dim">{times[at]}</li>}</ul>
      {highest === 0 ? <p class="empty dim">Nothing in this time.</p> : (
        <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-labelledby={id} onPointerMove={point} onPointerLeave={() => setAt(null)}>
          {[0, 0.5, 1].map(part => (
            <g key={part}><line class="grid-line" x1={left} x2={width} y1={y(most * part)} y2={y(most * part)} /><text class="axis" x={left - 6} y={y(most * part) + 4} text-anchor="end">{say(most * part)}</text></g>
          ))}
          {ticks(times.length).map(i => <text key={i} class="axis" x={Math.min(width - 18, Math.max(left + 14, x(i)))} y={height - 5} text-anchor="middle">{times[i]}</text>)}
          {at !== null && <rect class="cursor" x={x(at) - step / 2} width={step} y={top} height={height - bottom - top} />}
          {stacked ? times.map((_, i) => <Stack key={i} i={i} series={series} x={x(i)} width={step} y={y} />) : series.map(one => <Line key={one.name} one={one} x={x} y={y} />)}
        </svg>
      )}
      <details>
        <summary>As a table</summary>
        <div class="table" tabIndex={0} role="group" aria-labelledby={id}><table>
          <thead><tr><th scope="col">From</th>{series.map(one => <th key={one.name} scope="col">{one.name}</th>)}</tr></thead>
          <tbody>{times.map((time, i) => <tr key={i}><th scope="row">{time}</th>{series.map(one => <td key={one.name}>{one.values[i] === null ? '–' : say(one.values[i]!)}</td>)}</tr>)}</tbody>
        </table></div>
      </details>
    </figure>
  );
}

function Stack({ i, series, x, width, y }: { i: number; series: Series[]; x: number; width: number; y: (value: number) => number }) {
  let sum = 0;
  const wide = Math.max(1, Math.min(26, width * 0.72));
  return <>{series.map(one => {
    const value = one.values[i] ?? 0;
    const base = y(sum);
    sum += value;
    return value > 0 && <rect key={one.name} class={`plot-${one.kind}`} x={x - wide / 2} width={wide} y={y(sum)} height={base - y(sum)} />;
  })}</>;
}

/** Broken where there is no figure. */
function Line({ one, x, y }: { one: Series; x: (i: number) => number; y: (value: number) => number }) {
  let path = '';
  one.values.forEach((value, i) => { if (value !== null) path += `${path === '' || one.values[i - 1] === null ? 'M' : 'L'}${x(i).toFixed(1)} ${y(value).toFixed(1)}`; });
  return <g class={`plot-line plot-${one.kind}`}><path d={path} />{one.values.length <= 60 && one.values.map((value, i) => value !== null && <circle key={i} cx={x(i)} cy={y(value)} r={2.6} />)}</g>;
}

/** The next round number. */
function ceiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 3, 4, 5, 6, 8, 10].map(step => step * power).find(step => step >= value)!;
}

/** Which times are written under the plot: at most six. */
const ticks = (count: number) => Array.from({ length: count }, (_, i) => i).filter(i => i % Math.ceil(count / 6) === 0);
