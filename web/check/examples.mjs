// Validates every example query against the server's schema, in both forms: with the id of an
// example portfolio and without. Usage: node check/examples.mjs [schema.graphql]

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
  const { fillExamples } = await vite.ssrLoadModule('/src/examples/index.ts');
  const forms = {
    'with an id': { portfolioId: 'pf_example', asOf: '2022-12-28' },
    'without an id': {},
  };
  for (const [form, values] of Object.entries(forms)) {
    const examples = fillExamples(values).flatMap((group) => group.examples);
    for (const { name, query } of examples) {
      for (const error of validate(schema, parse(query))) {
        console.error(`FAILED  ${name}, ${form}: ${error.message}`);
        process.exitCode = 1;
      }
    }
    console.log(`checked ${examples.length} examples ${form}`);
  }
} finally {
  await vite.close();
}
