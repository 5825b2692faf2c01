/** Groups of technicians as administrators set them. Whoever is in none belongs to the first. Pure. */
import type { Channel, Group, InvitationWay, SettingsDocuments } from './protocol.ts';

type Documents = Pick<SettingsDocuments, 'groups' | 'channels'>;

export class Groups {
  readonly #read: <N extends keyof Documents>(name: N) => Documents[N];

  /** @param read the documents as they are now */
  constructor(read: <N extends keyof Documents>(name: N) => Documents[N]) {
    this.#read = read;
  }

  of(accountId: number): Group {
    const { groups } = this.#read('groups');
    const own = groups.find(({ technicianIds }) => technicianIds.includes(accountId)) ?? groups[0];
    if (!own) {
      // The schema asks for one at least.
      throw new Error('There is no group.');
    }
    return own;
  }

  /** Whether an account's group may invite in one of these ways. */
  allows(accountId: number, ...ways: InvitationWay[]): boolean {
    const allowed = this.of(accountId).ways;
    return ways.some((way) => allowed.includes(way));
  }

  /** A channel that customers can come by, with its group. */
  channel(name: string): { channel: Channel; group: Group } | undefined {
    const channel = this.#read('channels').channels.find((one) => one.name === name && one.enabled);
    const group = this.#read('groups').groups.find(({ id }) => id === channel?.groupId);
    return channel && group ? { channel, group } : undefined;
  }
}
