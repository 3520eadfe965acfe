import './monacoWorkers';
import 'graphiql/style.css';
import './styles.css';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { App } from './App';
import { loadPlaygroundInfo } from './playgroundInfo';
import { Session } from './session';

const root = createRoot(document.getElementById('root')!);
const session = new Session(window.sessionStorage);

// The examples are filled from this answer, so it comes before the first paint of the editor.
const info = await loadPlaygroundInfo();
root.render(
  <StrictMode>
    <App info={info} session={session} />
  </StrictMode>,
);
