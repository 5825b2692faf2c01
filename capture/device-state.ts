/** What the technician is told of the phone's camera and microphone; pure. */
import type { DeviceState } from '../relay/protocol.ts';

export type Devices = {
  audio: object | null;
  video: object | null;
  /** The system has taken the picture, or the voice, away. */
  isInterrupted: boolean;
  isSilenced: boolean;
};

export type Wishes = { muted: boolean; paused: boolean; hidden: boolean };

/** A hidden page has no picture to show, whoever hid it; its voice goes on as long as the system lets it. */
export function deviceState(devices: Devices, { muted, paused, hidden }: Wishes): DeviceState {
  const { audio, video, isInterrupted, isSilenced } = devices;
  const isPictureGone = video !== null && (paused || hidden || isInterrupted);
  const isVoiceGone = audio !== null && (muted || isSilenced);
  const pausedBy =
    !isPictureGone && !isVoiceGone
      ? undefined
      : hidden
        ? 'hidden'
        : (isInterrupted && !paused) || (isSilenced && !muted)
          ? 'interrupted'
          : 'person';
  return {
    microphone: audio === null ? 'none' : isVoiceGone ? 'muted' : 'on',
    camera: video === null ? 'none' : isPictureGone ? 'paused' : 'on',
    ...(pausedBy && { pausedBy }),
  };
}
