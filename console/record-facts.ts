/** What stands above the timeline of a past session: names and values, in the words of the page's language. */
import { msg } from '@lit/localize';
import type { PastSession, SessionRecordView } from '../relay/protocol.ts';
import { customKeys, fieldLabel } from './field-labels.ts';
import { dateAndTime, duration } from './localization.ts';
import { statusWord } from './session-words.ts';

export type Fact = { name: string; value: string };

/** How long it was active or held; empty when nobody started it. */
export function lengthOf({ startedAt, endedAt }: PastSession): string {
  return startedAt === undefined || endedAt === undefined ? '' : duration(endedAt - startedAt);
}

export function outcomeWord({ outcome }: PastSession): string {
  return outcome === undefined ? '' : outcome === 'resolved' ? msg('Resolved') : msg('Unresolved');
}

/** What there is, in the order of reading; empty values are left out. */
export function factsOf(record: SessionRecordView): Fact[] {
  const { fields, startedAt, endedAt, stars, comment } = record;
  const facts: Fact[] = [
    { name: msg('Session ID'), value: String(record.id) },
    { name: msg('Status'), value: statusWord(record.state) },
    { name: msg('Technician'), value: record.technician },
    { name: msg('Channel'), value: record.channel },
    { name: msg('Created'), value: dateAndTime(record.createdAt) },
    { name: msg('Started'), value: startedAt === undefined ? '' : dateAndTime(startedAt) },
    { name: msg('Ended'), value: endedAt === undefined ? '' : dateAndTime(endedAt) },
    { name: msg('Duration'), value: lengthOf(record) },
    { name: msg('Phone'), value: fields.phone },
    { name: msg('Email'), value: fields.email },
    { name: msg('Ticket ID'), value: fields.ticketId },
    ...customKeys([fields]).map((key) => ({ name: fieldLabel(key), value: fields.custom[key] ?? '' })),
    { name: msg('Browser'), value: record.browser },
    { name: msg('Outcome'), value: outcomeWord(record) },
    { name: msg('Notes'), value: record.notes },
    {
      name: msg('Customer’s rating'),
      value: stars === undefined ? '' : `${'★'.repeat(stars)}${'☆'.repeat(5 - stars)}`,
    },
    { name: msg('Customer’s comment'), value: comment },
  ];
  return facts.filter(({ value }) => value !== '');
}
