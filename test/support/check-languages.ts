/**
 * `npm run check:languages`: fails with a list when a string of the console or of the customer's page has no German
 * translation, when a translation is left over or does not fit, when the generated modules are stale, or when a template
 * shows words that nobody can translate. Changes nothing in the tree.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { RuntimeLitLocalizer } from '@lit/localize-tools/lib/modes/runtime.js';
import type { Config, ConfigFile } from '@lit/localize-tools/lib/types/config.js';
import type { RuntimeOutputConfig } from '@lit/localize-tools/lib/types/modes.js';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const PAGES = ['console', 'capture'];
/** Our name is the same in every language. */
const PRODUCT_NAME = 'Fernblick';
/** Attributes that people read or hear. */
const SPOKEN = /\b(aria-label|aria-description|title|placeholder|alt|label)="([^"]*)"/g;

type Message = { name: string; contents: readonly (string | { untranslatable: string })[] };

function textOf({ contents }: Message): string {
  return contents
    .map((part) => (typeof part === 'string' ? part : part.untranslatable))
    .join('')
    .trim();
}

/** The configuration of a page, with another place for the generated modules. */
function readConfig(folder: string, outputDir: string): Config & { output: RuntimeOutputConfig } {
  const file = JSON.parse(readFileSync(join(folder, 'lit-localize.json'), 'utf8')) as ConfigFile;
  if (file.output.mode !== 'runtime') {
    throw new Error(`${folder}: only the runtime mode is checked here`);
  }
  return {
    ...file,
    baseDir: folder,
    resolve: (path) => resolve(folder, path),
    output: { ...file.output, outputDir },
  };
}

async function checkPage(folder: string): Promise<{ strings: number; problems: string[] }> {
  const aside = mkdtempSync(join(tmpdir(), 'fernblick-languages-'));
  try {
    const config = readConfig(folder, aside);
    const localizer = new RuntimeLitLocalizer(config);
    const { messages, errors } = localizer.extractSourceMessages();
    const problems = errors.map(({ file, messageText }) => {
      const place = file ? relative(ROOT, file.fileName) : folder;
      return `${place}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
    const { translations } = localizer.readTranslationsSync();
    const names = new Set(messages.map(({ name }) => name));
    for (const locale of config.targetLocales) {
      const translated = new Map((translations.get(locale) ?? []).map((one) => [one.name, textOf(one)]));
      for (const message of messages) {
        if (!translated.get(message.name)) {
          const place = relative(ROOT, message.file.fileName);
          problems.push(`${place}: no ${locale} for "${textOf(message)}" (${message.name})`);
        }
      }
      for (const [name, text] of translated) {
        if (!names.has(name)) {
          problems.push(`${locale}.xlf: nothing in the sources for "${text}" (${name})`);
        }
      }
    }
    problems.push(...localizer.validateTranslations().errors, ...wordsInTemplates(folder));
    if (problems.length === 0) {
      await localizer.build();
      problems.push(...staleModules(config, aside));
    }
    return { strings: messages.length, problems };
  } finally {
    rmSync(aside, { recursive: true });
  }
}

/** Generated modules that are not what the sources and translations give now. */
function staleModules(config: Config, aside: string): string[] {
  const { output } = JSON.parse(readFileSync(join(config.baseDir, 'lit-localize.json'), 'utf8')) as {
    output: RuntimeOutputConfig;
  };
  return config.targetLocales.flatMap((locale) => {
    const name = `${locale}.${output.language ?? 'ts'}`;
    const present = join(config.resolve(output.outputDir), name);
    return readFileSync(present, 'utf8') === readFileSync(join(aside, name), 'utf8')
      ? []
      : [
          `${relative(ROOT, present)} is stale. Run: npx lit-localize --config=${relative(ROOT, config.baseDir)}/lit-localize.json build`,
        ];
  });
}

/** Words that stand in a template outside `msg()`, between tags or in an attribute that people read. */
function wordsInTemplates(folder: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node, file: ts.SourceFile): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'msg') {
      return;
    }
    if (ts.isTaggedTemplateExpression(node) && ts.isIdentifier(node.tag) && node.tag.text === 'html') {
      const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
      const place = `${relative(ROOT, file.fileName)}:${line}`;
      found.push(...wordsOf(node.template).map((words) => `${place}: "${words}" is not in msg()`));
    }
    ts.forEachChild(node, (child) => visit(child, file));
  };
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.ts'))) {
    const path = join(folder, name);
    const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ESNext);
    visit(file, file);
  }
  return found;
}

function wordsOf(template: ts.TemplateLiteral): string[] {
  const pieces = ts.isNoSubstitutionTemplateLiteral(template)
    ? [template.text]
    : [template.head.text, ...template.templateSpans.map(({ literal }) => literal.text)];
  // An expression may stand within a tag, so tags can only be cut out of the whole.
  const markup = pieces.join('\u0000').replaceAll(/<!--.*?-->|<style.*?<\/style>/gs, '');
  const spoken = [...markup.matchAll(SPOKEN)].map(([, , value = '']) => value);
  const shown = markup.replaceAll(/<[^>]*>/g, '\u0000').split('\u0000');
  return [...spoken, ...shown]
    .map((words) => words.trim())
    .filter((words) => words !== PRODUCT_NAME && /\p{L}{2}/u.test(words));
}

let failed = false;
for (const page of PAGES) {
  const { strings, problems } = await checkPage(join(ROOT, page));
  if (problems.length > 0) {
    failed = true;
    console.error(`${page}: ${problems.length} problems\n  ${problems.join('\n  ')}`);
  } else {
    console.log(`${page}: ${strings} strings, all in German and English`);
  }
}
process.exitCode = failed ? 1 : 0;
