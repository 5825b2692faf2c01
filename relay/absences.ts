/** Why and since when parties of a session are away, or their devices paused, without a person having wanted it; pure. */
import type { DeviceState } from './protocol.ts';
import type { LossCause } from './session-context.ts';
import type { Party } from './session-state.ts';
import type { Away } from './session-view.ts';

export class Absences {
  /** Why a party counts as lost, while it does. */
  readonly away: Record<Party, Away | undefined> = { customer: undefined, technician: undefined };
  /** Why a party's devices are paused. */
  readonly paused: Record<Party, Away | undefined> = { customer: undefined, technician: undefined };

  /** What a page says of its devices. @param now epoch milliseconds */
  told(party: Party, { pausedBy }: DeviceState, now: number): void {
    if (pausedBy !== 'hidden' && pausedBy !== 'interrupted') {
      this.paused[party] = undefined;
      return;
    }
    const reason = pausedBy === 'hidden' ? 'hidden' : 'call';
    const before = this.paused[party];
    this.paused[party] = before?.reason === reason ? before : { reason, since: before?.since ?? now };
  }

  /** The last reason counts, the time of the first one. What the page said before may explain it better. */
  lost(party: Party, cause: LossCause, now: number): void {
    const told = cause === 'left' || cause === 'relay' ? undefined : this.paused[party]?.reason;
    this.away[party] = { reason: told ?? cause, since: this.away[party]?.since ?? now };
  }

  back(party: Party): void {
    this.away[party] = undefined;
  }

  /** A page that was just loaded: what the one before said of its devices is over. */
  reloaded(party: Party): void {
    this.paused[party] = undefined;
  }
}
