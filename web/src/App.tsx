import { useGraphiQLActions } from '@graphiql/react';
import type { Storage as EditorStorage } from '@graphiql/toolkit';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { useEffect, useState } from 'react';

import { EXAMPLES_PLUGIN, ExamplesContext } from './ExamplesPanel';
import { type Example, fillExamples } from './examples';
import { connect } from './fetcher';
import type { PlaygroundInfo } from './playgroundInfo';
import type { Session } from './session';
import { SignInBar } from './SignInBar';

const PLUGINS = [EXAMPLES_PLUGIN, HISTORY_PLUGIN];

/** The width of a pane as a multiple of the one to its right. */
const STARTING_LAYOUT: Record<string, string> = {
  'graphiql:docExplorerFlex': '0.28',
  'graphiql:editorFlex': '1.35',
};

export function App({ info, session }: { info: PlaygroundInfo; session: Session }) {
  const [connection] = useState(() => connect(session));
  const [groups] = useState(() => fillExamples(info.examples));
  const [startingTab] = useState(() => startWith(groups[0]?.examples[0]));

  return (
    <ExamplesContext value={groups}>
      <SignInBar connection={connection} demo={info.demo} session={session} />
      <main className="playground-editor">
        <GraphiQL
          fetcher={connection.fetcher}
          storage={editorStorage}
          plugins={PLUGINS}
          visiblePlugin={EXAMPLES_PLUGIN}
          {...startingTab}
          defaultEditorToolsVisibility="variables"
          isHeadersEditorEnabled={false}
          showPersistHeadersSettings={false}
        >
          <GraphiQL.Logo>
            <span />
          </GraphiQL.Logo>
          <SchemaOfViewer session={session} />
        </GraphiQL>
      </main>
    </ExamplesContext>
  );
}

/** Who is signed in decides whether the server describes its schema, so it is asked again. */
function SchemaOfViewer({ session }: { session: Session }) {
  const { introspect } = useGraphiQLActions();
  useEffect(() => {
    let viewer = session.state().viewer?.user.email;
    return session.subscribe(() => {
      const now = session.state().viewer?.user.email;
      if (now !== viewer) {
        viewer = now;
        void introspect();
      }
    });
  }, [session, introspect]);
  return null;
}

/** The editor takes the variables of the first tab from elsewhere than the tab. */
function startWith(example: Example | undefined) {
  if (example === undefined || sessionStorage.getItem('graphiql:tabState') !== null) {
    return {};
  }
  const { query, variables } = example;
  return { defaultTabs: [{ query, variables }], initialVariables: variables };
}

/**
 * What is typed into the editor may be private, so it ends with the browser tab. Clearing the
 * editor's data must leave the session alone, which shares the storage.
 */
const editorStorage: EditorStorage = {
  getItem: (key) => sessionStorage.getItem(key) ?? STARTING_LAYOUT[key] ?? null,
  setItem: (key, value) => sessionStorage.setItem(key, value),
  removeItem: (key) => sessionStorage.removeItem(key),
  clear: () => editorKeys().forEach((key) => sessionStorage.removeItem(key)),
  get length() {
    return editorKeys().length;
  },
};

function editorKeys(): string[] {
  return Object.keys(sessionStorage).filter((key) => key.startsWith('graphiql:'));
}
