// The example queries. Each `.graphql` file opens with a comment: its first line is the title,
// the rest says what the example shows.

import { type DocumentNode, Kind, parse, print, visit } from 'graphql';

import type { ExampleValues } from '../playgroundInfo';

export interface Example {
  name: string;
  title: string;
  description: string;
  operationName: string;
  query: string;
  /** JSON, or empty when the operation has no variables to fill. */
  variables: string;
}

export interface ExampleGroup {
  title: string;
  examples: Example[];
}

const SOURCES = import.meta.glob<string>('./*.graphql', {
  query: '?raw',
  import: 'default',
  eager: true,
});

const GROUPS = [
  {
    title: 'Portfolios',
    names: [
      'holdings',
      'portfolios',
      'in-dollars',
      'today',
      'performance',
      'all-performance',
      'stress',
      'valuations',
      'lots',
      'realized-gains',
      'sale-preview',
      'transactions',
      'held-transactions',
      'as-it-was-known',
      'replays',
      'explain',
      'simulations',
    ],
  },
  {
    title: 'Changes',
    names: [
      'record-a-deposit',
      'record-a-purchase',
      'correct-a-transaction',
      'reverse-a-transaction',
      'record-an-event',
      'lock-a-period',
      'portfolio-changed',
    ],
  },
  {
    title: 'Market data',
    names: [
      'instruments',
      'prices',
      'price-series',
      'exchange',
      'exchange-rates',
      'market-indicators',
      'news',
    ],
  },
  { title: 'Operations', names: ['refresh-runs', 'held-market-rows', 'schedules'] },
  { title: 'People', names: ['viewer', 'sessions', 'users', 'audit-log'] },
];

/** The examples with the given values in their variables. */
export function fillExamples(values: ExampleValues): ExampleGroup[] {
  return GROUPS.map(({ title, names }) => ({
    title,
    examples: names.map((name) => fillExample(name, values)),
  }));
}

function fillExample(name: string, values: ExampleValues): Example {
  const source = SOURCES[`./${name}.graphql`];
  if (source === undefined) {
    throw new Error(`there is no example named ${name}`);
  }
  const comment = openingComment(source);
  const query = values.portfolioId === undefined ? withFirstPortfolio(source) : source.trim();
  const operation = parse(query).definitions.find((d) => d.kind === Kind.OPERATION_DEFINITION);
  const wanted = operation?.variableDefinitions?.map((d) => d.variable.name.value) ?? [];
  const known = Object.entries(variableValues(values)).filter(([key]) => wanted.includes(key));
  return {
    name,
    title: comment[0] ?? name,
    description: comment.slice(1).join(' '),
    operationName: operation?.name?.value ?? name,
    query,
    variables: known.length === 0 ? '' : JSON.stringify(Object.fromEntries(known), null, 2),
  };
}

function variableValues({ portfolioId, asOf }: ExampleValues): Record<string, unknown> {
  const to = asOf ?? new Date().toISOString().slice(0, 10);
  return {
    portfolioId: portfolioId ?? '',
    ...(asOf === undefined ? {} : { asOf }),
    from: oneYearBefore(to),
    to,
    // Not quite now: the server's clock may be behind.
    knownAt: new Date(Date.now() - 60_000).toISOString(),
  };
}

function oneYearBefore(date: string): string {
  const before = new Date(`${date}T00:00:00Z`);
  before.setUTCFullYear(before.getUTCFullYear() - 1);
  return before.toISOString().slice(0, 10);
}

function openingComment(source: string): string[] {
  const lines = source.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('#'));
  return lines.slice(0, end).map((line) => line.replace(/^#\s?/, ''));
}

/**
 * Asks for the first portfolio of the list where the source asks for one by its id, for when no
 * id is known. Subscriptions need an id and stay as they are.
 */
function withFirstPortfolio(source: string): string {
  const document = parse(source);
  let replaced = false;
  const rewritten: DocumentNode = visit(document, {
    Field(field) {
      if (field.name.value !== 'portfolio' || field.selectionSet === undefined) {
        return undefined;
      }
      const others = field.arguments?.filter((argument) => argument.name.value !== 'id') ?? [];
      if (others.length === field.arguments?.length) {
        return undefined;
      }
      replaced = true;
      return {
        ...field,
        name: { kind: Kind.NAME, value: 'portfolios' },
        arguments: [
          {
            kind: Kind.ARGUMENT,
            name: { kind: Kind.NAME, value: 'first' },
            value: { kind: Kind.INT, value: '1' },
          },
          ...others,
        ],
        selectionSet: {
          kind: Kind.SELECTION_SET,
          selections: [
            {
              kind: Kind.FIELD,
              name: { kind: Kind.NAME, value: 'nodes' },
              selectionSet: field.selectionSet,
            },
          ],
        },
      };
    },
  });
  if (!replaced) {
    return source.trim();
  }
  const withoutId: DocumentNode = visit(rewritten, {
    VariableDefinition: (definition) =>
      definition.variable.name.value === 'portfolioId' ? null : undefined,
  });
  const comment = openingComment(source).map((line) => `# ${line}`);
  return [...comment, print(withoutId)].join('\n');
}
