// Who is signed in. Holds the tokens in memory and in the storage of this browser tab, and
// renews them shortly before they expire. Nothing outlasts the tab.

import { type GraphQLAnswer, isUnauthenticated, postGraphQL } from './api';

export interface Viewer {
  user: { name: string; email: string; role: string };
  tenant: { slug: string; name: string };
}

export interface Credentials {
  tenant: string;
  email: string;
  password: string;
}

export interface SessionState {
  viewer: Viewer | null;
  /** Why the last session ended, if it was not the viewer's wish. */
  notice: string | null;
}

interface Tokens {
  accessToken: string;
  refreshToken: string | null;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

interface Stored {
  tokens: Tokens;
  viewer: Viewer;
}

interface TokenPayload {
  accessToken: string | null;
  refreshToken: string | null;
  expiresAt: string | null;
  viewer: Viewer | null;
  userErrors: { code: string; message: string }[];
}

const STORAGE_KEY = 'playground:session';
const RENEW_BEFORE_EXPIRY_MS = 60_000;
const RENEW_AGAIN_AFTER_MS = 30_000;
const LONGEST_TIMER_MS = 24 * 60 * 60 * 1000;

const PAYLOAD_FIELDS = `
  accessToken
  refreshToken
  expiresAt
  viewer { user { name email role } tenant { slug name } }
  userErrors { code message }
`;

export const OPERATIONS = {
  signIn: `mutation SignIn($tenant: String, $email: String!, $password: String!) {
    payload: login(input: { tenant: $tenant, email: $email, password: $password }) { ${PAYLOAD_FIELDS} }
  }`,
  renew: `mutation RenewToken($refreshToken: String!) {
    payload: tokenRefresh(input: { refreshToken: $refreshToken }) { ${PAYLOAD_FIELDS} }
  }`,
  signOut: `mutation SignOut($refreshToken: String!) {
    logout(input: { refreshToken: $refreshToken }) { __typename }
  }`,
};

export class Session {
  #storage: Storage;
  #tokens: Tokens | null = null;
  #state: SessionState = { viewer: null, notice: null };
  #listeners = new Set<() => void>();
  #renewal: Promise<boolean> | null = null;
  #timer: number | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#restore();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  state = (): SessionState => this.#state;

  /** The token to send now; renewed first when it is about to expire. */
  async accessToken(): Promise<string | null> {
    if (this.#tokens !== null && this.#tokens.expiresAt <= Date.now()) {
      await this.renew();
    }
    return this.#tokens?.accessToken ?? null;
  }

  /** Throws an `Error` whose message can be shown as it is. */
  async signIn(credentials: Credentials): Promise<void> {
    const tenant = credentials.tenant.trim();
    const variables = {
      tenant: tenant === '' ? null : tenant,
      email: credentials.email.trim(),
      password: credentials.password,
    };
    const answer = await postGraphQL<{ payload: TokenPayload | null }>(
      { query: OPERATIONS.signIn, variables, operationName: 'SignIn' },
      null,
    );
    const stored = accepted(answer, null);
    if (stored === null) {
      throw new Error(refusal(answer));
    }
    this.#keep(stored);
  }

  /** Forgets the tokens at once; telling the server is best effort. */
  async signOut(): Promise<void> {
    const tokens = this.#tokens;
    this.#forget(null);
    if (tokens === null || tokens.refreshToken === null) {
      return;
    }
    const variables = { refreshToken: tokens.refreshToken };
    await postGraphQL(
      { query: OPERATIONS.signOut, variables, operationName: 'SignOut' },
      tokens.accessToken,
    ).catch(() => undefined);
  }

  /** Answers whether there is a fresh token. Callers at the same time share one request. */
  renew(): Promise<boolean> {
    this.#renewal ??= this.#renewOnce().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #renewOnce(): Promise<boolean> {
    const before = this.#tokens;
    if (before === null) {
      return false;
    }
    if (before.refreshToken === null) {
      this.#forget('The session has ended. Sign in again.');
      return false;
    }
    let answer: GraphQLAnswer<{ payload: TokenPayload | null }>;
    try {
      const variables = { refreshToken: before.refreshToken };
      answer = await postGraphQL(
        { query: OPERATIONS.renew, variables, operationName: 'RenewToken' },
        null,
      );
    } catch {
      this.#schedule(RENEW_AGAIN_AFTER_MS);
      return false;
    }
    if (this.#tokens !== before) {
      // Signed out, or in as someone else, while the answer was on its way.
      return this.#tokens !== null;
    }
    const stored = accepted(answer, before.refreshToken);
    if (stored !== null) {
      this.#keep(stored);
      return true;
    }
    if (answer.data?.payload != null || isUnauthenticated(answer)) {
      this.#forget('The session has ended. Sign in again.');
    } else {
      this.#schedule(RENEW_AGAIN_AFTER_MS);
    }
    return false;
  }

  #keep(stored: Stored): void {
    this.#tokens = stored.tokens;
    this.#storage.setItem(STORAGE_KEY, JSON.stringify(stored));
    this.#schedule(RENEW_AGAIN_AFTER_MS);
    this.#publish({ viewer: stored.viewer, notice: null });
  }

  #forget(notice: string | null): void {
    window.clearTimeout(this.#timer);
    this.#tokens = null;
    this.#storage.removeItem(STORAGE_KEY);
    this.#publish({ viewer: null, notice });
  }

  #restore(): void {
    try {
      const stored = JSON.parse(this.#storage.getItem(STORAGE_KEY) ?? 'null') as Stored | null;
      if (stored !== null) {
        this.#tokens = stored.tokens;
        this.#state = { viewer: stored.viewer, notice: null };
        this.#schedule(0);
      }
    } catch {
      this.#storage.removeItem(STORAGE_KEY);
    }
  }

  /** The least delay keeps a wrong clock from renewing without pause. */
  #schedule(leastDelayMs: number): void {
    if (this.#tokens === null) {
      return;
    }
    const delayMs = this.#tokens.expiresAt - RENEW_BEFORE_EXPIRY_MS - Date.now();
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(
      () => void this.renew(),
      Math.min(Math.max(delayMs, leastDelayMs), LONGEST_TIMER_MS),
    );
  }

  #publish(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

function accepted(
  answer: GraphQLAnswer<{ payload: TokenPayload | null }>,
  earlierRefreshToken: string | null,
): Stored | null {
  const payload = answer.data?.payload;
  if (payload?.accessToken == null || payload.viewer === null || payload.expiresAt === null) {
    return null;
  }
  return {
    tokens: {
      accessToken: payload.accessToken,
      refreshToken: payload.refreshToken ?? earlierRefreshToken,
      expiresAt: Date.parse(payload.expiresAt),
    },
    viewer: payload.viewer,
  };
}

function refusal(answer: GraphQLAnswer<{ payload: TokenPayload | null }>): string {
  const messages = [...(answer.data?.payload?.userErrors ?? []), ...(answer.errors ?? [])].map(
    (error) => error.message,
  );
  return messages.length > 0 ? messages.join(' ') : 'The server did not accept the sign-in.';
}
