import { DropdownMenu } from '@graphiql/react';
import { type FormEvent, useState, useSyncExternalStore } from 'react';

import type { Connection } from './fetcher';
import type { Demo, DemoPerson } from './playgroundInfo';
import type { Credentials, Session, Viewer } from './session';

interface SignInBarProps {
  connection: Connection;
  demo: Demo | null;
  session: Session;
}

export function SignInBar({ connection, demo, session }: SignInBarProps) {
  const { viewer, notice } = useSyncExternalStore(session.subscribe, session.state);
  const socketState = useSyncExternalStore(connection.subscribe, connection.socketState);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  async function signIn(credentials: Credentials) {
    setBusy(true);
    setFailure(null);
    try {
      await session.signIn(credentials);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  const trouble = failure ?? notice;
  return (
    <header className="bar">
      <div className="bar-row">
        <h1 className="bar-title">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          Portfolio Analyzer <span className="bar-subtitle">GraphQL playground</span>
        </h1>
        {socketState !== 'closed' && (
          <span className="bar-live" data-state={socketState} role="status">
            {socketState === 'connected' ? 'Live' : 'Connecting…'}
          </span>
        )}
        <div className="bar-session">
          {viewer === null ? (
            <SignInForm busy={busy} tenant={demo?.tenant ?? ''} onSubmit={signIn} />
          ) : (
            <SignedIn viewer={viewer} onSignOut={() => void session.signOut()} />
          )}
          {demo !== null && demo.people.length > 0 && (
            <DemoPeople
              busy={busy}
              demo={demo}
              label={viewer === null ? 'Demo sign-in' : 'Switch person'}
              onChoose={signIn}
            />
          )}
        </div>
      </div>
      {trouble !== null && (
        <p className="bar-trouble" role="alert">
          {trouble}
        </p>
      )}
    </header>
  );
}

interface SignInFormProps {
  busy: boolean;
  tenant: string;
  onSubmit: (credentials: Credentials) => Promise<void>;
}

function SignInForm({ busy, tenant, onSubmit }: SignInFormProps) {
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    void onSubmit({
      tenant: String(fields.get('tenant')),
      email: String(fields.get('email')),
      password: String(fields.get('password')),
    });
  }
  return (
    <form className="bar-form" aria-label="Sign in" onSubmit={submit}>
      <label>
        Tenant
        <input name="tenant" autoComplete="organization" defaultValue={tenant} />
      </label>
      <label>
        E-mail
        <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <button className="bar-button bar-button-primary" type="submit" disabled={busy}>
        {busy ? 'Signing in…' : 'Sign in'}
      </button>
    </form>
  );
}

function SignedIn({ viewer, onSignOut }: { viewer: Viewer; onSignOut: () => void }) {
  return (
    <>
      <p className="bar-viewer" role="status">
        <span className="visually-hidden">Signed in as </span>
        <strong>{viewer.user.name}</strong>
        <span className="bar-viewer-details">
          {roleInWords(viewer.user.role)} · {viewer.tenant.name}
        </span>
      </p>
      <button className="bar-button" type="button" onClick={onSignOut}>
        Sign out
      </button>
    </>
  );
}

interface DemoPeopleProps {
  busy: boolean;
  demo: Demo;
  label: string;
  onChoose: (credentials: Credentials) => Promise<void>;
}

function DemoPeople({ busy, demo, label, onChoose }: DemoPeopleProps) {
  function choose({ tenant, email }: DemoPerson) {
    void onChoose({ tenant, email, password: demo.password });
  }
  return (
    <DropdownMenu modal={false}>
      <DropdownMenu.Button className="bar-button bar-button-menu" disabled={busy}>
        {label}
      </DropdownMenu.Button>
      <DropdownMenu.Content align="end" className="people">
        {demo.people.map((person) => (
          <DropdownMenu.Item
            key={`${person.tenant}/${person.email}`}
            onSelect={() => choose(person)}
          >
            <span className="people-name">{person.name}</span>
            <span className="people-details">
              {roleInWords(person.role)} · {person.tenant}
            </span>
          </DropdownMenu.Item>
        ))}
      </DropdownMenu.Content>
    </DropdownMenu>
  );
}

/** `PORTFOLIO_MANAGER` reads "Portfolio manager". */
function roleInWords(role: string): string {
  const words = role.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
