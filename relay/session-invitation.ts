/** The way in of a session, written together with its line in the log. */
import type { Appointment, EventData, InvitationMethod, SessionEvent } from './protocol.ts';
import type { Actor, SessionContext } from './session-context.ts';
import type { Invitation, StoreTransaction } from './store.ts';

/** Invitation and its log line in the caller's transaction. Undefined when no PIN is free. */
export async function insertInvitation(
  tx: StoreTransaction,
  sessionId: number,
  method: InvitationMethod,
  by: Actor,
  { directory, now, settings, pinAlarm }: Pick<SessionContext, 'directory' | 'now' | 'settings' | 'pinAlarm'>,
  appointment?: Appointment,
): Promise<{ invitation: Invitation; events: SessionEvent[] } | undefined> {
  const at = now();
  const invitation = await directory.open(tx, {
    sessionId,
    pin: method === 'pin',
    longPin: pinAlarm() !== 'none',
    link: method === 'link',
    validFrom: appointment?.from ?? 0,
    expiresAt: appointment?.until ?? at + settings.invitationMs,
    now: at,
  });
  if (!invitation) {
    return undefined;
  }
  // The digits themselves are not in the log on disk: it is kept for long and copied into backups.
  const { validFrom, expiresAt } = invitation;
  const data: EventData =
    method === 'pin'
      ? { pinEnd: (invitation.pin ?? '').slice(-2) }
      : { expiresAt, ...(validFrom === 0 ? {} : { validFrom }) };
  const type = method === 'pin' ? 'pinCreated' : 'linkCreated';
  const events = await tx.appendEvents(sessionId, [{ at, ...by, type, data }]);
  return { invitation, events };
}
