/** Scheduled sessions: which times are taken, and how they are written to people and to their calendars. Pure. */
import ical from 'ical-generator';
import type { Appointment, ErrorCode, InvitationMethod, Language } from './protocol.ts';

const DAY_MS = 86_400_000;
/** A link that works in years is one that somebody has lost by then. */
const AHEAD_MAX_MS = 366 * DAY_MS;
const LENGTH_MAX_MS = 7 * DAY_MS;
/** The clocks of console and relay differ, and filling in a form takes a while. */
const LATE_MAX_MS = 10 * 60_000;

/** Why a session cannot be scheduled so. */
export function appointmentRefusal(
  { from, until }: Appointment,
  method: InvitationMethod,
  now: number,
): ErrorCode | undefined {
  if (method === 'pin') {
    return 'appointmentByLink';
  }
  const isFine =
    from >= now - LATE_MAX_MS &&
    until > now &&
    from < until &&
    from - now <= AHEAD_MAX_MS &&
    until - from <= LENGTH_MAX_MS;
  return isFine ? undefined : 'badAppointment';
}

/** Whether it names a time zone that this runtime knows. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** Day, times and time zone, such as "Monday, 23 November 2026 at 14:00 – 15:00 CET". */
export function appointmentText({ from, until }: Appointment, timeZone: string, language: Language): string {
  const format = new Intl.DateTimeFormat(language === 'de' ? 'de-DE' : 'en-GB', {
    timeZone,
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  });
  return format.formatRange(from, until);
}

/** The beginning alone, as short as an SMS needs it, such as "24.11. 14:00". */
export function appointmentShort({ from }: Appointment, timeZone: string, language: Language): string {
  const format = new Intl.DateTimeFormat(language === 'de' ? 'de-DE' : 'en-GB', {
    timeZone,
    day: '2-digit',
    month: language === 'de' ? '2-digit' : 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  return format.format(from).replace(',', '');
}

/**
 * The calendar file (RFC 5545); times in UTC, which every calendar shows in its owner's.
 * @param id the same for the same session, so that a second mail changes the entry and makes no other
 */
export function calendarFile(
  { from, until }: Appointment,
  { id, title, link, now }: { id: string; title: string; link: string; now: number },
): string {
  const calendar = ical({ prodId: { company: 'Fernblick', product: 'Fernblick' } });
  calendar.createEvent({
    id,
    start: new Date(from),
    end: new Date(until),
    stamp: new Date(now),
    summary: title,
    description: link,
    url: link,
  });
  return calendar.toString();
}
