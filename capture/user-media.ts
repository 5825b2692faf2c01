/**
 * getUserMedia with everything that goes wrong on real phones turned into one of a few problems that the page has
 * words for. No state, no elements.
 */

export type Facing = 'environment' | 'user';

export type CameraProblem =
  | 'denied'
  | 'microphoneDenied'
  | 'noCamera'
  | 'noMicrophone'
  | 'inUse'
  | 'microphoneInUse'
  | 'insecure'
  | 'unsupported'
  | 'failed';

export type Acquired = { stream: MediaStream } | { problem: CameraProblem };

/** What of `navigator` is needed; tests pass their own. */
export type MediaSource = {
  mediaDevices?: Pick<MediaDevices, 'getUserMedia' | 'enumerateDevices'> | undefined;
  permissions?: Pick<Permissions, 'query'> | undefined;
};

/** Which camera: a direction on phones, a device where directions are unknown. */
export type CameraChoice = { facing: Facing } | { exactFacing: Facing } | { deviceId: string };

/**
 * Chromium lets only those pages zoom that have asked for it with the camera. On Android that asks the person nothing more;
 * on a computer whose camera turns it would, so it is not asked for there.
 */
const ZOOM: MediaTrackConstraints = /Android/.test(globalThis.navigator?.userAgent ?? '')
  ? ({ zoom: true } as MediaTrackConstraints)
  : {};
const SIZE: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, ...ZOOM };
/** 24 are enough for a hand-held phone and leave bits for sharpness; above 30 only heats it. */
const RATE: MediaTrackConstraints = { frameRate: { ideal: 24, max: 30 } };

const AUDIO: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};

/**
 * Asks for camera and, if wanted, microphone. Constraints that the device cannot meet are dropped one after the other.
 * @param secure `window.isSecureContext`: without it browsers hide the camera altogether
 */
export async function acquire(
  source: MediaSource,
  secure: boolean,
  choice: CameraChoice,
  microphone: boolean,
): Promise<Acquired> {
  const { mediaDevices } = source;
  if (!mediaDevices?.getUserMedia) {
    return { problem: secure ? 'unsupported' : 'insecure' };
  }
  let refusal = '';
  for (const video of ladder(choice)) {
    try {
      return { stream: await mediaDevices.getUserMedia({ video, audio: microphone && AUDIO }) };
    } catch (error) {
      refusal = error instanceof Error ? error.name : '';
      if (refusal !== 'OverconstrainedError') {
        break;
      }
    }
  }
  return { problem: await diagnose(source, refusal, choice, microphone) };
}

/** The microphone alone, for when only that was taken away. */
export async function acquireMicrophone({ mediaDevices }: MediaSource): Promise<Acquired> {
  try {
    const stream = await mediaDevices?.getUserMedia({ audio: AUDIO });
    return stream ? { stream } : { problem: 'unsupported' };
  } catch (error) {
    switch (error instanceof Error ? error.name : '') {
      case 'NotAllowedError':
        return { problem: 'microphoneDenied' };
      case 'NotFoundError':
        return { problem: 'noMicrophone' };
      default:
        return { problem: 'microphoneInUse' };
    }
  }
}

/** Whether the browser would open camera and microphone without asking; undefined where it does not tell. */
export async function standingPermission({
  permissions,
}: MediaSource): Promise<'granted' | 'prompt' | 'denied' | undefined> {
  const states = [await permissionOf(permissions, 'camera'), await permissionOf(permissions, 'microphone')];
  if (states.includes('denied')) {
    return 'denied';
  }
  if (states.includes('prompt')) {
    return 'prompt';
  }
  return states.includes(undefined) ? undefined : 'granted';
}

function ladder(choice: CameraChoice): (MediaTrackConstraints | true)[] {
  if ('deviceId' in choice) {
    const device: MediaTrackConstraints = { deviceId: { exact: choice.deviceId } };
    return [{ ...device, ...SIZE, ...RATE }, { ...device, ...SIZE }, device];
  }
  if ('exactFacing' in choice) {
    const facing: MediaTrackConstraints = { facingMode: { exact: choice.exactFacing } };
    return [{ ...facing, ...SIZE, ...RATE }, { ...facing, ...SIZE }, facing];
  }
  const facing: MediaTrackConstraints = { facingMode: { ideal: choice.facing } };
  return [{ ...facing, ...SIZE, ...RATE }, { ...facing, ...SIZE }, facing, true];
}

/** Error names of W3C Media Capture and Streams section 10.6, and what they mean in practice. */
async function diagnose(
  source: MediaSource,
  refusal: string,
  choice: CameraChoice,
  microphone: boolean,
): Promise<CameraProblem> {
  switch (refusal) {
    case 'NotAllowedError':
      return microphone && (await isMicrophoneTheOneDenied(source)) ? 'microphoneDenied' : 'denied';
    case 'NotFoundError':
      return microphone && (await hasCamera(source)) ? 'noMicrophone' : 'noCamera';
    case 'NotReadableError':
    case 'AbortError':
      return microphone && (await worksAlone(source, choice)) ? 'microphoneInUse' : 'inUse';
    case 'OverconstrainedError':
      return 'noCamera';
    case 'SecurityError':
    case 'TypeError':
      return 'unsupported';
    default:
      return 'failed';
  }
}

/** Known only where the browser tells (not in Firefox); a doubt counts against the camera. */
async function isMicrophoneTheOneDenied({ permissions }: MediaSource): Promise<boolean> {
  const [camera, microphone] = await Promise.all([
    permissionOf(permissions, 'camera'),
    permissionOf(permissions, 'microphone'),
  ]);
  return microphone === 'denied' && camera !== undefined && camera !== 'denied';
}

async function permissionOf(
  permissions: MediaSource['permissions'],
  name: 'camera' | 'microphone',
): Promise<PermissionState | undefined> {
  try {
    return (await permissions?.query({ name }))?.state;
  } catch {
    return undefined;
  }
}

async function hasCamera({ mediaDevices }: MediaSource): Promise<boolean> {
  try {
    const devices = await mediaDevices?.enumerateDevices();
    return devices?.some(({ kind }) => kind === 'videoinput') ?? false;
  } catch {
    return false;
  }
}

/** The question was already allowed when a device turns out to be busy, so this asks nobody again. */
async function worksAlone({ mediaDevices }: MediaSource, choice: CameraChoice): Promise<boolean> {
  try {
    const stream = await mediaDevices?.getUserMedia({ video: ladder(choice).at(-1) ?? true });
    stopAll(stream);
    return stream !== undefined;
  } catch {
    return false;
  }
}

export function stopAll(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) {
    track.stop();
  }
}
