/**
 * What technician and customer write to each other. A message is answered, and shown to the other side, when it is on disk; what a
 * page has of the other side's is known while the relay runs, and said again by pages that come back.
 */
import type { LiveSession } from './live-session.ts';
import type { Account, ChatMessage, ChatSeen, ErrorCode, Role } from './protocol.ts';
import type { Store } from './store.ts';

export const CHAT_TEXT_MAX_LENGTH = 2_000;
/** Some hours of talk; a page shows all of it. */
const MESSAGES_MAX = 1_000;
/**
 * Characters that are not text: controls, and those that turn the direction of what stands behind them, which can make one address
 * look like another (Unicode TR 36, 3.2; the pages isolate each message besides).
 */
const NOT_TEXT = /[^\P{Cc}\n\t]|[\u202A-\u202E\u2066-\u2069]/gu;

/** Without characters that are no text, and without space around it. */
export function cleanText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(NOT_TEXT, '').trim();
}

export class SessionChat {
  readonly seen: Record<Role, ChatSeen> = {
    technician: { delivered: 0, read: 0 },
    customer: { delivered: 0, read: 0 },
  };
  /** Undefined until it was asked for. */
  count: number | undefined;
}

/** The message as it is on disk, or why not. */
export async function sendChat(
  session: LiveSession,
  { from, account, clientId, text }: { from: Role; account?: Account; clientId: string; text: string },
  { store, now }: { store: Pick<Store, 'chat' | 'transaction'>; now: () => number },
): Promise<ChatMessage | ErrorCode> {
  const plain = cleanText(text);
  if (plain === '') {
    return 'invalidField';
  }
  if (plain.length > CHAT_TEXT_MAX_LENGTH) {
    return 'chatTooLong';
  }
  return session.inStep(async () => {
    if (session.ended || session.record.customer === null) {
      return 'wrongState';
    }
    session.chat.count ??= (await store.chat(session.record.id)).length;
    if (session.chat.count >= MESSAGES_MAX) {
      return 'chatFull';
    }
    const name = account?.nickname ?? '';
    const wanted = { at: now(), from, name, text: plain, clientId };
    const message = await store.transaction((tx) => tx.insertChat(session.record.id, wanted), {
      shares: true,
    });
    session.chat.count += 1;
    session.tellBoth({ type: 'chat', sessionId: session.record.id, message });
    // Without its text: that has a retention of its own.
    session.recording.note('chat', { at: message.at, id: message.id, from });
    return message;
  });
}

/** A page says what it has of the other side's messages; it never has less than before. */
export function markSeen(session: LiveSession, party: Role, { delivered, read }: ChatSeen): void {
  const before = session.chat.seen[party];
  const seen = { delivered: Math.max(before.delivered, delivered), read: Math.max(before.read, read) };
  if (seen.delivered !== before.delivered || seen.read !== before.read) {
    session.chat.seen[party] = seen;
    session.tellBoth({ type: 'chatSeen', sessionId: session.record.id, party, seen });
  }
}
