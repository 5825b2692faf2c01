/**
 * The case file of a session: one HTML page that needs nothing else, to be read in ten years by whatever browser there is then.
 * Everything in it is text that strangers wrote, so everything is escaped, and it has no script at all.
 */
import { msg } from '@lit/localize';
import type { ConsentEntry, SessionRecordView } from '../relay/protocol.ts';
import { currentLanguage, dateAndTime, day, timeOfDay } from './localization.ts';
import { factsOf } from './record-facts.ts';
import { consentSubject, consentWord, displayName } from './session-words.ts';
import { type TimelineItem, timelineOf } from './timeline.ts';

/** A file beside the page. */
export type CaseMedia = {
  /** Within the case file, as `photos/1.jpg`. */
  path: string;
  title: string;
  isPicture: boolean;
};

/** @param madeAt epoch milliseconds */
export function caseFilePage(record: SessionRecordView, media: readonly CaseMedia[], madeAt: number): string {
  const title = `${displayName(record.fields)} – ${msg('Session')} ${record.id}`;
  const timeline = timelineOf(record.events, record.chat, record.fields);
  return `<!doctype html>
<html lang="${currentLanguage()}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<dl>
${factsOf(record)
  .map(({ name, value }) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`)
  .join('\n')}
</dl>
${media.length === 0 ? '' : `<h2>${escaped(msg('Pictures'))}</h2>\n<div class="media">\n${media.map(figure).join('\n')}\n</div>`}
<h2>${escaped(msg('Timeline'))}</h2>
<table>
<tbody>
${timeline.map((item, index) => row(item, timeline[index - 1])).join('\n')}
</tbody>
</table>
<h2>${escaped(msg('Consents'))}</h2>
${record.consents.length === 0 ? `<p>${escaped(msg('None.'))}</p>` : `<table><tbody>\n${record.consents.map(consent).join('\n')}\n</tbody></table>`}
<footer>${escaped(msg('Case file made by Fernblick'))}, ${escaped(dateAndTime(madeAt))}</footer>
</main>
</body>
</html>
`;
}

/** A name that every file system takes. */
export function caseFileName(record: SessionRecordView): string {
  const name = record.fields.name
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return ['session', record.id, name].filter((part) => part !== '').join('-');
}

/** For text and for values of attributes in double quotes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function figure({ path, title, isPicture }: CaseMedia): string {
  const content = isPicture
    ? `<img src="${escaped(path)}" alt="${escaped(title)}">`
    : `<a href="${escaped(path)}">${escaped(path)}</a>`;
  return `<figure>${content}<figcaption>${escaped(title)}</figcaption></figure>`;
}

function row(item: TimelineItem, before: TimelineItem | undefined): string {
  const isNewDay = before === undefined || !isSameDay(before.at, item.at);
  const heading = isNewDay ? `<tr class="day"><th colspan="3">${escaped(day(item.at))}</th></tr>\n` : '';
  const time = `<time datetime="${new Date(item.at).toISOString()}">${escaped(timeOfDay(item.at))}</time>`;
  return `${heading}<tr class="${item.kind}"><td>${time}</td><td>${escaped(item.who)}</td><td>${escaped(item.text)}</td></tr>`;
}

function isSameDay(one: number, other: number): boolean {
  return new Date(one).toDateString() === new Date(other).toDateString();
}

function consent({ at, kind, answer, version, language, textHash }: ConsentEntry): string {
  const cells = [
    dateAndTime(at),
    kind === 'terms' ? msg('Terms') : consentSubject(kind),
    consentWord(answer),
    `${msg('Version')} ${version} (${language})`,
    `SHA-256 ${textHash}`,
  ];
  return `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`;
}

const STYLE = `
:root { color-scheme: light; font: 15px/1.5 system-ui, sans-serif; color: #16222a; background: #fff; }
body { margin: 0; }
main { max-width: 820px; margin: 0 auto; padding: 32px 20px 48px; }
h1 { font-size: 24px; line-height: 1.25; margin: 0 0 16px; overflow-wrap: anywhere; }
h2 { font-size: 17px; margin: 32px 0 8px; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 4px 20px; margin: 0; }
dt { color: #4c5d68; }
dd { margin: 0; white-space: pre-line; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; }
td, th { padding: 5px 12px 5px 0; border-bottom: 1px solid #dde4e8; text-align: left; vertical-align: top; white-space: pre-line; overflow-wrap: anywhere; }
td:first-child { white-space: nowrap; color: #4c5d68; font-variant-numeric: tabular-nums; }
.day th { padding-top: 16px; font-weight: 600; }
.chat td:last-child { background: #eef6f7; padding-left: 8px; }
.media { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 16px; }
figure { margin: 0; }
img { max-width: 100%; height: auto; border: 1px solid #dde4e8; }
figcaption, footer { color: #4c5d68; font-size: 13px; }
footer { margin-top: 40px; }
@media print { main { padding: 0; max-width: none; } tr, figure { break-inside: avoid; } }
@media (max-width: 480px) { dl { grid-template-columns: 1fr; } dt { margin-top: 6px; } }
`;
