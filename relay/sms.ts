/** Sends one SMS through the gateway of the settings: number checked, caps counted, time-outs, bounded retries. */
import { randomUUID } from 'node:crypto';
import { readMobileNumber } from './phone-numbers.ts';
import type { ErrorCode } from './protocol.ts';
import {
  createGateways,
  type Gateway,
  type GatewayAnswer,
  type SmsMessage,
  type SmsSettings,
} from './sms-gateways.ts';
import type { Limit, Limiter } from './store.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CALL_TIMEOUT_MS = 8_000;
const CALLS_MAX = 3;
const PAUSE_MS = 500;
/** An answer is read no further than this; none of the gateways says so much. */
const ANSWER_MAX_BYTES = 64 * 1024;

export type SmsOutcome =
  | { sent: true; id: string; to: string }
  | { sent: false; code: ErrorCode; reason: string };

export type SmsOptions = {
  settings: () => SmsSettings;
  limiter: Limiter;
  now: () => number;
  /** Where the gateway reports about the message with that id. */
  statusUrl: (id: string) => string;
  gateways?: ReturnType<typeof createGateways>;
  timeoutMs?: number;
  pauseMs?: number;
};

export type Sms = {
  ready(): boolean;
  /** @param about begins the message's id, by which reports find back */
  send(technicianId: number, about: string, to: string, text: string): Promise<SmsOutcome>;
};

const failed = (code: ErrorCode, reason = ''): SmsOutcome => ({ sent: false, code, reason });

export function createSms({
  settings,
  limiter,
  now,
  statusUrl,
  gateways = createGateways(),
  timeoutMs = CALL_TIMEOUT_MS,
  pauseMs = PAUSE_MS,
}: SmsOptions): Sms {
  /** Counts against every cap or against none. */
  async function withinCaps(current: SmsSettings, technicianId: number, number: string): Promise<boolean> {
    const caps: [Limit, string][] = [
      [{ name: 'sms-number', points: current.perNumberPerDay, windowMs: DAY_MS }, number],
      [
        { name: 'sms-technician', points: current.perTechnicianPerHour, windowMs: HOUR_MS },
        String(technicianId),
      ],
      [{ name: 'sms-day', points: current.perDay, windowMs: DAY_MS }, 'all'],
    ];
    for (const [index, [limit, key]] of caps.entries()) {
      if (!(await limiter.consume(limit, key))) {
        await Promise.all(caps.slice(0, index).map(([counted, of]) => limiter.refund(counted, of)));
        return false;
      }
    }
    return true;
  }

  async function callOnce(
    gateway: Gateway,
    current: SmsSettings,
    message: SmsMessage,
  ): Promise<GatewayAnswer> {
    const { url, headers, body } = gateway.call(current, message, now());
    try {
      // Redirects are not followed: the secret belongs to the address that was set.
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
      return gateway.read(response.status, await readAtMost(response, ANSWER_MAX_BYTES));
    } catch (error) {
      const { name, cause } = error as Error & { cause?: { code?: string } };
      const refused = cause?.code === 'ECONNREFUSED' || cause?.code === 'ENOTFOUND';
      // Without an answer nobody knows whether the message is on its way; two would cost twice and confuse.
      return {
        ok: false,
        again: gateway.repeatable || refused,
        reason: name === 'TimeoutError' ? 'time-out' : (cause?.code ?? 'no connection'),
      };
    }
  }

  return {
    ready: () => settings().gateway !== 'none',
    async send(technicianId, about, to, text) {
      const current = settings();
      if (current.gateway === 'none') {
        return failed('smsNotSetUp');
      }
      const phone = readMobileNumber(to, current.countries[0]);
      if (!phone) {
        return failed('numberNotMobile');
      }
      if (phone.country === undefined || !current.countries.includes(phone.country)) {
        return failed('countryNotAllowed');
      }
      if (!(await withinCaps(current, technicianId, phone.number))) {
        return failed('sendingLimit');
      }
      const id = `${about}-${randomUUID()}`;
      const message = { id, to: phone.number, text, statusUrl: statusUrl(id) };
      const gateway = gateways[current.gateway];
      let answer = await callOnce(gateway, current, message);
      for (let calls = 1; !answer.ok && answer.again && calls < CALLS_MAX; calls += 1) {
        await new Promise((resolve) => setTimeout(resolve, pauseMs * 2 ** (calls - 1)));
        answer = await callOnce(gateway, current, message);
      }
      return answer.ok
        ? { sent: true, id, to: phone.number }
        : failed(answer.again ? 'gatewayUnreachable' : 'sendingRefused', answer.reason);
    },
  };
}

async function readAtMost(response: Response, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > maxBytes) {
      break;
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
