/** The examples and tables of relay/PROTOCOL.md, as data for tests and fuzzers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PATH = join(import.meta.dirname, '..', '..', '..', 'relay', 'PROTOCOL.md');

export const EXAMPLE_KINDS = ['request', 'result', 'refusal', 'event', 'body', 'answer', 'failure'] as const;

export type ExampleKind = (typeof EXAMPLE_KINDS)[number];

export type Example = {
  /** The word behind `json` on the fence. */
  kind: ExampleKind;
  /** What it is an example of: the code in the heading above it. */
  name: string;
  text: string;
  /** Of the fence, counted from 1. */
  line: number;
};

export function readProtocolDocument(): string {
  return readFileSync(PATH, 'utf8');
}

/** @throws on a JSON block whose kind is missing or unknown, or that stands under no named heading */
export function examplesOf(document: string): Example[] {
  const examples: Example[] = [];
  const lines = document.split('\n');
  let name = '';
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (line.startsWith('#')) {
      name = /^### `(.+)`$/.exec(line)?.[1] ?? '';
    }
    const label = /^```json\s*(.*)$/.exec(line)?.[1];
    if (label === undefined) {
      continue;
    }
    const kind = EXAMPLE_KINDS.find((known) => known === label);
    if (kind === undefined || name === '') {
      throw new Error(`PROTOCOL.md:${at + 1}: an example of nothing: "${line}" under "${name}"`);
    }
    const end = lines.indexOf('```', at);
    examples.push({ kind, name, text: lines.slice(at + 1, end).join('\n'), line: at + 1 });
    at = end;
  }
  return examples;
}

/** The rows of the first table below that heading, their cells trimmed; without head and ruler. */
export function tableBelow(document: string, heading: string): string[][] {
  const after = document.split(`\n${heading}\n`)[1] ?? '';
  const lines = after.split('\n');
  const start = lines.findIndex((line) => line.startsWith('|'));
  const rows: string[][] = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) {
      break;
    }
    rows.push(
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

/** The requests of the document, one per example; every one of them is valid. */
export function exampleRequests(): { type: string; text: string }[] {
  return examplesOf(readProtocolDocument())
    .filter(({ kind }) => kind === 'request')
    .map(({ name, text }) => ({ type: name, text }));
}
