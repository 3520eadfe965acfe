// One GraphQL request over HTTP. Knows nothing of sessions; says failures in words.

export interface GraphQLRequest {
  query: string;
  variables?: unknown;
  operationName?: string | null | undefined;
}

export interface GraphQLFailure {
  message: string;
  extensions?: { code?: string };
}

export interface GraphQLAnswer<Data = Record<string, unknown>> {
  data?: Data | null;
  errors?: GraphQLFailure[];
}

/** There was no GraphQL answer. The message can be shown as it is. */
export class NoAnswer extends Error {
  constructor(message: string) {
    super(message);
    // The editor prints errors whole; a stack says nothing to its reader.
    delete this.stack;
  }
}

/** Throws `NoAnswer` when there is no GraphQL answer. */
export async function postGraphQL<Data>(
  request: GraphQLRequest,
  accessToken: string | null,
): Promise<GraphQLAnswer<Data>> {
  const headers: Record<string, string> = {
    accept: 'application/graphql-response+json, application/json',
    'content-type': 'application/json',
  };
  if (accessToken !== null) {
    headers.authorization = `Bearer ${accessToken}`;
  }
  let response: Response;
  try {
    response = await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify(request) });
  } catch {
    throw new NoAnswer('The server cannot be reached.');
  }
  const text = await response.text();
  try {
    const answer: unknown = JSON.parse(text);
    if (isAnswer(answer)) {
      return answer as GraphQLAnswer<Data>;
    }
  } catch {
    // Not JSON: described below by its status.
  }
  throw new NoAnswer(inWords(response));
}

/** Whether the server refused everything that was asked for want of a valid token. */
export function isUnauthenticated({ data, errors }: GraphQLAnswer<object>): boolean {
  return (
    errors !== undefined &&
    errors.length > 0 &&
    errors.every((error) => error.extensions?.code === 'UNAUTHENTICATED') &&
    Object.values(data ?? {}).every((value) => value === null)
  );
}

function isAnswer(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('data' in value || 'errors' in value);
}

function inWords(response: Response): string {
  switch (response.status) {
    case 413:
      return 'The request is too large for the server.';
    case 429: {
      const seconds = response.headers.get('retry-after');
      return `Too many requests. Try again ${seconds ? `in ${seconds} s` : 'later'}.`;
    }
    case 502:
    case 503:
    case 504:
      return `The server is not ready (${response.status}). Try again shortly.`;
    default:
      return `The server gave no GraphQL answer (status ${response.status}).`;
  }
}
