// The list of example queries beside the editor. Opening one never runs it.

import {
  formatShortcutForOS,
  type GraphiQLPlugin,
  KEY_MAP,
  useGraphiQL,
  useGraphiQLActions,
} from '@graphiql/react';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';

import type { Example, ExampleGroup } from './examples';

export const ExamplesContext = createContext<ExampleGroup[]>([]);

export const EXAMPLES_PLUGIN: GraphiQLPlugin = {
  title: 'Examples',
  icon: ExamplesIcon,
  content: ExamplesPanel,
};

const RUN_KEYS = formatShortcutForOS(KEY_MAP.runQuery.key, 'Cmd').replace('-', ' ');

function ExamplesPanel() {
  const groups = useContext(ExamplesContext);
  const [open, openName] = useOpenExample();
  return (
    <section className="examples" aria-label="Examples">
      <h2 className="examples-title">Examples</h2>
      <p className="examples-hint">
        Open one, sign in, and run it with <kbd>{RUN_KEYS}</kbd>.
      </p>
      {groups.map((group) => (
        <section key={group.title} aria-label={group.title}>
          <h3 className="examples-group">{group.title}</h3>
          <ul>
            {group.examples.map((example) => (
              <li key={example.name}>
                <button
                  type="button"
                  className="examples-item"
                  aria-current={example.operationName === openName}
                  onClick={() => open(example)}
                >
                  <span className="examples-item-title">{example.title}</span>
                  <span className="examples-item-text">{withCode(example.description)}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </section>
  );
}

/** Sets what stands between backticks as code. */
function withCode(text: string): ReactNode[] {
  return text
    .split('`')
    .map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}

/** Answers how to open an example, and the name of the operation in the active tab. */
function useOpenExample(): [(example: Example) => void, string | undefined] {
  const { addTab, changeTab, updateActiveTabValues } = useGraphiQLActions();
  const { activeTabIndex, queryEditor, tabs, variableEditor } = useGraphiQL((state) => ({
    activeTabIndex: state.activeTabIndex,
    queryEditor: state.queryEditor,
    tabs: state.tabs,
    variableEditor: state.variableEditor,
  }));
  const [pending, setPending] = useState<Example | null>(null);

  // The editors are filled once the new tab has become the active one.
  useEffect(() => {
    if (pending !== null) {
      setPending(null);
      const { query, variables } = pending;
      queryEditor?.setValue(query);
      variableEditor?.setValue(variables);
      updateActiveTabValues({ query, variables });
    }
  }, [pending, queryEditor, variableEditor, updateActiveTabValues]);

  function open(example: Example): void {
    const openIndex = tabs.findIndex(
      (tab) => tab.query === example.query && (tab.variables ?? '') === example.variables,
    );
    if (openIndex >= 0) {
      if (openIndex !== activeTabIndex) {
        changeTab(openIndex);
      }
      return;
    }
    if (queryEditor?.getValue().trim() !== '') {
      addTab();
    }
    setPending(example);
  }

  return [open, tabs[activeTabIndex]?.title];
}

function ExamplesIcon() {
  return (
    <svg
      width="1em"
      height="1em"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M9 18h6M10 21h4M12 3a6 6 0 0 0-3.6 10.8c.7.6 1.1 1.3 1.1 2.2h5c0-.9.4-1.6 1.1-2.2A6 6 0 0 0 12 3z" />
    </svg>
  );
}
