/** How good the findings of a pre-flight are, for both pages; pure. */
import { PREFLIGHT, type PreflightCheck, type PreflightFindings, type PreflightLight } from '../protocol.ts';

/** In the order in which people read them. */
export const PREFLIGHT_CHECKS = Object.keys(PREFLIGHT) as PreflightCheck[];

/** Worst first. */
const LIGHTS: readonly PreflightLight[] = ['red', 'amber', 'unknown', 'green'];

/** Undefined while the check runs. */
export function lightOf(
  check: PreflightCheck,
  findings: Partial<PreflightFindings>,
): PreflightLight | undefined {
  const lights: Record<string, PreflightLight> = PREFLIGHT[check];
  const finding = findings[check];
  return finding === undefined ? undefined : lights[finding];
}

/** Of those that have come out; green when there is none. */
export function worstLight(findings: Partial<PreflightFindings>): PreflightLight {
  const lights = PREFLIGHT_CHECKS.map((check) => lightOf(check, findings));
  return LIGHTS.find((light) => lights.includes(light)) ?? 'green';
}
