/** The alarm about guessed PINs: who is told, and in which logs it stands. */
import type { Consoles } from './consoles.ts';
import type { LiveSession } from './live-session.ts';
import type { PinAlarm } from './protocol.ts';
import { SYSTEM } from './session-context.ts';

export class PinAlarmBell {
  readonly #consoles: Consoles;
  readonly #sessions: () => Iterable<LiveSession>;
  /** How it stands. */
  alarm: PinAlarm = 'none';

  constructor(consoles: Consoles, sessions: () => Iterable<LiveSession>) {
    this.#consoles = consoles;
    this.#sessions = sessions;
  }

  /** Tells every console, and writes it into the log of each session whose PIN might be guessed. */
  async ring(alarm: PinAlarm): Promise<void> {
    if (alarm === this.alarm) {
      return;
    }
    this.alarm = alarm;
    for (const { participant } of this.#consoles.all()) {
      participant.send({ type: 'pinAlarm', alarm });
    }
    const concerned = [...this.#sessions()].filter(
      ({ record, invitation }) =>
        record.machine.state === 'connecting' && typeof invitation?.pin === 'string',
    );
    await Promise.all(
      concerned.map((session) =>
        session.apply({ by: SYSTEM, events: [{ type: 'pinAlarm', data: { alarm } }], whileLive: true }),
      ),
    );
  }
}
