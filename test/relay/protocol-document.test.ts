/**
 * Real: relay/PROTOCOL.md, the schemas, the error table, the sources of the constants, and the TypeScript compiler,
 * which checks each example of a result, event or answer against the type in protocol.ts. Nothing is faked.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { errorResponse } from '../../relay/api.ts';
import { BODIES, parseClientMessage } from '../../relay/messages.ts';
import { ERRORS, type ErrorCode } from '../../relay/protocol.ts';
import { type Example, examplesOf, readProtocolDocument, tableBelow } from '../support/protocol-document.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const document = readProtocolDocument();
const examples = examplesOf(document);

// -------------------------------------------------------------- types, asked from the compiler

const PROTOCOL_PATH = join(ROOT, 'relay', 'protocol.ts');
const SNIPPET_PATH = join(ROOT, 'relay', 'examples-of-the-document.ts');

function compile(body: string): ts.Program {
  const text = `import type * as p from './protocol.ts';\n${body}\nexport {};\n`;
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2023.d.ts'],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === SNIPPET_PATH || fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === SNIPPET_PATH
      ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true)
      : getSourceFile(path, ...rest);
  return ts.createProgram([SNIPPET_PATH, PROTOCOL_PATH], options, host);
}

/** The strings of a union type, such as all names of requests. */
function namesOf(type: string): string[] {
  const program = compile(`export type Asked = ${type};`);
  const file = program.getSourceFile(SNIPPET_PATH);
  const alias = file?.statements.find(ts.isTypeAliasDeclaration);
  if (!alias) {
    throw new Error(`no type in the snippet for ${type}`);
  }
  const asked = program.getTypeChecker().getTypeAtLocation(alias.name);
  const members = asked.isUnion() ? asked.types : [asked];
  return members.map((member) => (member.isStringLiteral() ? member.value : '?'));
}

function typeOf({ kind, name }: Example): string {
  switch (kind) {
    case 'request':
      return `{ type: '${name}'; id: number } & p.Params<'${name}'>`;
    case 'result':
      return `{ type: 'ok'; id: number; result: p.Result<'${name}'> }`;
    case 'refusal':
      return "Extract<p.Reply, { type: 'error' }>";
    case 'event':
      return `Extract<p.ServerEvent, { type: '${name}' }>`;
    case 'body':
      return `p.Api['${name}']['body']`;
    case 'answer':
      return `p.Api['${name}']['result']`;
    case 'failure':
      return '{ code: p.ErrorCode; message: string }';
  }
}

/** For each value, what the compiler has against it as an example of that kind; empty when nothing. */
function complaints(values: readonly { example: Example; text: string }[]): string[] {
  const lines = values.map(
    ({ example, text }, index) =>
      `export const v${index}: ${typeOf(example)} = ${JSON.stringify(JSON.parse(text))};`,
  );
  const program = compile(lines.join('\n'));
  const found = values.map(() => '');
  for (const { file, start, messageText } of ts.getPreEmitDiagnostics(program)) {
    // The import is line 0 of the snippet.
    const index = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line - 1 : -1;
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    if (index < 0 || index >= found.length) {
      throw new Error(`the snippet does not compile: ${text}`);
    }
    found[index] = text;
  }
  return found;
}

/** Every value within a JSON value replaced by null, one at a time. Nothing of the protocol is ever null. */
function* spoiled(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null) {
    yield null;
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    for (const other of spoiled(inner)) {
      yield Array.isArray(value) ? Object.assign([...value], { [key]: other }) : { ...value, [key]: other };
    }
  }
}

// -------------------------------------------------------------- tests

const named = (kind: Example['kind']) => new Set(examples.filter((e) => e.kind === kind).map((e) => e.name));

t.test('every request has an example of itself and of its result', async (t) => {
  const requests = namesOf('p.RequestType');
  t.ok(requests.includes('hello'), 'the compiler was asked the right thing');
  t.same([...named('request')].sort(), requests.sort());
  t.same([...named('result')].sort(), requests);
});

t.test('every event has an example', async (t) => {
  t.same([...named('event')].sort(), namesOf("p.ServerEvent['type']").sort());
});

t.test('every route has an example of its answer, and of its body if it takes one', async (t) => {
  t.same([...named('answer')].sort(), namesOf('keyof p.Api').sort());
  t.same([...named('body')].sort(), Object.keys(BODIES).sort());
});

t.test('every status, phase and kind of log line is explained', async (t) => {
  const explained = new Set([...document.matchAll(/`([A-Za-z]+)`/g)].map((match) => match[1]));
  for (const type of ['p.SessionStatus', 'p.CustomerPhase', 'p.SessionEventType']) {
    for (const name of namesOf(type)) {
      t.ok(explained.has(name), `${type} ${name}`);
    }
  }
});

t.test('the relay accepts every request of the document', async (t) => {
  for (const { name, text, line } of examples.filter(({ kind }) => kind === 'request')) {
    const parsed = parseClientMessage(text);
    t.ok(parsed.ok, `line ${line}: ${name}`);
    t.equal(parsed.ok && parsed.message.type, name, `line ${line} stands under its own heading`);
  }
});

t.test('the relay refuses every request of the document with one value spoiled', async (t) => {
  for (const { text, line } of examples.filter(({ kind }) => kind === 'request')) {
    for (const value of spoiled(JSON.parse(text))) {
      const bad = JSON.stringify(value);
      t.notOk(parseClientMessage(bad).ok, `line ${line}: ${bad.slice(0, 120)}`);
    }
    const more = JSON.stringify({ ...JSON.parse(text), surplus: 1 });
    t.notOk(parseClientMessage(more).ok, `line ${line}: with a surplus member`);
  }
});

t.test('the relay accepts every body of the document, and none with one value spoiled', async (t) => {
  for (const { name, text, line } of examples.filter(({ kind }) => kind === 'body')) {
    const schema = BODIES[name as keyof typeof BODIES];
    const body: unknown = JSON.parse(text);
    t.ok(schema.safeParse(body).success, `line ${line}: ${name}`);
    for (const value of Object.keys(body as object).length === 0 ? [{ surplus: 1 }] : spoiled(body)) {
      t.notOk(schema.safeParse(value).success, `line ${line}: ${JSON.stringify(value)}`);
    }
  }
});

t.test('every example has the type that protocol.ts gives it', async (t) => {
  const found = complaints(examples.map((example) => ({ example, text: example.text })));
  t.same(
    examples.flatMap(({ line }, index) => (found[index] ? [`line ${line}: ${found[index]}`] : [])),
    [],
  );
});

t.test('an example with one value spoiled would be found', async (t) => {
  const values = examples.flatMap((example) =>
    [...spoiled(JSON.parse(example.text))].map((value) => ({ example, text: JSON.stringify(value) })),
  );
  t.ok(values.length > 300, `${values.length} spoiled examples`);
  const found = complaints(values);
  t.same(
    values.filter((_, index) => found[index] === '').map(({ example, text }) => `${example.line}: ${text}`),
    [],
  );
});

t.test('refusals and failures say the sentence of their code', async (t) => {
  for (const { kind, text, line } of examples) {
    if (kind === 'refusal' || kind === 'failure') {
      const { code, message } = JSON.parse(text) as { code: ErrorCode; message: string };
      t.equal(message, ERRORS[code], `line ${line}: ${code}`);
    }
  }
});

t.test('the table of errors is the one in protocol.ts, with the status that HTTP answers', async (t) => {
  const expected = Object.entries(ERRORS).map(([code, sentence]) => {
    const { status } = errorResponse(code as ErrorCode, false);
    return [`\`${code}\``, status === 400 ? '' : String(status), sentence];
  });
  t.same(tableBelow(document, '## Errors'), expected);
});

// -------------------------------------------------------------- limits

const UNITS: Record<string, number> = {
  KiB: 1024,
  MiB: 1024 * 1024,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
};

/** "64 KiB" and "40 characters" as bytes, milliseconds or a plain number. */
function amount(text: string): number {
  const [, number = '', unit = ''] = /^(\d+) ?(\w*)/.exec(text) ?? [];
  return Number(number) * (UNITS[unit] ?? 1);
}

/** The value of a constant expression of numbers, products and other constants of the same file. */
function evaluate(expression: string, source: string): number {
  return expression
    .split('*')
    .map((factor) => factor.trim())
    .map((factor) =>
      /^[\d_]+$/.test(factor) ? Number(factor.replaceAll('_', '')) : constant(factor, source),
    )
    .reduce((product, factor) => product * factor, 1);
}

function constant(name: string, source: string): number {
  const expression = new RegExp(`const ${name} = ([^;]+);`).exec(source)?.[1];
  if (expression === undefined) {
    throw new Error(`there is no constant ${name}`);
  }
  return evaluate(expression, source) * (name.endsWith('_S') && !name.endsWith('_PER_S') ? 1000 : 1);
}

t.test('the limits are those of the sources', async (t) => {
  const rows = tableBelow(document, '## Limits');
  t.ok(rows.length > 20);
  for (const [, limit = '', place = ''] of rows) {
    const [, name = '', file = ''] = /^`([\w-]+)` in ([\w-]+\.ts)$/.exec(place) ?? [];
    const source = readFileSync(join(ROOT, 'relay', file), 'utf8');
    const [points = '', window] = limit.split(' in ');
    if (window === undefined) {
      t.equal(amount(limit), constant(name, source), `${name}: ${limit}`);
      continue;
    }
    const pattern = new RegExp(`name: '${name}', points: (\\d+), windowMs: ([^}]+) }`);
    const [, inSource, windowMs = ''] = pattern.exec(source) ?? [];
    t.equal(points, inSource, `${name}: ${limit}`);
    t.equal(amount(window), evaluate(windowMs, source), `${name}: ${limit}`);
  }
});
