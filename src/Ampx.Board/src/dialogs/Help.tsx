import { Frame } from './Frame';

const keys: [string, string][] = [
  ['j  k', 'next and previous task'], ['Enter', 'open the task'], ['/', 'search'], ['n', 'new task'],
  ['c', 'continue the task'], ['a', 'abort it'], ['m', 'merge it'], ['f', 'follow the log'], ['v', 'list or columns'], ['t', 'light or dark'], ['Esc', 'back'], ['?', 'this help'],
];

export const Help = () => (
  <Frame title="Keys">
    <dl class="keys">{keys.map(([key, what]) => <div key={key}><dt>{key.split('  ').map(one => <kbd key={one}>{one}</kbd>)}</dt><dd>{what}</dd></div>)}</dl>
  </Frame>
);
