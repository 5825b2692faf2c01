/**
 * Real: the sources of the repository as they stand, read with the compiler's own parser. Checks what the compiler's
 * project references cannot see: which file imports which library, what a process can reach, sizes, documents.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirname, normalize } from 'node:path/posix';
import t from 'tap';
import ts from 'typescript';
import { environmentName, flagName, SETTINGS, type SettingName } from '../relay/config.ts';

const ROOT = join(import.meta.dirname, '..', '..');

// -------------------------------------------------------------- the rules

const TOP_LEVEL = [
  ...['README.md', 'CHANGELOG.md', 'LICENSE', 'package.json', 'package-lock.json', 'tsconfig.json'],
  ...['relay', 'codec', 'console', 'capture', 'bench', 'test', '.ci'],
  ...['.biome.json', '.editorconfig', '.gitignore', '.npmrc', '.taprc'],
];

const PRODUCT = ['relay/', 'codec/', 'console/', 'capture/'];
const LINES_MAX = 500;

/** What a file may import of ours, by the first row that it falls under. An entry is a folder or a file. */
const WALLS: [from: string, may: string[]][] = [
  ['codec/', ['codec/']],
  [
    'relay/protocol.ts',
    [
      'relay/protocol-api.ts',
      'relay/protocol-archive.ts',
      'relay/protocol-board.ts',
      'relay/protocol-camera.ts',
      'relay/protocol-errors.ts',
      'relay/protocol-guests.ts',
      'relay/protocol-photos.ts',
      'relay/protocol-playback.ts',
      'relay/protocol-recording.ts',
      'relay/protocol-sessions.ts',
    ],
  ],
  ['relay/protocol-sessions.ts', ['relay/protocol.ts']],
  ['relay/protocol-errors.ts', []],
  ['relay/protocol-archive.ts', ['relay/protocol.ts', 'relay/protocol-sessions.ts']],
  ['relay/protocol-board.ts', ['relay/protocol.ts']],
  ['relay/protocol-camera.ts', ['relay/protocol.ts']],
  ['relay/protocol-guests.ts', ['relay/protocol.ts']],
  ['relay/protocol-photos.ts', ['relay/protocol.ts']],
  ['relay/protocol-playback.ts', []],
  ['relay/protocol-recording.ts', ['relay/protocol.ts']],
  ['relay/protocol-api.ts', ['relay/protocol.ts']],
  ['relay/client/', ['relay/client/', 'relay/protocol.ts']],
  ['relay/', ['relay/', 'codec/']],
  ['console/', ['console/', 'relay/client/', 'relay/protocol.ts', 'codec/opus.ts']],
  ['capture/', ['capture/', 'relay/client/', 'relay/protocol.ts']],
  ['bench/', ['bench/', 'relay/', 'codec/', 'test/support/']],
  ['test/support/', ['test/support/', 'relay/', 'codec/']],
  ['test/', ['test/', 'bench/', 'relay/', 'codec/', 'console/', 'capture/']],
];
const FORBIDDEN: [from: string, never: string][] = [['relay/', 'relay/client/']];

/** Where Node's own modules may be imported; the pages run in browsers, codec knows no machine but for the jobs on files. */
const NODE_ALLOWED =
  /^(codec\/(disk-files|ffmpeg-core|transcode|transcode-child|transcode-thread)\.ts$|relay\/(?!client\/|protocol(-api|-board|-photos|-playback|-recording)?\.ts)|bench\/|test\/|(console|capture)\/vite\.config\.ts$)/;

type PackageUse = {
  /** Files of the product that import it; all of them, or folders. */
  product: string[];
  /** Folders outside the product that may too. */
  elsewhere?: string[];
};
const TOOL: PackageUse = { product: [] };

/** Every package of package.json. A native or heavy library has one importer, so that it can be replaced there. */
const PACKAGES: Record<string, PackageUse> = {
  'uWebSockets.js': { product: ['relay/server.ts'], elsewhere: ['bench/pin-echo.ts'] },
  'node-datachannel': { product: ['relay/peer.ts'], elsewhere: ['bench/', 'test/'] },
  libsql: { product: ['relay/store-sqlite.ts'] },
  kysely: {
    product: [
      'relay/store-sqlite.ts',
      'relay/store-records.ts',
      'relay/store-rows.ts',
      'relay/commit-queue.ts',
      'relay/store-statements.ts',
      'relay/store-board.ts',
      'relay/store-guests.ts',
      'relay/store-photos.ts',
      'relay/store-recordings.ts',
      'relay/directory-sqlite.ts',
      'relay/migrations.ts',
    ],
    elsewhere: ['test/relay/', 'bench/pin-history.ts'],
  },
  '@node-rs/argon2': { product: ['relay/accounts.ts'] },
  'rate-limiter-flexible': { product: ['relay/memory.ts'] },
  'prom-client': { product: ['relay/operations.ts'] },
  pino: { product: ['relay/log.ts'] },
  yaml: { product: ['relay/config.ts'] },
  zod: { product: ['relay/messages.ts', 'relay/settings-documents.ts'] },
  '@peculiar/x509': { product: ['relay/tls.ts'] },
  'reflect-metadata': { product: ['relay/tls.ts'] },
  uqr: { product: ['relay/main.ts', 'console/qr-code.ts'] },
  'libphonenumber-js': { product: ['relay/phone-numbers.ts'] },
  'perfect-freehand': { product: ['relay/client/stroke-outline.ts'] },
  fflate: {
    product: ['console/case-archive.ts'],
    elsewhere: ['test/console/case-file.test.ts', 'test/e2e/archive.test.ts'],
  },
  'ical-generator': { product: ['relay/appointment.ts'] },
  nodemailer: { product: ['relay/mail.ts'] },
  '@ffmpeg/core': { product: ['codec/ffmpeg-core.ts'] },
  // The browser's half of it, for clips made in the page.
  '@ffmpeg/ffmpeg': TOOL,
  'opus-decoder': { product: ['codec/opus.ts'] },
  mediabunny: { product: [], elsewhere: ['test/'] },
  lit: { product: ['console/', 'capture/'] },
  '@lit/localize': { product: ['console/', 'capture/'] },
  '@awesome.me/webawesome': { product: ['console/web-awesome.ts'] },
  vite: { product: ['console/vite.config.ts', 'capture/vite.config.ts'] },
  'zxing-wasm': { product: ['console/code-worker.ts'] },
  'tesseract.js': { product: ['console/read-text.ts'] },
  'tesseract.js-core': { product: ['console/read-text.ts'] },
  '@tesseract.js-data/deu': { product: ['console/read-text.ts'] },
  '@tesseract.js-data/eng': { product: ['console/read-text.ts'] },
  tap: { product: [], elsewhere: ['test/'] },
  'smtp-server': { product: [], elsewhere: ['test/'] },
  ws: {
    product: [],
    elsewhere: ['bench/janus-server.ts', 'bench/pin-load.ts', 'test/support/signalling-client.ts'],
  },
  'fast-check': { product: [], elsewhere: ['test/'] },
  'playwright-core': { product: [], elsewhere: ['bench/', 'test/'] },
  'axe-core': { product: [], elsewhere: ['test/'] },
  typescript: { product: [], elsewhere: ['test/'] },
  '@lit/localize-tools': { product: [], elsewhere: ['test/support/check-languages.ts'] },
  '@biomejs/biome': TOOL,
  '@types/node': TOOL,
  '@types/ws': TOOL,
  // Its paths are copied into the icons of both pages.
  'lucide-static': TOOL,
};

/** Processes, and what none of their modules may be. */
const PROCESSES: [main: string, never: RegExp][] = [
  ['relay/main.ts', /^relay\/(peer|uptrack|downtrack|media-session|worker)\.ts$/],
  [
    'relay/worker.ts',
    /^relay\/(store|secrets|accounts|config|server|signalling|sessions|live-session|directory|memory|log)/,
  ],
];

// -------------------------------------------------------------- the sources

const inFolder = (path: string, entry: string) =>
  entry.endsWith('/') ? path.startsWith(entry) : path === entry;
const isProduct = (path: string) => PRODUCT.some((folder) => path.startsWith(folder));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** Everything that is, or is about to be, in the repository. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT })
  .toString()
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(ROOT, path)));

type Import = {
  /** A path in the repository, or undefined for a package or a module of Node. */
  file: string | undefined;
  specifier: string;
  /** Erased by the compiler. `import { type … }` is not: what is left of it still loads the module. */
  typeOnly: boolean;
};
type Source = { path: string; text: string; tree: ts.SourceFile; imports: Import[] };

function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) {
    yield* nodesOf(child);
  }
}

function importOf(node: ts.Node, path: string): Import | undefined {
  let specifier: ts.Node | undefined;
  let typeOnly = false;
  if (ts.isImportDeclaration(node)) {
    specifier = node.moduleSpecifier;
    typeOnly = node.importClause?.isTypeOnly === true;
  } else if (ts.isExportDeclaration(node)) {
    specifier = node.moduleSpecifier;
    typeOnly = node.isTypeOnly;
  } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    specifier = node.arguments[0];
  } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    specifier = node.argument.literal;
    typeOnly = true;
  }
  if (!specifier || !ts.isStringLiteral(specifier)) {
    return undefined;
  }
  const { text } = specifier;
  return {
    file: text.startsWith('.') ? normalize(join(dirname(path), text)) : undefined,
    specifier: text,
    typeOnly,
  };
}

const sources: Source[] = files
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
  .map((path) => {
    const text = read(path);
    const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
    const imports = [...nodesOf(tree)].flatMap((node) => importOf(node, path) ?? []);
    return { path, text, tree, imports };
  });
const byPath = new Map(sources.map((source) => [source.path, source]));

const lineOf = ({ path, tree }: Source, node: ts.Node) =>
  `${path}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;

/** The package of an import; undefined for a file of ours and for Node's own modules. */
function packageOf({ file, specifier }: Import): string | undefined {
  if (file !== undefined || specifier.startsWith('node:')) {
    return undefined;
  }
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Every file that runs when `main` runs. */
function reach(main: string): Set<string> {
  const reached = new Set<string>();
  const open = [main];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (!reached.has(path)) {
      reached.add(path);
      open.push(...runtimeImports(path));
    }
  }
  return reached;
}

function runtimeImports(path: string): string[] {
  const imports = byPath.get(path)?.imports ?? [];
  return imports.flatMap(({ file, typeOnly }) => (file === undefined || typeOnly ? [] : [file]));
}

/** For an assertion that lists everything that is wrong, not only the first. */
const none: string[] = [];

// -------------------------------------------------------------- imports

t.test('the sources were found', async (t) => {
  for (const path of [
    'relay/main.ts',
    'relay/client/connection.ts',
    'codec/rtp.ts',
    'test/architecture.test.ts',
  ]) {
    t.ok(byPath.has(path), path);
  }
  t.ok(byPath.get('relay/main.ts')?.imports.some(({ file }) => file === 'relay/config.ts'));
});

t.test('every import stays within its walls', async (t) => {
  const wrong = sources.flatMap(({ path, imports }) => {
    const may = WALLS.find(([from]) => inFolder(path, from))?.[1];
    const never = FORBIDDEN.filter(([from]) => inFolder(path, from) && !path.startsWith('relay/client/'));
    return imports.flatMap(({ file }) => {
      if (file === undefined) {
        return [];
      }
      const allowed = may?.some((entry) => inFolder(file, entry)) === true;
      return allowed && !never.some(([, entry]) => inFolder(file, entry)) ? [] : [`${path} → ${file}`];
    });
  });
  t.same(wrong, none);
});

t.test('every relative import names a file, with its extension', async (t) => {
  const wrong = sources.flatMap(({ path, imports }) =>
    imports.flatMap(({ file, specifier }) => {
      const isAsset = /\?(raw|url|inline|worker&url)$/.test(specifier) || /\.(css|svg)$/.test(specifier);
      return file === undefined || isAsset || existsSync(join(ROOT, file)) ? [] : [`${path} → ${specifier}`];
    }),
  );
  t.same(wrong, none);
});

t.test('only the server, the benches and the tests know the machine', async (t) => {
  const wrong = sources.flatMap(({ path, imports }) =>
    imports.flatMap(({ specifier }) =>
      specifier.startsWith('node:') && !NODE_ALLOWED.test(path) ? [`${path} → ${specifier}`] : [],
    ),
  );
  t.same(wrong, none);
});

t.test('every package has its row, and is imported only where the row says', async (t) => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const installed = [...Object.keys(dependencies), ...Object.keys(devDependencies)];
  t.same(Object.keys(PACKAGES).sort(), installed.sort(), 'rows and package.json are the same list');
  const wrong: string[] = [];
  const importers = new Map<string, Set<string>>();
  for (const { path, imports } of sources) {
    for (const name of imports.flatMap((one) => packageOf(one) ?? [])) {
      importers.set(name, (importers.get(name) ?? new Set()).add(path));
      const use = PACKAGES[name];
      const entries = isProduct(path) ? use?.product : use?.elsewhere;
      if (!entries?.some((entry) => inFolder(path, entry))) {
        wrong.push(`${path} → ${name}`);
      }
      const ships = path.startsWith('relay/') || path.startsWith('codec/');
      if (ships && !Object.hasOwn(dependencies, name)) {
        wrong.push(`${path} → ${name}, which is not installed in production`);
      }
    }
  }
  for (const [name, { product, elsewhere = [] }] of Object.entries(PACKAGES)) {
    for (const file of [...product, ...elsewhere].filter((entry) => !entry.endsWith('/'))) {
      if (!importers.get(name)?.has(file)) {
        wrong.push(`${file} does not import ${name} any more: drop it from the row`);
      }
    }
  }
  t.same(wrong, none);
});

t.test('front and worker cannot reach what is not theirs', async (t) => {
  for (const [main, never] of PROCESSES) {
    const reached = [...reach(main)];
    t.ok(reached.length > 5, `${main} reaches ${reached.length} files`);
    t.same(
      reached.filter((path) => never.test(path)),
      none,
      main,
    );
  }
});

t.test('no module needs itself to load', async (t) => {
  const cycles = sources.flatMap(({ path }) => {
    const behind = runtimeImports(path).flatMap((next) => [...reach(next)]);
    return behind.includes(path) ? [path] : [];
  });
  t.same(cycles, none);
});

// -------------------------------------------------------------- text

t.test(`no file has more than ${LINES_MAX} lines`, async (t) => {
  const wrong = sources
    .filter(({ path }) => !path.includes('/locales/'))
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > LINES_MAX);
  t.same(wrong, []);
});

t.test('nothing is switched off, left open or left behind', async (t) => {
  // In two parts each, or this file would find itself.
  const suppression = new RegExp(`@ts-(${'ignore'}|${'expect-error'}|${'nocheck'})`);
  const leftOpen = new RegExp(`\\b(${'TO'}${'DO'}|${'FIX'}${'ME'}|${'XX'}${'X'}|${'HA'}${'CK'})\\b`);
  const output = /^(log|info|warn|error|debug|trace|dir|table)$/;
  const wrong = sources
    .filter(({ path }) => isProduct(path) && !path.includes('/locales/'))
    .flatMap((source) => [
      ...(suppression.test(source.text) ? [`${source.path}: a suppressed error`] : []),
      ...(leftOpen.test(source.text) ? [`${source.path}: ${leftOpen.exec(source.text)?.[0]}`] : []),
      ...[...nodesOf(source.tree)].flatMap((node) => {
        if (node.kind === ts.SyntaxKind.AnyKeyword) {
          return [`${lineOf(source, node)}: any`];
        }
        if (ts.isNonNullExpression(node)) {
          return [`${lineOf(source, node)}: !`];
        }
        if (ts.isExportAssignment(node) && !source.path.endsWith('vite.config.ts')) {
          return [`${lineOf(source, node)}: default export`];
        }
        const isOutput =
          ts.isPropertyAccessExpression(node) &&
          ts.isIdentifier(node.expression) &&
          node.expression.text === 'console' &&
          output.test(node.name.text);
        return isOutput ? [`${lineOf(source, node)}: console.${node.name.text}`] : [];
      }),
    ]);
  t.same(wrong, none);
});

t.test('nothing lies at the top that does not belong there', async (t) => {
  const top = new Set(files.map((path) => path.split('/')[0] ?? ''));
  t.same(
    [...top].filter((name) => !TOP_LEVEL.includes(name)),
    none,
  );
});

t.test('every script runs something that exists', async (t) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const wrong = Object.entries(scripts).flatMap(([name, command]) =>
    [...command.matchAll(/node dist\/(\S+)\.js/g)].flatMap(([, path = '']) =>
      byPath.has(`${path}.ts`) ? [] : [`${name}: ${path}.ts`],
    ),
  );
  t.same(wrong, none);
});

// -------------------------------------------------------------- documents

const documents = files.filter((path) => path.endsWith('.md'));

/** Text outside code blocks and code spans. */
const prose = (markdown: string) => markdown.replaceAll(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`/g, '');

/** The names under which GitHub makes the headings of a document known. */
function anchorsOf(markdown: string): Set<string> {
  const headings = markdown.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

t.test('every link of a document leads somewhere', async (t) => {
  t.ok(documents.includes('relay/PROTOCOL.md'));
  const wrong = documents.flatMap((path) =>
    [...prose(read(path)).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
      if (/^[a-z]+:/.test(link)) {
        return [];
      }
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : normalize(join(dirname(path), file)).replace(/\/$/, '');
      if (!existsSync(join(ROOT, target))) {
        return [`${path} → ${link}`];
      }
      return anchor === undefined || anchorsOf(read(target)).has(anchor) ? [] : [`${path} → ${link}`];
    }),
  );
  t.same(wrong, none);
});

t.test('every setting is documented as it is', async (t) => {
  const text = read('README.md') + read('relay/README.md');
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const { about, default: value } = SETTINGS[name];
    const cells = [`\`${name}\``, `\`${flagName(name)}\``, `\`${environmentName(name)}\``];
    const row = `| ${cells.join(' | ')} | ${value === '' ? '' : `\`${value}\``} | ${about} |`;
    t.ok(text.includes(row), row);
  }
});

for (const [folder, listed] of [
  ['relay/', 'relay/'],
  ['codec/', 'codec/'],
  ['test/', 'test/support/'],
] as const) {
  t.test(`${folder}README.md has a line for each file, and for no other`, async (t) => {
    const rows = [...read(`${folder}README.md`).matchAll(/^\| `([\w/.-]+\.ts)` \| (.+) \|$/gm)];
    const inReadme = rows.map(([, file]) => `${folder}${file}`).filter((path) => path.startsWith(listed));
    const inTree = sources.map(({ path }) => path).filter((path) => path.startsWith(listed));
    t.same(inReadme.sort(), inTree.sort());
  });
}
