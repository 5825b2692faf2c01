/** Real: times, their words, the calendar file of ical-generator, sessions on the SQLite store. Faked: pages and the clock. */
import t from 'tap';
import {
  appointmentRefusal,
  appointmentShort,
  appointmentText,
  calendarFile,
  isTimeZone,
} from '../../relay/appointment.ts';
import { gsm7Length, mailText, smsText } from '../../relay/message-texts.ts';
import { DEFINITIONS } from '../../relay/settings-documents.ts';
import { FIELDS, granted, MINUTE_MS, openScene } from '../support/sessions-scene.ts';

const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** 24 November 2026, 14:00 in Berlin. */
const FROM = Date.UTC(2026, 10, 24, 13);
const APPOINTMENT = { from: FROM, until: FROM + HOUR_MS };

t.test('an appointment lies in the future, begins before it ends, and has a link', async (t) => {
  const refusal = (from: number, until: number) => appointmentRefusal({ from, until }, 'link', FROM);
  t.equal(refusal(FROM + 1, FROM + 2), undefined);
  t.equal(refusal(FROM - MINUTE_MS, FROM + HOUR_MS), undefined, 'the form took a minute');
  t.equal(refusal(FROM - HOUR_MS, FROM + HOUR_MS), 'badAppointment');
  t.equal(refusal(FROM - 2, FROM - 1), 'badAppointment');
  t.equal(refusal(FROM + 2, FROM + 2), 'badAppointment');
  t.equal(refusal(FROM, FROM + 8 * DAY_MS), 'badAppointment');
  t.equal(refusal(FROM + 400 * DAY_MS, FROM + 400 * DAY_MS + HOUR_MS), 'badAppointment');
  t.equal(appointmentRefusal(APPOINTMENT, 'pin', FROM - DAY_MS), 'appointmentByLink');
});

t.test('its time is written in the zone that was asked for, also over the end of summer time', async (t) => {
  const words = (zone: string, language: 'de' | 'en') => appointmentText(APPOINTMENT, zone, language);
  t.match(words('Europe/Berlin', 'de'), /Dienstag, 24\. November 2026.*14:00.*15:00 .*MEZ/);
  t.match(words('Europe/Berlin', 'en'), /Tuesday.*24 November 2026.*14:00.*15:00 .*CET/);
  t.match(words('America/New_York', 'en'), /08:00.*09:00/);
  const summer = Date.UTC(2026, 9, 25, 0, 30);
  t.match(appointmentText({ from: summer, until: summer + HOUR_MS }, 'Europe/Berlin', 'de'), /02:30/);
  t.ok(isTimeZone('Asia/Kathmandu'));
  t.notOk(isTimeZone('Mars/Olympus'));
  t.notOk(isTimeZone('../etc/passwd'));
});

t.test('the calendar file has the times in UTC, one entry, and a title that stays a title', async (t) => {
  const link = `https://help.example.org/j/${'x'.repeat(43)}`;
  const file = calendarFile(APPOINTMENT, {
    id: 'session-1001@help.example.org',
    title: 'Hilfe;\r\nATTENDEE:mailto:x@example.org',
    link,
    now: FROM - DAY_MS,
  });
  const lines = file.replaceAll('\r\n ', '').split('\r\n');
  t.ok(lines.includes('DTSTART:20261124T130000Z'));
  t.ok(lines.includes('DTEND:20261124T140000Z'));
  t.ok(lines.includes('UID:session-1001@help.example.org'));
  t.ok(lines.some((line) => line.startsWith('URL') && line.endsWith(link)));
  t.equal(lines.filter((line) => line === 'BEGIN:VEVENT').length, 1);
  t.notOk(lines.some((line) => line.startsWith('ATTENDEE')));
});

t.test('mail and SMS of an appointment tell the time and no PIN', async (t) => {
  const templates = DEFINITIONS.templates.initial;
  for (const language of ['de', 'en'] as const) {
    const when = appointmentText(APPOINTMENT, 'Europe/Berlin', language);
    const facts = { name: 'Anna', link: `https://help.example.org/j/${'x'.repeat(43)}`, pin: '', when };
    const mail = mailText(templates, language, facts, 'Stadtwerke');
    t.comment(mail.text);
    t.ok(mail.text.includes(when) && mail.html.includes('14:00'));
    t.notMatch(mail.text, /PIN/);
    const short = appointmentShort(APPOINTMENT, 'Europe/Berlin', language);
    const sms = smsText(templates, language, { ...facts, when: short }) ?? '';
    t.comment(sms);
    t.notMatch(sms, /PIN/);
    t.match(sms, /24.* 14:00$/);
    t.ok(sms.includes(facts.link) && (gsm7Length(sms) ?? 999) <= 160);
    const own = smsText({ ...templates, smsDe: '{when} {link}', smsEn: '{when} {link}' }, language, facts);
    t.match(own, /14:00 - 15:00/);
  }
});

t.test('a scheduled session has no PIN, survives a restart and ends with its time', async (t) => {
  const scene = await openScene(t.testdir());
  t.teardown(() => scene.close());
  const { anna, clock } = scene;
  const from = clock.now + DAY_MS;
  const until = from + HOUR_MS;
  t.equal(await scene.sessions.create(anna, FIELDS, 'pin', { from, until }), 'appointmentByLink');
  const view = granted(await scene.sessions.create(anna, FIELDS, 'link', { from, until }));
  t.match(view.invitation, { validFrom: from, expiresAt: until });
  const session = granted(scene.sessions.owned(anna, view.id));
  t.equal(await scene.sessions.invite(anna, session, 'pin'), 'appointmentByLink');
  const again = await scene.restart();
  t.match(granted(again.owned(anna, view.id)).technicianView().invitation, { validFrom: from });
  clock.now = until - 1;
  await again.tick();
  t.equal(again.owned(anna, view.id)?.record.machine.state, 'connecting');
  clock.now = until;
  await again.tick();
  t.equal(again.owned(anna, view.id)?.record.machine.state, 'expired');
});
