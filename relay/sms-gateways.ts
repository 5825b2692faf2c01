/** What each SMS gateway wants to be asked and how it answers: HTTP in both directions, as values. Pure. */
import { createHash, createHmac } from 'node:crypto';
import type { SettingsDocuments } from './protocol.ts';

export type SmsSettings = SettingsDocuments['sms'];

export type SmsMessage = {
  /** Ours; tells a repetition from a second message. */
  id: string;
  /** E.164. */
  to: string;
  text: string;
  /** Where the gateway reports what became of it. */
  statusUrl: string;
};

export type GatewayCall = { url: string; headers: Record<string, string>; body: string };
export type GatewayAnswer = { ok: true } | { ok: false; again: boolean; reason: string };

export type Gateway = {
  call(settings: SmsSettings, message: SmsMessage, nowMs: number): GatewayCall;
  read(status: number, body: string): GatewayAnswer;
  /** A repetition is recognised by the gateway, so a call without an answer may be made again. */
  repeatable: boolean;
};

const FORM = 'application/x-www-form-urlencoded';
const REASON_MAX_LENGTH = 200;

/** A gateway's own words, short and on one line, for the session log. */
export function reasonText(text: unknown): string {
  return String(text ?? '')
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, REASON_MAX_LENGTH);
}

/** Too busy, or broken for a moment (RFC 9110, RFC 6585). */
function isPassing(status: number): boolean {
  return status === 429 || status >= 500;
}

function refusal(status: number, reason: unknown): GatewayAnswer {
  return { ok: false, again: isPassing(status), reason: reasonText(reason || `HTTP ${status}`) };
}

function jsonOf(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const webhook: Gateway = {
  repeatable: true,
  call(settings, message, nowMs) {
    const values: Record<string, string> = { ...message, sender: settings.sender };
    // Each value is escaped for the inside of a JSON string, which is where placeholders stand.
    const body = settings.webhookTemplate.replace(/\{(to|text|id|sender|statusUrl)\}/g, (_all, key: string) =>
      JSON.stringify(values[key] ?? '').slice(1, -1),
    );
    const timestamp = String(Math.floor(nowMs / 1000));
    // The time is signed too, so that a receiver can refuse what is old.
    const signature = createHmac('sha256', settings.webhookSecret)
      .update(`${timestamp}.${body}`)
      .digest('hex');
    const headers: Record<string, string> = {
      'Content-Type': 'application/json',
      'Idempotency-Key': message.id,
      'X-Fernblick-Timestamp': timestamp,
    };
    if (settings.webhookSecret !== '') {
      headers['X-Fernblick-Signature'] = `sha256=${signature}`;
    }
    return { url: settings.webhookUrl, headers, body };
  },
  read: (status, body) =>
    status >= 200 && status < 300 ? { ok: true } : refusal(status, jsonOf(body)['message']),
};

function twilio(base: string): Gateway {
  return {
    repeatable: false,
    call({ accountId, accountSecret, sender }, message) {
      const from = sender.startsWith('MG') ? { MessagingServiceSid: sender } : { From: sender };
      const form = { To: message.to, Body: message.text, StatusCallback: message.statusUrl, ...from };
      const credentials = Buffer.from(`${accountId}:${accountSecret}`).toString('base64');
      return {
        url: `${base}/2010-04-01/Accounts/${accountId}/Messages.json`,
        headers: { 'Content-Type': FORM, Authorization: `Basic ${credentials}` },
        body: new URLSearchParams(form).toString(),
      };
    },
    read: (status, body) => (status === 201 ? { ok: true } : refusal(status, jsonOf(body)['message'])),
  };
}

/** Vonage answers 200 whatever happens; what happened is in the first message's status. */
const VONAGE_THROTTLED = '1';
const VONAGE_INTERNAL = '5';

function vonage(base: string): Gateway {
  return {
    repeatable: false,
    call({ accountId, accountSecret, sender }, message) {
      const form = {
        api_key: accountId,
        api_secret: accountSecret,
        from: sender,
        to: message.to.replace('+', ''),
        text: message.text,
        callback: message.statusUrl,
        'client-ref': message.id.slice(0, 40),
      };
      const body = new URLSearchParams(form).toString();
      return { url: `${base}/sms/json`, headers: { 'Content-Type': FORM }, body };
    },
    read(status, body) {
      const messages = jsonOf(body)['messages'];
      const first = (Array.isArray(messages) ? messages[0] : undefined) as
        | Record<string, unknown>
        | undefined;
      const code = String(first?.['status'] ?? '');
      if (status === 200 && code === '0') {
        return { ok: true };
      }
      const again = isPassing(status) || code === VONAGE_THROTTLED || code === VONAGE_INTERNAL;
      return { ok: false, again, reason: reasonText(first?.['error-text'] ?? `HTTP ${status}`) };
    },
  };
}

function sns(base: (region: string) => string): Gateway {
  return {
    repeatable: false,
    call({ accountId, accountSecret, sender, region }, message, nowMs) {
      const attributes = [['AWS.SNS.SMS.SMSType', 'Transactional']];
      if (sender !== '') {
        attributes.push([
          sender.startsWith('+') ? 'AWS.MM.SMS.OriginationNumber' : 'AWS.SNS.SMS.SenderID',
          sender,
        ]);
      }
      const form = new URLSearchParams({
        Action: 'Publish',
        Version: '2010-03-31',
        PhoneNumber: message.to,
        Message: message.text,
      });
      for (const [index, [name = '', value = '']] of attributes.entries()) {
        const entry = `MessageAttributes.entry.${index + 1}`;
        form.set(`${entry}.Name`, name);
        form.set(`${entry}.Value.DataType`, 'String');
        form.set(`${entry}.Value.StringValue`, value);
      }
      const url = base(region);
      const body = form.toString();
      const headers = { 'Content-Type': FORM };
      const keys = { id: accountId, secret: accountSecret, region, service: 'sns' };
      return { url, headers: { ...headers, ...signV4(keys, url, headers, body, nowMs) }, body };
    },
    read(status, body) {
      const reason = /<Message>([^<]*)<\/Message>/.exec(body)?.[1];
      const throttled = /<Code>Throttl/.test(body);
      const answer = status === 200 ? ({ ok: true } as const) : refusal(status, reason);
      return !answer.ok && throttled ? { ...answer, again: true } : answer;
    },
  };
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** AWS Signature Version 4 of a POST without query. @returns the headers to add */
export function signV4(
  keys: { id: string; secret: string; region: string; service: string },
  url: string,
  headers: Record<string, string>,
  body: string,
  nowMs: number,
): Record<string, string> {
  const { host, pathname } = new URL(url);
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const signed = Object.entries({ ...headers, Host: host, 'X-Amz-Date': time })
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(';');
  const canonical = [
    'POST',
    pathname,
    '',
    ...signed.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    sha256(body),
  ];
  const scope = `${day}/${keys.region}/${keys.service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical.join('\n'))].join('\n');
  const key = [day, keys.region, keys.service, 'aws4_request'].reduce<Buffer | string>(
    (last, part) => createHmac('sha256', last).update(part).digest(),
    `AWS4${keys.secret}`,
  );
  const signature = createHmac('sha256', key).update(text).digest('hex');
  return {
    'X-Amz-Date': time,
    Authorization: `AWS4-HMAC-SHA256 Credential=${keys.id}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

/** Where the gateways are; tests put their own servers there. */
export type GatewayAddresses = { twilio: string; vonage: string; sns: (region: string) => string };

export const GATEWAY_ADDRESSES: GatewayAddresses = {
  twilio: 'https://api.twilio.com',
  vonage: 'https://rest.nexmo.com',
  sns: (region) => `https://sns.${region}.amazonaws.com/`,
};

/** The adapters by the name that the settings have for them. */
export function createGateways(
  addresses: GatewayAddresses = GATEWAY_ADDRESSES,
): Record<Exclude<SmsSettings['gateway'], 'none'>, Gateway> {
  return {
    webhook,
    twilio: twilio(addresses.twilio),
    vonage: vonage(addresses.vonage),
    sns: sns(addresses.sns),
  };
}

/** What a status report says; undefined while the message is still on its way. */
export function readDelivery(
  report: Record<string, string>,
): { delivered: boolean; reason: string } | undefined {
  const status = report['MessageStatus'] ?? report['status'] ?? '';
  const reason = reasonText(report['ErrorCode'] ?? report['err-code'] ?? report['reason'] ?? '');
  if (status === 'delivered') {
    return { delivered: true, reason: '' };
  }
  const failed = ['failed', 'undelivered', 'rejected', 'expired'].includes(status);
  return failed ? { delivered: false, reason } : undefined;
}
