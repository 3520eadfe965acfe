// Audits a running server with the suite of the GraphQL-over-HTTP specification: `node check/audits.mjs URL`.
// Every audit has to pass, the recommended ones too. Ends with 1 and a line for each that did not.
import { serverAudits } from 'graphql-http';

const [url] = process.argv.slice(2);
if (!url) {
  console.error('usage: node check/audits.mjs URL');
  process.exit(2);
}

const audits = serverAudits({ url });
let failed = 0;
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status !== 'ok') {
    failed += 1;
    console.log(`${result.status} ${result.id} ${result.name}: ${result.reason}`);
  }
}
console.log(`${audits.length - failed} of ${audits.length} audits pass`);
process.exit(failed === 0 && audits.length > 0 ? 0 : 1);
