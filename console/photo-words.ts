/** What photos are called. */
import { msg, str } from '@lit/localize';
import type { PhotoView } from '../relay/protocol.ts';

export function sourceWord({ source }: Pick<PhotoView, 'source'>): string {
  switch (source) {
    case 'camera':
      return msg('Photo');
    case 'chosen':
      return msg('Photo by the customer');
    case 'snapshot':
      return msg('Snapshot');
  }
}

/** Of a copy into which the marks are drawn. */
export function markedTitle(title: string): string {
  return msg(str`${title}, with marks`);
}
