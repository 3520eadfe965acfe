// Carries GraphiQL's operations to the server: queries and mutations over HTTP, subscriptions
// over one WebSocket, both with the token of the session.

import type { Fetcher } from '@graphiql/toolkit';
import { getOperationAST, type OperationDefinitionNode, parse } from 'graphql';
import { type Client, createClient } from 'graphql-ws';

import { isUnauthenticated, NoAnswer, postGraphQL } from './api';
import type { Session } from './session';

export type SocketState = 'closed' | 'connecting' | 'connected';

export interface Connection {
  fetcher: Fetcher;
  subscribe: (listener: () => void) => () => void;
  socketState: () => SocketState;
}

export function connect(session: Session): Connection {
  let socketState: SocketState = 'closed';
  const listeners = new Set<() => void>();
  function setSocketState(state: SocketState): void {
    socketState = state;
    for (const listener of listeners) {
      listener();
    }
  }

  const socket = createClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql/ws`,
    connectionParams: async () => {
      const token = await session.accessToken();
      return token === null ? {} : { authorization: `Bearer ${token}` };
    },
    on: {
      connecting: () => setSocketState('connecting'),
      connected: () => setSocketState('connected'),
      closed: () => setSocketState('closed'),
    },
  });

  // A subscription must not outlive the session that it was opened with.
  let viewer = session.state().viewer?.user.email;
  session.subscribe(() => {
    const now = session.state().viewer?.user.email;
    if (now !== viewer) {
      viewer = now;
      socket.terminate();
    }
  });

  const fetcher: Fetcher = (params) => {
    const operation = chosenOperation(params);
    const request = { ...params, operationName: operation?.name?.value ?? params.operationName ?? null };
    return operation?.operation === 'subscription'
      ? observe(socket, request)
      : execute(session, request);
  };

  return {
    fetcher,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    socketState: () => socketState,
  };
}

type Params = Parameters<Fetcher>[0];
type Result = Exclude<Awaited<ReturnType<Fetcher>>, AsyncIterable<unknown>>;
type Observer = {
  next: (value: never) => void;
  error: (error: unknown) => void;
  complete: () => void;
};

async function execute(session: Session, params: Params) {
  const answer = await postGraphQL<object>(params, await session.accessToken());
  if (isUnauthenticated(answer) && session.state().viewer !== null && (await session.renew())) {
    return (await postGraphQL(params, await session.accessToken())) as Result;
  }
  return answer as Result;
}

function observe(socket: Client, { query, variables, operationName }: Params) {
  return {
    subscribe(observer: Observer) {
      const unsubscribe = socket.subscribe(
        { query, variables, operationName },
        {
          next: (value) => observer.next(value as never),
          error: (error) => observer.error(readable(error)),
          complete: () => observer.complete(),
        },
      );
      return { unsubscribe };
    },
  } as Result;
}

/**
 * The operation to run. The editor learns the name with a delay, so the name may still be that of
 * the tab before; it matters only where the document has several operations.
 */
function chosenOperation({ query, operationName }: Params): OperationDefinitionNode | undefined {
  try {
    const document = parse(query);
    return getOperationAST(document) ?? getOperationAST(document, operationName) ?? undefined;
  } catch {
    // The server says what is wrong with a document that cannot be parsed.
    return undefined;
  }
}

/** A close event prints as nothing useful. */
function readable(error: unknown): unknown {
  if (error instanceof CloseEvent) {
    const reason = error.reason === '' ? 'no reason given' : error.reason;
    return new NoAnswer(`The subscription's connection was closed: ${reason} (${error.code}).`);
  }
  if (error instanceof Event) {
    return new NoAnswer("The subscription's connection failed.");
  }
  return error;
}
