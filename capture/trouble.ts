/** What keeps a running session from going on, as the customer is told; pure but for the language. */
import { msg, str } from '@lit/localize';
import type { CustomerView, Interruption } from '../relay/protocol.ts';

/** `socket`: this page has lost the relay; else what the relay said of either side. */
export type Trouble = 'socket' | Pick<Interruption, 'party' | 'reason'>;

/** @param connected this page's socket is open */
export function troubleOf(customer: CustomerView, connected: boolean): Trouble | undefined {
  if (!connected) {
    return 'socket';
  }
  const { interruption, technicianConnected } = customer;
  // Of the page's own devices the page knows more than the relay.
  if (interruption && (interruption.party === 'technician' || interruption.reason === 'noMedia')) {
    return interruption;
  }
  return technicianConnected ? undefined : { party: 'technician', reason: 'connection' };
}

/** @param name of the technician, or a word for one */
export function troubleWords(trouble: Trouble, name: string): { title: string; text: string } {
  if (trouble === 'socket') {
    return {
      title: msg('The connection was interrupted.'),
      text: msg('Please stay on this page; it reconnects by itself.'),
    };
  }
  if (trouble.party === 'customer') {
    return {
      title: msg('Your picture and sound do not get through at the moment.'),
      text: msg('Please stay on this page; it reconnects by itself.'),
    };
  }
  switch (trouble.reason) {
    case 'left':
      return {
        title: msg(str`${name} is away for a moment.`),
        text: msg('Please stay on this page; it goes on by itself.'),
      };
    case 'relay':
      return {
        title: msg('The service was started again.'),
        text: msg('Please stay on this page; it goes on by itself.'),
      };
    default:
      return {
        title: msg('The connection to the technician was interrupted.'),
        text: msg('Please stay on this page; it reconnects by itself.'),
      };
  }
}
