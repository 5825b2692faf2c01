/**
 * The cameras of a phone by names that people understand. Browsers give labels of the maker's or the system's invention, in the
 * system's language, and no lens but what the label says. Pure.
 */

import type { LensKind } from '../relay/protocol.ts';

export type Lens = {
  deviceId: string;
  /** `other`: it looks nowhere that is told, as a camera on a desk. */
  kind: LensKind;
  /** Among several of its kind, counted from 1; 0 when it is the only one. */
  number: number;
  /** For `other`, which has no better name. */
  label: string;
};

const BY_NUMBER = new Intl.Collator('en', { numeric: true });

export type CameraLabel = { deviceId: string; label: string };

/** The one that nearly everybody wants first, and the front at the end. */
const ORDER: readonly LensKind[] = ['wide', 'ultraWide', 'tele', 'front', 'other'];

// Chrome on Android: "camera2 0, facing back". iOS: "Back Ultra Wide Camera", in the language of the phone.
const FRONT =
  /\bfront|face ?time|selfie|vorder|frontal|anteriore|frontale|avant|delantera|voorkant|przedni|ön kamera|передн|前面|前置|전면/i;
const BACK =
  /\bback\b|facing back|rear|environment|rück|hinter|arrière|posterior|trasera|traseira|achterkant|achterzijde|tylny|tylna|arka|задн|背面|后置|後置|후면/i;
const ULTRA_WIDE =
  /ultra[ -]?(?:wide|weit|grand|gran|ampl|groot|breed|szerok|geni)|superweit|sehr weit|超広角|超广角|超廣角|초광각|сверхширок|0[.,]5 ?x/i;
const TELE = /t[eé]l[eé]|zoom lens|periscope|望遠|长焦|長焦|망원|телефото/i;
/** iOS offers the lenses of a phone once more, joined; and the depth camera, whose picture is the wide one's. */
const JOINED =
  /dual|triple|dreifach|doppel|double|triplo|doppi[oa]|dubbel|drievoudig|двойн|тройн|デュアル|トリプル|双|三|듀얼|트리플/i;
/** No pictures for people: depth and infrared. */
const USELESS = /\b(?:infrared|ir camera|depth|lidar|truedepth|time of flight|tof)\b/i;

/** What a phone has, the usual one first. Cameras without a label, as before the permission, cannot be told apart. */
export function lensesOf(cameras: readonly CameraLabel[]): Lens[] {
  const named = cameras.filter(({ deviceId, label }) => deviceId !== '' && !USELESS.test(label));
  const kinds = named.map(({ label }) => kindOf(label));
  // Where a plain wide one is there, the joined ones are the same glass again.
  const hasPlain = named.some(({ label }, i) => kinds[i] === 'wide' && !JOINED.test(label));
  const kept = named
    .map((camera, i) => ({ ...camera, kind: kinds[i] ?? 'other' }))
    .filter(({ kind, label }) => !(hasPlain && kind === 'wide' && JOINED.test(label)))
    // Android's number 0 is the main one.
    .sort((one, other) => BY_NUMBER.compare(one.label, other.label));
  return kept
    .map((camera) => {
      const same = kept.filter(({ kind }) => kind === camera.kind);
      return { ...camera, number: same.length > 1 ? same.indexOf(camera) + 1 : 0 };
    })
    .sort((one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind));
}

function kindOf(label: string): LensKind {
  if (FRONT.test(label)) {
    return 'front';
  }
  const isJoined = JOINED.test(label);
  if (ULTRA_WIDE.test(label) && !isJoined) {
    return 'ultraWide';
  }
  if (TELE.test(label) && !isJoined) {
    return 'tele';
  }
  return BACK.test(label) ? 'wide' : 'other';
}

/** With two there is nothing to choose: the other one. */
export function needsMenu(lenses: readonly Lens[]): boolean {
  return lenses.length > 2;
}
