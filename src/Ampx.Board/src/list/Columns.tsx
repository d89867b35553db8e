import type { Status, Task } from '../api/types';
import { Ago } from '../ui/parts';
import { VirtualList } from '../ui/VirtualList';
import { repoName, short, titleOf } from '../ui/words';
import { standing, Tries, useFocus } from './TaskRow';

const columns: [string, Status[]][] = [
  ['Queued', ['queued']], ['Running', ['running', 'retrying']], ['Needs review', ['needs_review']], ['Success', ['success']], ['Ended otherwise', ['aborted', 'error']],
];

/** The same tasks by how far they are. */
export const Columns = ({ tasks, chosen }: { tasks: Task[]; chosen: string | null }) => (
  <div class="columns">
    {columns.map(([name, statuses]) => {
      const inside = tasks.filter(task => statuses.includes(task.status));
      return (
        <section key={name} class="column" aria-label={name}>
          <h2>{name} <span class="dim">{inside.length}</span></h2>
          <div class="scroll" tabIndex={0} role="group" aria-label={`${name}, ${inside.length} tasks`}>
            <VirtualList label={name} count={inside.length} height={116} reveal={inside.findIndex(task => task.id === chosen)} keyOf={i => inside[i].id} row={i => <Card task={inside[i]} chosen={inside[i].id === chosen} />} />
          </div>
        </section>
      );
    })}
  </div>
);

const Card = ({ task, chosen }: { task: Task; chosen: boolean }) => (
  <a ref={useFocus(chosen)} class={`card status-${task.status}${chosen ? ' chosen' : ''}`} href={`/t/${task.id}`} aria-current={chosen || undefined}>
    <span class="title">{titleOf(task)}</span>
    <span class="standing dim">{standing(task)}</span>
    <span class="dim line"><span class="repo">{repoName(task.repo)}</span><code>{short(task.id)}</code></span>
    <span class="dim line"><span>{task.owner} · <Ago time={task.updated_at} /></span><Tries task={task} /></span>
  </a>
);
