import { msg } from '@lit/localize';
import type { SessionState } from '../relay/protocol.ts';
import type { Problem } from './standing.ts';

/** One plain sentence for a refusal that a customer can meet; what cannot be met is one sentence as well. */
export function problemText(problem: Problem): string {
  switch (problem) {
    case 'pinUnknown':
      return msg('This PIN does not open a session. Please check the digits or ask for a new PIN.');
    case 'pinClosed':
      return msg('PINs are not accepted at the moment. Please ask the technician to send you a link.');
    case 'linkUnknown':
      return msg('This link does not open a session. Please ask for a new one.');
    case 'linkExpired':
      return msg('This link has expired. Please ask for a new one.');
    case 'linkUsed':
      return msg('This link has already been used. Please ask for a new one.');
    case 'channelUnknown':
      return msg('There is no such page. Please check the address.');
    case 'channelClosed':
      return msg('Nobody is here at the moment. Please try again later.');
    case 'queueFull':
      return msg('Too many people are waiting at the moment. Please try again later.');
    case 'throttled':
    case 'tooManyMessages':
      return msg('Too many attempts. Please wait a few minutes and try again.');
    case 'termsChanged':
      return msg('The terms have changed meanwhile. Please read them again.');
    case 'resumeUnknown':
      return msg('This session can no longer be continued.');
    case 'relayFull':
      return msg('All places are taken at the moment. Please try again shortly.');
    case 'draining':
      return msg('The service is restarting. Please try again in a moment.');
    case 'versionMismatch':
      return msg('This page is out of date. Please reload it.');
    case 'notConnected':
      return msg('There is no connection at the moment. Please try again.');
    default:
      return msg('Something went wrong in the service. Please try again.');
  }
}

/** Who or what ended the session. */
export function endText(endedAs: SessionState | undefined): string {
  switch (endedAs) {
    case 'closedByTechnician':
      return msg('The technician has ended the session.');
    case 'closedByCustomer':
    case 'closedByWaitingCustomer':
      return msg('You have ended the session.');
    case 'timedOut':
      return msg('The session was ended because nothing happened for too long.');
    case 'aborted':
      return msg('The session was ended by a technical fault. We are sorry.');
    case 'expired':
      return msg('The invitation to this session has expired.');
    default:
      return msg('The session has been ended.');
  }
}
