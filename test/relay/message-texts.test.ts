/** Real: the templates, the GSM-7 count, the numbers of libphonenumber. Nothing is faked. */
import t from 'tap';
import { gsm7Length, mailText, smsText, toGsm7 } from '../../relay/message-texts.ts';
import { readMobileNumber } from '../../relay/phone-numbers.ts';
import { DEFINITIONS } from '../../relay/settings-documents.ts';

const TEMPLATES = DEFINITIONS.templates.initial;
const FACTS = { name: 'Anna', link: `https://help.example.org/j/${'x'.repeat(43)}`, pin: '481627', when: '' };

t.test('umlauts count one septet, brackets and the euro sign two, an emoji is not GSM-7', async (t) => {
  t.equal(gsm7Length('äöüß'), 4);
  t.equal(gsm7Length('[€]'), 6);
  t.equal(gsm7Length('ẞ'), undefined);
  t.equal(gsm7Length('🙂'), undefined);
  t.equal(toGsm7('Zoë Łá 🙂'), 'Zoe ?a ?');
});

t.test('the SMS of both languages has link and PIN and fits into one message', async (t) => {
  for (const language of ['de', 'en'] as const) {
    const text = smsText(TEMPLATES, language, FACTS) ?? '';
    t.comment(text);
    t.ok(text.includes(FACTS.link) && text.endsWith('PIN 481627') && text.startsWith('Anna'));
    t.ok((gsm7Length(text) ?? 999) <= 160, `${gsm7Length(text)}`);
  }
});

t.test('a long name is shortened, link and PIN are not', async (t) => {
  const text = smsText(TEMPLATES, 'en', { ...FACTS, name: 'A'.repeat(300) }) ?? '';
  t.equal(gsm7Length(text), 160);
  t.ok(text.includes(FACTS.link) && text.endsWith(FACTS.pin));
});

t.test('a text that cannot fit is refused', async (t) => {
  t.equal(smsText({ ...TEMPLATES, smsEn: `${'x'.repeat(120)}{link}` }, 'en', FACTS), undefined);
  t.equal(smsText({ ...TEMPLATES, smsEn: '🙂 {link}' }, 'en', FACTS), undefined);
});

t.test('a name in a mail is neither a placeholder nor markup nor a header', async (t) => {
  const mail = mailText(TEMPLATES, 'en', { ...FACTS, name: '<b>{pin}\r\nBcc: x@example.org' }, 'Help & Co');
  t.notMatch(mail.subject, /[\r\n]/);
  t.match(mail.subject, '{pin}');
  t.notMatch(mail.html, '<b>');
  t.match(mail.html, 'Help &amp; Co');
  t.equal(mail.html.split('href=').length, 2, 'one link');
});

t.test('mobile numbers are read as people type them; others are not', async (t) => {
  t.same(readMobileNumber('0170 / 1234567', 'DE'), { number: '+491701234567', country: 'DE' });
  t.same(readMobileNumber('+43 664 1234567', 'DE'), { number: '+436641234567', country: 'AT' });
  for (const wrong of ['030 1234567', '0170', 'call 0170 1234567', '+1', 'Anna']) {
    t.equal(readMobileNumber(wrong, 'DE'), undefined, wrong);
  }
});
