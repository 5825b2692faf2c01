/** The plain prototype of `prototype.ts` as a subject of `bench forward`. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { readPipe } from '../relay/negotiation.ts';
import type { Session } from './forward-load.ts';
import { closeAll, ended, pidOf, type Subject, within } from './subject.ts';
import { SyntheticPeer, type SyntheticSource } from './synthetic-peer.ts';

const PROTOTYPE_FILE = join(import.meta.dirname, 'prototype.js');

export type PrototypeCommand =
  | { type: 'connect'; session: number; audio: number; video: number }
  | { type: 'answer'; name: string; sdp: string };
export type PrototypeEvent =
  | { type: 'ready' }
  | { type: 'offer'; name: string; sdp: string }
  | { type: 'answered'; name: string };

export async function startPrototype(): Promise<Subject> {
  const child = fork(PROTOTYPE_FILE, [], { serialization: 'advanced', execArgv: [] });
  child.setMaxListeners(100);
  const peers: SyntheticPeer[] = [];
  await within(
    next(child, (event) => event.type === 'ready'),
    'the prototype to start',
  );

  const join = async (name: string, onPacket: (packet: Buffer) => void, sources: SyntheticSource[]) => {
    const event = await next(child, (candidate) => candidate.type === 'offer' && candidate.name === name);
    const sdp = event.type === 'offer' ? event.sdp : '';
    const peer = new SyntheticPeer({ name, onPacket });
    peers.push(peer);
    const answered = next(child, (candidate) => candidate.type === 'answered' && candidate.name === name);
    // Without the candidates, as in the product: no answer may arrive before it is applied.
    child.send({ type: 'answer', name, sdp: peer.answer(withoutCandidates(sdp), sources) });
    await answered;
    peer.addCandidates(readPipe(sdp)?.candidates ?? []);
    await peer.opened;
    return peer;
  };

  return {
    pid: pidOf(child),
    connect: async (session: Session, index: number) => {
      const { audio, video } = session;
      const publishing = join(`${index} publisher`, session.feedback, [{ ssrc: audio }, { ssrc: video }]);
      const subscribing = join(`${index} subscriber`, session.receive, []);
      child.send({ type: 'connect', session: index, audio, video } satisfies PrototypeCommand);
      const [publisher] = await Promise.all([publishing, subscribing]);
      return publisher;
    },
    report: async () => ({}),
    stop: async () => {
      child.disconnect();
      await ended(child);
      closeAll(peers);
    },
  };
}

function withoutCandidates(sdp: string): string {
  const lines = sdp.split('\r\n');
  return lines.filter((line) => !/^a=(candidate:|end-of-candidates)/.test(line)).join('\r\n');
}

function next(child: ChildProcess, wanted: (event: PrototypeEvent) => boolean): Promise<PrototypeEvent> {
  return new Promise((resolve) => {
    const listen = (event: PrototypeEvent) => {
      if (wanted(event)) {
        child.off('message', listen);
        resolve(event);
      }
    };
    child.on('message', listen);
  });
}
