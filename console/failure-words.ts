/** What the technician reads when something fails. A new error code without a sentence here does not compile. */
import { msg } from '@lit/localize';
import type { FailureCode } from './outcome.ts';

const SENTENCES = {
  notConnected: () =>
    msg('There is no connection to the relay at the moment. Please try again when it is back.'),
  badMessage: () => msg('The relay could not read what this page sent. Please reload the page.'),
  unknownMessage: () => msg('The relay does not know what this page asked for. Please reload the page.'),
  messageTooLarge: () => msg('That is too long for the relay. Please shorten it.'),
  tooManyMessages: () => msg('That was too much in a short time. Please wait a moment.'),
  versionMismatch: () => msg('This page is older than the relay. Please reload it.'),
  helloExpected: () => msg('The connection was not set up properly. Please reload the page.'),
  notSignedIn: () => msg('Please sign in.'),
  credentialsWrong: () => msg('E-mail address or password is wrong.'),
  accountDisabled: () => msg('This account is disabled. Please ask an administrator.'),
  throttled: () => msg('Too many attempts. Please wait a few minutes and try again.'),
  notAllowed: () => msg('You are not allowed to do this.'),
  originNotAllowed: () => msg('This page was not served by this relay.'),
  noSuchSession: () => msg('There is no such session any more.'),
  noSuchPeer: () => msg('This media connection does not exist any more.'),
  wrongState: () => msg('This is not possible in the state the session is in.'),
  tooManyActiveSessions: () => msg('You already have the largest number of active sessions. End one first.'),
  pinUnknown: () => msg('This PIN does not open a session.'),
  linkUnknown: () => msg('This link does not open a session.'),
  linkExpired: () => msg('This link has expired.'),
  linkUsed: () => msg('This link has already been used.'),
  termsChanged: () => msg('The terms have changed meanwhile.'),
  resumeUnknown: () => msg('This session can no longer be continued.'),
  noPinFree: () => msg('No PIN is free at the moment. Please use a link.'),
  relayFull: () => msg('The relay cannot take another session at the moment. Please try again shortly.'),
  badSdp: () => msg('This browser and the relay could not agree on video and sound.'),
  invalidField: () => msg('A field is missing or not valid.'),
  passwordTooShort: () => msg('The password needs at least 12 characters.'),
  emailTaken: () => msg('There is already an account with this e-mail address.'),
  lastAdministrator: () => msg('The last enabled administrator cannot be disabled or demoted.'),
  setUpUnknown: () => msg('This set-up link is not valid any more.'),
  notFound: () => msg('There is nothing at this address.'),
  methodNotAllowed: () => msg('The relay does not take this request.'),
  draining: () => msg('The relay is restarting. The page will reconnect by itself.'),
  internal: () => msg('Something went wrong in the relay. Please try again.'),
} as const satisfies Record<FailureCode, () => string>;

export function failureSentence(code: FailureCode): string {
  return SENTENCES[code]();
}
