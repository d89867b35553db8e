import { useEffect, useMemo, useState } from 'preact/hooks';
import { api, Problem } from '../../api/client';
import { Trouble } from '../../ui/parts';
import { count } from '../../ui/words';
import type { Piece } from './highlight';
import { parseDiff, type DiffFile, type DiffLine, type Hunk } from './parse';

const large = 400, most = 2000;

/** The task's change against its base. */
export function DiffView({ id, sha }: { id: string; sha: string | null }) {
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    let gone = false;
    api.diff(id).then(
      diff => { if (!gone) { setText(diff); setProblem(null); } },
      no => { if (!(no instanceof Problem)) throw no; if (!gone) setProblem(no); });
    return () => { gone = true; };
  }, [id, sha]);
  const files = useMemo(() => parseDiff(text ?? ''), [text]);

  if (problem) return <Trouble problem={problem} />;
  if (text === null) return <p class="dim loading" role="status">Loading…</p>;
  if (files.length === 0) return <p class="empty dim">Nothing has been changed yet.</p>;
  const sum = (of: (file: DiffFile) => number) => files.reduce((all, file) => all + of(file), 0);
  return (
    <div class="diff">
      <p class="dim">{files.length} {files.length === 1 ? 'file' : 'files'}, <span class="plus">+{count.format(sum(file => file.added))}</span> <span class="minus">−{count.format(sum(file => file.removed))}</span></p>
      {files.map((file, i) => <File key={`${file.path}-${i}`} file={file} open={i < 20 && file.added + file.removed <= large} />)}
    </div>
  );
}

function File({ file, open }: { file: DiffFile; open: boolean }) {
  const [isOpen, setOpen] = useState(open);
  const [all, setAll] = useState(false);
  const first = useMemo(() => ({ ...file, hunks: cut(file.hunks) }), [file]);
  const size = file.hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);
  return (
    <details class="file" open={isOpen} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        <code class="path">{file.from && <><span class="dim">{file.from} → </span></>}{file.path}</code>
        {file.what !== 'changed' && <span class="tag">{file.what}</span>}
        <span class="sums"><span class="plus">+{file.added}</span> <span class="minus">−{file.removed}</span></span>
      </summary>
      {isOpen && <div class="code" tabIndex={0} role="group" aria-label={`Change of ${file.path}`}><Lines file={all || size <= most ? file : first} /></div>}
      {isOpen && !all && size > most && <button type="button" class="button" onClick={() => setAll(true)}>All {count.format(size)} lines</button>}
    </details>
  );
}

/** The first lines of a file that has too many. */
function cut(hunks: Hunk[]): Hunk[] {
  let left = most;
  return hunks.map(hunk => { const lines = hunk.lines.slice(0, Math.max(0, left)); left -= lines.length; return { ...hunk, lines }; }).filter(hunk => hunk.lines.length > 0);
}

type Colours = Map<DiffLine, Piece[]>;

function Lines({ file }: { file: DiffFile }) {
  const [colours, setColours] = useState<Colours | null>(null);
  useEffect(() => {
    let gone = false;
    void import('./highlight').then(({ highlight, languageOf }) => {
      const language = languageOf(file.path);
      if (gone || !language) return;
      const found: Colours = new Map();
      for (const hunk of file.hunks) {
        // Each side by itself is code; both together are not.
        for (const side of ['removed', 'added'] as const) {
          const lines = hunk.lines.filter(line => line.kind === 'same' || line.kind === side);
          const pieces = highlight(language, lines.map(line => line.text).join('\n'));
          lines.forEach((line, i) => found.set(line, pieces[i] ?? []));
        }
      }

      setColours(found);
    });
    return () => { gone = true; };
  }, [file.path, file.hunks]);

  return (
    <table>
      <tbody>
        {file.hunks.map((hunk, i) => [
          <tr key={`h${i}`} class="hunk"><td class="num" /><td class="num" /><td>{hunk.header}</td></tr>,
          ...hunk.lines.map((line, j) => (
            <tr key={`${i}-${j}`} class={line.kind}>
              <td class="num">{line.old}</td><td class="num">{line.new}</td>
              <td><span class="sign">{line.kind === 'added' ? '+' : line.kind === 'removed' ? '−' : ' '}</span>{colours?.get(line)?.map((piece, k) => (piece.kind ? <span key={k} class={piece.kind}>{piece.text}</span> : piece.text)) ?? line.text}</td>
            </tr>
          )),
        ])}
      </tbody>
    </table>
  );
}
