/**
 * No function of codec/ that takes bytes is left out by the fuzzer. Real: the sources as the compiler reads them, and
 * what V8 says which functions ran while the targets did. Nothing is faked.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { CODEC_TARGETS } from './codec-targets.ts';
import { fuzz } from './target.ts';
import { FUZZ_TARGETS } from './targets.ts';

const SOURCES = join(import.meta.dirname, '..', '..', '..', 'codec');
const BYTES = /\b(Uint8Array|Buffer)\b/;
const INPUTS = 400;

/** `file name` of each exported function with bytes among its parameters, and of each method of an exported class. */
function functionsOfBytes(): string[] {
  return readdirSync(SOURCES)
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(SOURCES, file), 'utf8');
      const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
      const takesBytes = (node: ts.SignatureDeclaration) =>
        node.parameters.some(({ type }) => type !== undefined && BYTES.test(type.getText(tree)));
      const isExported = (node: ts.Node) =>
        ts.canHaveModifiers(node) &&
        ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
      return tree.statements.filter(isExported).flatMap((statement) => {
        if (ts.isFunctionDeclaration(statement)) {
          return takesBytes(statement) ? [`${file} ${statement.name?.text ?? ''}`] : [];
        }
        return ts.isClassDeclaration(statement)
          ? statement.members.flatMap((member) =>
              ts.isMethodDeclaration(member) && takesBytes(member)
                ? [`${file} ${member.name.getText(tree)}`]
                : [],
            )
          : [];
      });
    });
}

t.test('every function of codec/ that takes bytes is run by a target', async (t) => {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  for (const target of CODEC_TARGETS) {
    await fuzz(target, { seed: 1, steps: INPUTS });
  }
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  const ran = new Set(
    result
      .filter(({ url }) => url.includes('/dist/codec/'))
      .flatMap(({ url, functions }) =>
        functions
          .filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0)
          .map(({ functionName }) => `${url.split('/').at(-1)?.replace(/\.js$/, '.ts')} ${functionName}`),
      ),
  );
  const wanted = functionsOfBytes();
  t.ok(
    wanted.includes('rtp.ts validateRtp') && wanted.includes('twcc.ts writeFeedback'),
    'the sources were read',
  );
  t.same(
    wanted.filter((name) => !ran.has(name)),
    [],
    'give it a row in CODEC_CHECKS of test/codec/every-function.ts, or a target of its own',
  );
});

t.test('no two targets have one name or keep what failed in one folder', async (t) => {
  const names = FUZZ_TARGETS.map(({ name }) => name);
  const folders = FUZZ_TARGETS.map(({ corpora }) => corpora[0]);
  t.equal(new Set(names).size, names.length);
  t.equal(new Set(folders).size, folders.length);
});
