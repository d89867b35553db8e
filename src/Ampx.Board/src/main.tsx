import { render } from 'preact';
import { App } from './app';
import { ask } from './state/session';
import './styles/board.css';

void ask();
render(<App />, document.getElementById('app')!);
