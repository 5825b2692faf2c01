/** What an invitation says, as SMS and as mail: templates filled in, SMS held to one GSM-7 message. Pure. */
import type { Channel, Language, SettingsDocuments } from './protocol.ts';

/** One SMS of the default alphabet (3GPP TS 23.038, 6.1.2.1). */
export const SMS_MAX_SEPTETS = 160;

const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
/** Each takes an escape and a second septet. */
const EXTENDED = new Set('\f^{}\\[~]|€');

/** Length in septets, or undefined when a character is not in GSM-7. */
export function gsm7Length(text: string): number | undefined {
  let septets = 0;
  for (const character of text) {
    if (!BASIC.has(character) && !EXTENDED.has(character)) {
      return undefined;
    }
    septets += BASIC.has(character) ? 1 : 2;
  }
  return septets;
}

/** The text in GSM-7: accents that it does not have are dropped, anything else unknown becomes a question mark. */
export function toGsm7(text: string): string {
  let result = '';
  for (const character of text.normalize('NFC')) {
    const bare = character.normalize('NFD').replace(/\p{M}/gu, '');
    const known = [character, bare].find((one) => gsm7Length(one) !== undefined);
    result += known ?? '?';
  }
  return result;
}

/** `when`: day and time of an appointment. PIN and time are empty where there is none. */
export type InvitationFacts = { name: string; link: string; pin: string; when: string };

/** In one pass: a name that looks like a placeholder stays a name. */
function fill(template: string, facts: InvitationFacts): string {
  return template.replace(/\{(name|link|pin|when)\}/g, (_all, key: keyof InvitationFacts) => facts[key]);
}

type Templates = SettingsDocuments['templates'];

/** Without a PIN the words that lead to it go too: "PIN {pin}" in an SMS, the paragraph in a mail. */
const PIN_WORDS = /\s*\S*\s*\{pin\}/g;

/** Dashes and thin spaces of `Intl` that an SMS does not have. */
function plain(when: string): string {
  return toGsm7(when.replace(/\s*–\s*/g, ' - ').replace(/\s+/g, ' '));
}

/**
 * The SMS, at most 160 septets; a long name is shortened for that, the link and the PIN never are.
 * @returns undefined when the template does not fit even without a name, or is not GSM-7
 */
export function smsText(
  templates: Templates,
  language: Language,
  facts: InvitationFacts,
): string | undefined {
  const own = language === 'de' ? templates.smsDe : templates.smsEn;
  const template = facts.pin === '' ? own.replace(PIN_WORDS, '') : own;
  if (facts.when !== '' && !template.includes('{when}')) {
    // With the time where there is room for it; the page behind the link tells it in any case.
    const timed = { ...templates, smsDe: `${template} {when}`, smsEn: `${template} {when}` };
    return smsText(timed, language, facts) ?? smsText(templates, language, { ...facts, when: '' });
  }
  const name = [...toGsm7(facts.name)];
  for (let length = name.length; length >= 0; length -= 1) {
    const shortened = name.slice(0, length).join('').trimEnd();
    const text = fill(template, { ...facts, name: shortened, when: plain(facts.when) });
    const septets = gsm7Length(text);
    if (septets === undefined) {
      return undefined;
    }
    if (septets <= SMS_MAX_SEPTETS) {
      return text;
    }
  }
  return undefined;
}

export type MailText = { subject: string; text: string; html: string };

/** A mail with the same words as text and as HTML; the only link in it is the invitation's. */
export function mailText(
  templates: Templates,
  language: Language,
  facts: InvitationFacts,
  brand: string,
): MailText {
  const isGerman = language === 'de';
  const subject = fill(isGerman ? templates.mailSubjectDe : templates.mailSubjectEn, facts);
  const body = (isGerman ? templates.mailBodyDe : templates.mailBodyEn)
    .split(/\n{2,}/)
    .filter((paragraph) => facts.pin !== '' || !paragraph.includes('{pin}'));
  if (facts.when !== '' && !body.join().includes('{when}')) {
    const at = body.findIndex((paragraph) => paragraph.includes('{link}'));
    body.splice(at + 1, 0, isGerman ? 'Termin: {when}' : 'Appointment: {when}');
  }
  const text = fill(body.join('\n\n'), facts);
  return mailOf(subject, text, facts.link, language, brand);
}

/** Tells a group that somebody waits; in both languages, for nobody knows who reads it. */
export function queueMail(channel: Channel, brand: string, link: string): MailText {
  const text = [
    `Jemand wartet auf Hilfe (${channel.titleDe}), und niemand ist angemeldet.`,
    `Somebody is waiting for help (${channel.titleEn}), and nobody is signed in.`,
    link,
  ].join('\n\n');
  return mailOf(
    `${channel.titleDe}: jemand wartet / ${channel.titleEn}: somebody is waiting`,
    text,
    link,
    'de',
    brand,
  );
}

function mailOf(
  subject: string,
  text: string,
  plainLink: string,
  language: Language,
  brand: string,
): MailText {
  const link = escapeHtml(plainLink);
  const paragraphs = text
    .split(/\n{2,}/)
    .map((paragraph) => escapeHtml(paragraph).replaceAll('\n', '<br>').replaceAll(link, button(link)))
    .map((paragraph) => `<p style="margin:0 0 16px">${paragraph}</p>`);
  const html = `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>${escapeHtml(oneLine(subject))}</title></head>
<body style="margin:0;padding:24px;background:#f4f5f7;font:16px/1.5 sans-serif;color:#1c2024">
<div style="max-width:560px;margin:0 auto;padding:24px;background:#fff;border-radius:8px">
<p style="margin:0 0 24px;font-size:20px;font-weight:bold">${escapeHtml(brand)}</p>
${paragraphs.join('\n')}
</div></body></html>`;
  return { subject: oneLine(subject), text, html };
}

/** A name with a line break in it must not begin a header of its own. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim();
}

function button(link: string): string {
  return `<a href="${link}" style="color:#0b57d0;overflow-wrap:anywhere">${link}</a>`;
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
