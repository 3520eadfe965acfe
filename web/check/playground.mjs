// Drives the playground of a running demo server in a real browser and fails on the first thing
// that does not work. Usage: node check/playground.mjs http://127.0.0.1:8080 [screenshot.png]

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { chromium } from 'playwright-core';

const TIMEOUT_MS = 20_000;
const QUIET_SOCKET_MS = 1_000;
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--no-first-run',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
];

class CheckFailure extends Error {}

const [address, screenshot] = process.argv.slice(2);
if (address === undefined) {
  console.error('usage: node check/playground.mjs http://127.0.0.1:8080 [screenshot.png]');
  process.exit(2);
}
const base = new URL(address);

const profile = await mkdtemp(path.join(tmpdir(), 'playground-check-'));
let browser;
let page;
try {
  const info = await readPlaygroundInfo();
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: findBrowser(),
    args: FLAGS,
    viewport: { width: 1440, height: 900 },
  });
  browser.setDefaultTimeout(TIMEOUT_MS);
  page = browser.pages()[0] ?? (await browser.newPage());
  const troubles = await watch(browser, page);
  const frames = watchSocket(page, troubles);

  await opens(page);
  await signsIn(page, info.people[0]);
  await runsHoldings(page);
  await showsDocumentation(page);
  await connectsSubscription(page, frames);
  await keepsNothingForLater(page);
  await takesScreenshot(page);
  await signsOut(page);
  expect(troubles.length === 0, `the browser reported:\n  ${troubles.join('\n  ')}`);
  passed('no request to another host, no console error, no violation of the content policy');
} catch (error) {
  console.error(`FAILED  ${error instanceof CheckFailure ? error.message : error.stack}`);
  if (screenshot !== undefined && page !== undefined) {
    await page.screenshot({ path: screenshot }).catch(() => undefined);
  }
  process.exitCode = 1;
} finally {
  await browser?.close();
  await rm(profile, { recursive: true, force: true });
}

async function readPlaygroundInfo() {
  const response = await fetch(new URL('/playground.json', base)).catch((error) => {
    throw new CheckFailure(`no server answers at ${base.origin}: ${error.cause ?? error}`);
  });
  expect(response.ok, `/playground.json answers ${response.status}`);
  const info = await response.json();
  expect(info.demo === true && info.people?.length > 0, 'the server is not a demo with people');
  return info;
}

async function opens(page) {
  const response = await page.goto(base.href);
  expect(response?.ok(), `the page answers ${response?.status()}`);
  const policy = response.headers()['content-security-policy'] ?? '';
  expect(policy.includes("default-src 'self'"), 'the page has no strict content policy');
  await page.locator('.graphiql-query-editor .monaco-editor').waitFor();
  await page.locator('.examples-item').first().waitFor();
  passed('the page opens with its editor and examples, under a strict content policy');
}

async function signsIn(page, person) {
  await page.getByRole('button', { name: 'Demo sign-in' }).click();
  await page.getByRole('menuitem', { name: person.name }).first().click();
  const refusal = page.locator('.bar-trouble');
  const signOut = page.getByRole('button', { name: 'Sign out', exact: true });
  await signOut.or(refusal).first().waitFor();
  if (await refusal.isVisible()) {
    throw new CheckFailure(`sign-in refused: ${await refusal.innerText()}`);
  }
  const shown = await page.locator('.bar-viewer').innerText();
  expect(shown.includes(person.name), `the bar shows "${shown}" instead of ${person.name}`);
  passed(`signed in: ${shown.replaceAll('\n', ', ')}`);
}

async function runsHoldings(page) {
  await openExample(page, 'Holdings');
  const answered = page.waitForResponse((response) => isOperation(response, 'Holdings'));
  await page.getByRole('button', { name: /^Execute query/ }).click();
  const answer = await (await answered).json();
  expect(answer.errors === undefined, `holdings answer: ${JSON.stringify(answer.errors)}`);
  const portfolio = answer.data.portfolio ?? answer.data.portfolios?.nodes[0];
  const holdings = portfolio?.holdings?.nodes ?? [];
  expect(holdings.length > 0, 'the example portfolio has no holdings');
  const { symbol, name } = holdings[0].instrument;
  const wanted = symbol ?? name;
  await page
    .locator('.result-window .view-lines')
    .filter({ hasText: `"${wanted}"` })
    .waitFor();
  passed(`the result pane shows ${holdings.length} holdings of "${portfolio.name}"`);
}

async function showsDocumentation(page) {
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  const explorer = page.locator('.graphiql-doc-explorer');
  await explorer.getByRole('link', { name: 'Query', exact: true }).click();
  const fields = explorer.locator('.graphiql-doc-explorer-item');
  await fields.first().waitFor();
  const description = explorer.locator('.graphiql-markdown-description').first();
  await description.waitFor();
  const text = (await description.innerText()).trim();
  expect(text !== '', 'the type Query has no description');
  passed(`the documentation describes Query: "${text}", ${await fields.count()} entries`);
}

async function connectsSubscription(page, frames) {
  await page.getByRole('button', { name: 'Show Examples' }).click();
  await openExample(page, 'Follow a portfolio');
  await page.getByRole('button', { name: /^Execute query/ }).click();
  await page.locator('.bar-live[data-state="connected"]').waitFor();
  expect(frames.received.has('connection_ack'), 'the socket was not acknowledged');
  await page.waitForTimeout(QUIET_SOCKET_MS);
  const refused = ['error', 'complete'].filter((type) => frames.received.has(type));
  expect(frames.sent.has('subscribe'), 'no subscription was sent');
  expect(refused.length === 0, `the subscription ended at once: ${await resultText(page)}`);
  await page.locator('.bar-live[data-state="connected"]').waitFor();
  await page.getByRole('button', { name: /^Stop query/ }).click();
  await page.locator('.bar-live').waitFor({ state: 'detached' });
  passed('the subscription connects, stays open, and ends when stopped');
}

async function keepsNothingForLater(page) {
  const keys = await page.evaluate(() => Object.keys(localStorage));
  expect(keys.length === 0, `localStorage holds ${keys.join(', ')}`);
  passed('nothing is kept in localStorage');
}

async function takesScreenshot(page) {
  await openExample(page, 'Holdings');
  await page.locator('.result-window .view-lines').filter({ hasText: 'holdings' }).waitFor();
  if (screenshot !== undefined) {
    await page.screenshot({ path: screenshot });
    passed(`screenshot in ${screenshot}`);
  }
}

async function signsOut(page) {
  const told = page.waitForResponse((response) => isOperation(response, 'SignOut'));
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  const answer = await (await told).json();
  expect(answer.errors === undefined, `sign-out answer: ${JSON.stringify(answer.errors)}`);
  await page.getByRole('form', { name: 'Sign in' }).waitFor();
  const left = await page.evaluate(() => sessionStorage.getItem('playground:session'));
  expect(left === null, 'the tokens are still stored after the sign-out');
  passed('signed out, no token is left');
}

/** Opens an example by its exact title. */
async function openExample(page, title) {
  const exactly = page.locator('.examples-item-title', { hasText: new RegExp(`^${title}$`) });
  const item = page.locator('.examples-item').filter({ has: exactly });
  await item.click();
  await page.locator('.examples-item[aria-current="true"]').filter({ has: exactly }).waitFor();
}

/** Collects everything that must not happen while the page is open. */
async function watch(browser, page) {
  const troubles = [];
  browser.on('request', (request) => {
    if (isElsewhere(request.url())) {
      troubles.push(`request to another host: ${request.url()}`);
    }
  });
  browser.on('response', (response) => {
    if (response.status() >= 400) {
      troubles.push(`${response.url()} answered ${response.status()}`);
    }
  });
  page.on('console', (message) => {
    if (message.type() === 'error') {
      troubles.push(`console: ${message.text()}`);
    }
  });
  page.on('pageerror', (error) => troubles.push(`uncaught: ${error.message}`));
  await page.exposeFunction('reportViolation', (text) => troubles.push(`content policy: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      window.reportViolation(`${event.violatedDirective} blocked ${event.blockedURI}`),
    );
  });
  return troubles;
}

/** Collects the kinds of messages on the page's sockets. */
function watchSocket(page, troubles) {
  const frames = { sent: new Set(), received: new Set() };
  page.on('websocket', (socket) => {
    if (isElsewhere(socket.url())) {
      troubles.push(`socket to another host: ${socket.url()}`);
    }
    socket.on('framesent', ({ payload }) => frames.sent.add(JSON.parse(payload).type));
    socket.on('framereceived', ({ payload }) => frames.received.add(JSON.parse(payload).type));
  });
  return frames;
}

function isElsewhere(url) {
  const { protocol, host } = new URL(url);
  return ['http:', 'https:', 'ws:', 'wss:'].includes(protocol) && host !== base.host;
}

function isOperation(response, name) {
  const request = response.request();
  return (
    new URL(request.url()).pathname === '/graphql' &&
    request.method() === 'POST' &&
    request.postDataJSON()?.operationName === name
  );
}

async function resultText(page) {
  return page.locator('.result-window .view-lines').innerText();
}

function findBrowser() {
  const found = [process.env.CHROMIUM, ...BROWSERS].find((file) => file && existsSync(file));
  expect(found !== undefined, 'no Chromium found; install it or set CHROMIUM to its path');
  return found;
}

function expect(condition, message) {
  if (!condition) {
    throw new CheckFailure(message);
  }
}

function passed(message) {
  console.log(`ok      ${message}`);
}
