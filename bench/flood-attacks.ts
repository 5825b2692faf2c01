/** What `bench flood` and its attacker say to each other. Types and constants only. */

export const ATTACKS = ['within', 'above', 'rtcp', 'nack', 'pli', 'signalling'] as const;
export type Attack = (typeof ATTACKS)[number];

export type AttackerCommand = { type: 'start'; attack: Attack } | { type: 'stop' } | { type: 'end' };

/** `sent`: packets or messages of the attack that has just stopped. */
export type AttackerEvent = { type: 'ready' } | { type: 'stopped'; sent: number };
