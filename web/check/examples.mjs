// Validates what the playground sends against the server's schema: its own operations, and every
// example in both forms, with the id of an example portfolio and without. Usage: node check/examples.mjs [schema.graphql]

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { buildSchema, parse, validate } from 'graphql';
import { createServer } from 'vite';

const schemaFile = process.argv[2] ?? fileURLToPath(new URL('../../schema.graphql', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));

const schema = buildSchema(await readFile(schemaFile, 'utf8'));
const vite = await createServer({
  root,
  appType: 'custom',
  logLevel: 'error',
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, watch: null },
});
try {
  const { OPERATIONS } = await vite.ssrLoadModule('/src/session.ts');
  check('session', Object.entries(OPERATIONS));

  const { fillExamples } = await vite.ssrLoadModule('/src/examples/index.ts');
  const forms = {
    'example with an id': { portfolioId: 'pf_example', asOf: '2022-12-28' },
    'example without an id': {},
  };
  for (const [form, values] of Object.entries(forms)) {
    const examples = fillExamples(values).flatMap((group) => group.examples);
    check(
      form,
      examples.map(({ name, query }) => [name, query]),
    );
  }
} finally {
  await vite.close();
}

function check(kind, operations) {
  for (const [name, query] of operations) {
    for (const error of validate(schema, parse(query))) {
      console.error(`FAILED  ${kind}, ${name}: ${error.message}`);
      process.exitCode = 1;
    }
  }
  console.log(`checked ${kind}: ${operations.length} operations`);
}
