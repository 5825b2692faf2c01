/**
 * `npm run demo`: a relay of its own and a simulated customer with a fake camera who waits, and a link that opens the
 * console signed in. Ends with Ctrl+C and leaves nothing behind.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../test/support/chromium.ts';
import { Customer } from '../test/support/people.ts';
import { startRelay } from '../test/support/relay-process.ts';
import { sceneCamera, writeScene } from '../test/support/scene.ts';
import { NO_FIELDS, SignallingClient, signIn } from '../test/support/signalling-client.ts';

/** Two, so that the list shows what waiting customers look like while one is helped. */
const CUSTOMERS = ['Ada Lovelace', 'Alan Turing'];

/**
 * Cookies do not tell ports of one host apart, so a page of ours on another port can hand the sign-in over to the
 * console's. Whoever knows the secret path is signed in while the demo runs; the relay itself needs no such door.
 */
async function serveSignIn(console: string, cookie: string): Promise<string> {
  const path = `/${randomBytes(16).toString('hex')}`;
  const server = createServer((request, response) => {
    if (request.url !== path) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(302, {
      Location: console,
      'Set-Cookie': `${cookie}; Path=/; Secure; HttpOnly; SameSite=Strict`,
    });
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://localhost:${(server.address() as AddressInfo).port}${path}`;
}

/** One customer from PIN to the end of the session. */
async function simulateCustomer(browser: Browser, origin: string, pin: string, name: string): Promise<void> {
  const customer = await Customer.open(browser, origin, 'en');
  await customer.typePin(pin);
  await customer.join();
  console.log(`${name} is waiting; open the session in the console and press Start`);
  const over = customer.page.getByRole('heading', { name: customer.words.sessionOver });
  await over.waitFor({ timeout: 0 });
  await customer.goAway();
}

/** All sessions at once: a console opened later would be superseded by one that makes another. */
async function createPins(origin: string, cookie: string): Promise<string[]> {
  const technician = await SignallingClient.technician(origin, cookie);
  const pins: string[] = [];
  for (const name of CUSTOMERS) {
    const fields = { ...NO_FIELDS, name };
    const { session } = await technician.request('createSession', { fields, method: 'pin' });
    pins.push(session.invitation?.pin ?? '');
  }
  technician.close();
  return pins;
}

async function main(): Promise<void> {
  const relay = await startRelay();
  const folder = mkdtempSync(join(tmpdir(), 'fernblick-demo-'));
  const artist = await launchChromium();
  await writeScene(artist, join(folder, 'camera.mjpeg'));
  await artist.close();
  const browser = await launchChromium(sceneCamera(join(folder, 'camera.mjpeg')));
  let stopping = false;
  const stop = async () => {
    stopping = true;
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
    process.exit(await relay.stop());
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);

  const cookie = await signIn(relay.origin);
  const pins = await createPins(relay.origin, cookie);
  console.log(`console, signed in: ${await serveSignIn(`${relay.origin}/console`, cookie)}`);
  console.log(`customer page: ${relay.origin}`);
  try {
    await Promise.all(pins.map((pin, i) => simulateCustomer(browser, relay.origin, pin, CUSTOMERS[i] ?? '')));
    console.log('everybody was helped; Ctrl+C ends the demo, and the next start brings new customers');
  } catch (error) {
    if (!stopping) {
      throw error;
    }
  }
}

await main();
