// What the server says about itself: whether it is a demo, who may sign in, what to show.

export interface DemoPerson {
  email: string;
  name: string;
  role: string;
  tenant: string;
}

export interface Demo {
  tenant: string;
  people: DemoPerson[];
  password: string;
}

/** Values that the example queries are filled with. */
export interface ExampleValues {
  portfolioId?: string | undefined;
  /** An ISO date. */
  asOf?: string | undefined;
}

export interface PlaygroundInfo {
  demo: Demo | null;
  examples: ExampleValues;
}

interface WireInfo {
  demo?: boolean;
  tenant?: string;
  people?: DemoPerson[];
  password?: string;
  asOf?: string | null;
  examples?: { portfolioId?: string | null } | null;
}

const PATIENCE_MS = 5_000;

/** A server that gives no answer is treated as one that is not a demo. */
export async function loadPlaygroundInfo(): Promise<PlaygroundInfo> {
  try {
    const response = await fetch('/playground.json', {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!response.ok) {
      return { demo: null, examples: {} };
    }
    return fromWire((await response.json()) as WireInfo);
  } catch {
    return { demo: null, examples: {} };
  }
}

function fromWire(wire: WireInfo): PlaygroundInfo {
  const examples = {
    portfolioId: wire.examples?.portfolioId ?? undefined,
    asOf: wire.asOf ?? undefined,
  };
  if (wire.demo !== true) {
    return { demo: null, examples };
  }
  return {
    demo: {
      tenant: wire.tenant ?? '',
      people: wire.people ?? [],
      password: wire.password ?? '',
    },
    examples,
  };
}
