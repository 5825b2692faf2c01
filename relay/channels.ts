/**
 * Channels: pages `/c/NAME` on which a customer starts without PIN and waits in a group's queue. Opening one changes
 * nothing; the session begins when the terms are accepted. Throttled by address, and a queue has an end.
 */
import { addressKey } from './address-key.ts';
import type { Groups } from './groups.ts';
import type { Log } from './log.ts';
import type { Mail } from './mail.ts';
import { queueMail } from './message-texts.ts';
import { type Failure, fail } from './outcome.ts';
import type { Channel, ChannelClaimResult, ErrorCode, Group } from './protocol.ts';
import type { Limit, Limiter } from './store.ts';

const MINUTE_MS = 60_000;
/** A person opens a page a few times; an office behind one address a few times more. */
const OPENINGS: Limit = { name: 'channel-open', points: 30, windowMs: 10 * MINUTE_MS };
/** Each wakes a technician. */
const ENTRIES: Limit = { name: 'channel-enter', points: 5, windowMs: 15 * MINUTE_MS };
/** One mail tells of everybody who waits. */
const MAILS: Limit = { name: 'channel-mail', points: 1, windowMs: 5 * MINUTE_MS };
/** Nobody waits for the fiftieth place, and a flood ends here. */
const QUEUE_MAX = 50;

/** What of the sessions matters here. */
type Queue = {
  /** Somebody of the group has the console open. */
  isStaffed(groupId: string): boolean;
  queueLength(groupId: string): number;
};

export type Channels = {
  open(
    name: string,
    address: string,
  ): Promise<{ channel: Channel; shown: ChannelClaimResult['channel'] } | Failure>;
  /** Whether a customer may begin to wait now; asked right before the session begins. */
  refusal(channel: Channel, address: string): Promise<ErrorCode | undefined>;
  /** Somebody waits: tells the group by mail where that is wanted and nobody is there. Never rejects. */
  entered(channel: Channel): Promise<void>;
};

export type ChannelsOptions = {
  groups: Groups;
  queue: Queue;
  limiter: Limiter;
  mail: Mail;
  brand: string;
  /** Where technicians sign in. */
  consoleUrl: () => string;
  log: Log;
};

export function createChannels(options: ChannelsOptions): Channels {
  const { groups, queue, limiter, mail, brand, consoleUrl, log } = options;

  function shown(channel: Channel, group: Group): ChannelClaimResult['channel'] {
    const staffed = queue.isStaffed(group.id);
    const isClosed = !staffed && channel.whenAbsent === 'page';
    return {
      title: { en: channel.titleEn, de: channel.titleDe },
      text: { en: channel.textEn, de: channel.textDe },
      hours: { en: channel.hoursEn, de: channel.hoursDe },
      staffed,
      ...(isClosed && { closed: { en: channel.absentEn, de: channel.absentDe } }),
    };
  }

  async function tellGroup(channel: Channel, group: Group): Promise<void> {
    if (group.email === '' || !mail.ready() || !(await limiter.consume(MAILS, channel.name))) {
      return;
    }
    const outcome = await mail.send(group.email, queueMail(channel, brand, consoleUrl()));
    if (!outcome.sent) {
      log.warn({ channel: channel.name, code: outcome.code, reason: outcome.reason }, 'queueMailNotSent');
    }
  }

  return {
    async open(name, address) {
      if (!(await limiter.consume(OPENINGS, addressKey(address)))) {
        return fail('throttled');
      }
      const found = groups.channel(name);
      return found
        ? { channel: found.channel, shown: shown(found.channel, found.group) }
        : fail('channelUnknown');
    },

    async refusal({ name }, address) {
      // The administrator may have closed it since the page was opened.
      const found = groups.channel(name);
      if (!found) {
        return 'channelUnknown';
      }
      if (shown(found.channel, found.group).closed) {
        return 'channelClosed';
      }
      if (queue.queueLength(found.group.id) >= QUEUE_MAX) {
        return 'queueFull';
      }
      return (await limiter.consume(ENTRIES, addressKey(address))) ? undefined : 'throttled';
    },

    async entered({ name }) {
      const found = groups.channel(name);
      if (found?.channel.whenAbsent === 'mail' && !queue.isStaffed(found.group.id)) {
        await tellGroup(found.channel, found.group).catch((error: unknown) => {
          log.error({ err: error, channel: name }, 'queueMailNotSent');
        });
      }
    },
  };
}
