/** Recordings in words of the current language: lines of the log, and why one ended. */
import { msg, str } from '@lit/localize';
import type { EventData, RecordingEnd, RecordingMode } from '../relay/protocol.ts';

export function recordingModeWord(mode: RecordingMode): string {
  switch (mode) {
    case 'off':
      return msg('Never');
    case 'onDemand':
      return msg('When the technician wants it');
    case 'forced':
      return msg('Always, from start to end');
  }
}

/** What the technician is told when it ended by itself; empty when they ended it, or the session did. */
export function recordingEndSentence(reason: RecordingEnd | undefined): string {
  switch (reason) {
    case 'refused':
      return msg('The customer does not allow the recording. The session goes on without it.');
    case 'withdrawn':
      return msg(
        'The customer has taken the consent back. The recording has ended; what was recorded is kept.',
      );
    case 'policy':
      return msg('Your group does not record any more. The recording has ended; what was recorded is kept.');
    case 'diskFull':
      return msg(
        'The recording has ended because the relay’s disk is full. What was recorded is kept; the session goes on.',
      );
    case 'ioError':
      return msg(
        'The recording has ended because the relay could not write it. What was recorded is kept; the session goes on.',
      );
    default:
      return '';
  }
}

export function recordingStarted(data: EventData): string {
  return data['continued'] === true
    ? msg(str`Recording goes on (part ${data['part'] ?? ''})`)
    : msg('Recording started');
}

export function recordingStopped(data: EventData): string {
  switch (data['reason']) {
    case 'withdrawn':
      return msg('Recording stopped: consent taken back');
    case 'sessionEnded':
      return msg('Recording stopped: end of the session');
    case 'policy':
      return msg('Recording stopped: the group does not record any more');
    case 'relay':
      return msg('Recording interrupted: the relay was restarted');
    case 'diskFull':
      return msg('Recording failed: the relay’s disk is full');
    case 'ioError':
      return msg('Recording failed: it could not be written');
    default:
      return msg('Recording stopped');
  }
}
